"""The command line of `./dev guest`.

Whatever cannot be done is one line on standard error, beginning with `guest: `, and an exit code of errors.py.
"""

import argparse
import os
import re
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

from errors import UNAVAILABLE, USAGE, Interrupted, LabError, say
from run import Request, prepare, run
from scenarios import BASE_PACKAGES, SCENARIOS, Scenario
from store import Store

STORE = Path(__file__).resolve().parents[2] / "build" / "guest"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OWN_FOLDERS = [Path(name) for name in ("/run", "/proc", "/sys", "/dev")]  # of the guest, not the host's
LEAST_MEMORY_MIB = 512
SHELL_TIMEOUT = "7d"
ACTIONS = ("list", "run", "shell", "prepare")  # `test` is done by ./dev itself

DESCRIPTION = """\
Boots a QEMU guest with real drivers on devices that this host does not have, and runs a command in it.
Speeds inside are those of an emulator: they say nothing about hardware.

  ./dev guest list                                          the scenarios
  ./dev guest run --scenario S [OPTIONS] -- COMMAND...      runs COMMAND as root in a new guest
  ./dev guest shell [--scenario S] [OPTIONS]                a shell in a new guest; `exit` ends it
  ./dev guest prepare                                       fetches what the first run would fetch
  ./dev guest test                                          the tests of the guest
"""

EPILOGUE = """\
The guest sees the host's whole file system by the same paths, so COMMAND is the very program that the host has. What
the guest writes is lost with it, except in the results folder: that is the folder of the host, by the same path, and
COMMAND's working directory. It is --results, else the current directory. A program named by a relative path is looked
for in the current directory, whatever --results says.

  ./dev guest run --scenario wire -- build/xover run quick --json x.json      leaves x.json in the current directory

COMMAND's standard input is empty; its output comes at once and unchanged. It gets PATH, HOME, LANG, TERM, USER and
XOVER_* of the host, and what the scenario adds: XOVER_OWN_ADDRESS (rxe, pair, pair_nic), XOVER_PEER_ADDRESS (pair,
pair_nic), XOVER_PCI_A, XOVER_PCI_B (vfio, pair_nic).

In the scenarios pair and pair_nic a second guest runs the shell command of --peer, which starts two seconds before
COMMAND and is ended when COMMAND has ended; its output goes to standard error, each line after "peer: ". If it ends
sooner, a line says so, and COMMAND goes on.

XOVER_GUEST_ACCEL=tcg|kvm chooses the accelerator; without it, KVM is taken if a short probe boot has worked.

Exit code: that of COMMAND, 128+N if signal N ended it, 126 or 127 if it cannot be run; else
  2 usage   3 cannot be done here (no QEMU, no kernel package)   124 the time was up   125 the guest failed
After 124 and 125 the guest's console is kept in build/guest/logs.
"""


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LabError(f"{message}; see ./dev guest --help", USAGE)


class PackagesParser(Parser):
    def print_help(self, _file: object = None) -> None:
        """Help needs no packages."""


def _action(text: str) -> str:
    if text not in ACTIONS:
        raise argparse.ArgumentTypeError(f'"{text}" is none of {", ".join(ACTIONS)}, test')
    return text


def _scenario(text: str) -> Scenario:
    if text not in SCENARIOS:
        raise argparse.ArgumentTypeError(f'"{text}" is none of {", ".join(SCENARIOS)}')
    return SCENARIOS[text]


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m|h|d)?", text)
    seconds = float(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2] or "s"] if found else 0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f'"{text}" is no time; write 300s, 5m or 1h')
    return seconds


def _memory(text: str) -> str:
    found = re.fullmatch(r"(\d+)([MG])", text)
    if not found or int(found[1]) * (1024 if found[2] == "G" else 1) < LEAST_MEMORY_MIB:
        raise argparse.ArgumentTypeError(f'"{text}" is no size of memory from {LEAST_MEMORY_MIB}M on; write 512M or 2G')
    return text


def _parser(kind: type[Parser]) -> Parser:
    parser = kind(prog="./dev guest", description=DESCRIPTION, epilog=EPILOGUE, allow_abbrev=False,
                  formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", type=_action, metavar="ACTION", help=", ".join(ACTIONS))
    parser.add_argument("--scenario", type=_scenario, metavar="S", help="one of ./dev guest list")
    parser.add_argument("--memory", type=_memory, default="2G", metavar="SIZE", help="of each guest; 2G")
    parser.add_argument("--timeout", type=_seconds, metavar="TIME",
                        help=f"from the start of QEMU to the end of the command; 300s, for a shell {SHELL_TIMEOUT}")
    parser.add_argument("--results", type=Path, metavar="DIR",
                        help="the folder that the guest can write; made if it is not there")
    parser.add_argument("--peer", default="", metavar="COMMAND", help="for the second guest of a pair")
    parser.add_argument("-q", "--quiet", action="store_true", help="do not say what the guest runs on")
    return parser


def _request(options: argparse.Namespace, command: tuple[str, ...]) -> Request:
    is_shell = options.action == "shell"
    if is_shell and command:
        raise LabError("a shell takes no command; use ./dev guest run", USAGE)
    if not is_shell and not (command and command[0]):
        raise LabError("say what to run: ./dev guest run --scenario S -- COMMAND...", USAGE)
    if not is_shell and not options.scenario:
        raise LabError("say in which scenario: --scenario S; ./dev guest list shows them", USAGE)
    scenario = options.scenario or SCENARIOS["plain"]
    if options.peer and not scenario.has_peer:
        raise LabError(f"--peer needs a second guest, which the scenario {scenario.name} does not have", USAGE)
    return Request(scenario, command, _results_folder(options.results or Path.cwd()), options.memory,
                   options.timeout or _seconds(SHELL_TIMEOUT if is_shell else "300s"), options.peer, options.quiet)


def _results_folder(folder: Path) -> Path:
    path = Path(os.path.abspath(folder))
    real = Path(os.path.realpath(path))
    if real == Path("/") or any(folder in (real, *real.parents) for folder in OWN_FOLDERS):
        raise LabError(f"the results folder cannot be {path}, which the guest has of its own; "
                       "name another one by --results DIR", USAGE)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"cannot make the results folder {path}: {error.strerror}", USAGE) from error
    if not os.access(path, os.W_OK):
        raise LabError(f"cannot write to the results folder {path}; name another one by --results DIR", USAGE)
    return path


def _packages(scenarios: Iterable[Scenario]) -> list[str]:
    names = [*BASE_PACKAGES, *(name for scenario in scenarios for name in scenario.packages)]
    return list(dict.fromkeys(names))


def _dispatch(arguments: list[str]) -> int:
    # For ./dev, which installs: what Debian packages would these arguments need?
    asks_for_packages = arguments[:1] == ["packages"]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    own = arguments[asks_for_packages:at]
    options, strange = _parser(PackagesParser if asks_for_packages else Parser).parse_known_args(own)
    if strange:
        raise LabError(f'"{strange[0]}" is not understood here; the command to run comes after --', USAGE)
    if options.action == "list":
        if not asks_for_packages:
            print("\n".join(f"{scenario.name:<8} {scenario.summary}" for scenario in SCENARIOS.values()))
        return 0
    request = _request(options, tuple(arguments[at + 1:])) if options.action in ("run", "shell") else None
    if asks_for_packages:
        print("\n".join(_packages([request.scenario] if request else SCENARIOS.values())))
        return 0
    if options.action == "shell" and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LabError("a shell needs a terminal; use ./dev guest run --scenario S -- sh -c 'COMMANDS'", USAGE)
    store = Store(STORE)
    if request:
        return run(request, store)
    basis = prepare(store)
    say(f"ready: {basis.accelerator.description}, Linux {basis.kernel.release}")
    return 0


def _interrupt(number: int, _frame: object) -> NoReturn:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Interrupted(number)


def _remedy(error: OSError) -> str:
    is_owned_by_another = isinstance(error, PermissionError) and str(error.filename).startswith(str(STORE))
    return f"; files in {STORE} belong to somebody else: sudo rm -r {STORE} removes them" if is_owned_by_another else ""


def main(arguments: list[str]) -> int:
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # by nohup(1), for one
            signal.signal(number, _interrupt)
    try:
        return _dispatch(arguments)
    except (LabError, Interrupted) as error:
        say(str(error))
        return error.exit_code
    except BrokenPipeError:
        return 128 + signal.SIGPIPE
    except OSError as error:  # a full disk, a folder of somebody else
        say(f"{error}{_remedy(error)}")
        return UNAVAILABLE
