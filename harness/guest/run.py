"""One run, from the request to the exit status of its command.

However it ends, no QEMU and no private folder stays; the console's log stays when the guest was at fault.
"""

import contextlib
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import accelerator
from conversation import Conversation, Guest
from errors import GUEST_FAILED, STDERR, STDOUT, TIMED_OUT, LabError, say
from initramfs import first_stage, write_initrd
from kernel_package import Kernel, ready_kernel
from machine import Accelerator, Hardware, Machine, qemu_program
from relay import LinePrefix, OutputStream
from scenarios import Scenario, paired_cards, peer_environment
from scripts import Scripts, command_body, passed_environment, shell_body
from store import Store
from terminal import Terminal, raw_terminal

BOOT_BOUND_SECONDS = 180.0  # some 10 s are usual without KVM
PEER_HEAD_START_SECONDS = 2  # for a server to begin to listen


@dataclass(frozen=True)
class Request:
    scenario: Scenario
    command: tuple[str, ...]  # empty: a shell
    results: Path
    memory: str
    timeout_seconds: float
    peer: str = ""  # a command line for the shell of the second guest
    quiet: bool = False


@dataclass(frozen=True)
class Basis:
    """What every guest is made of."""

    kernel: Kernel
    first_stage: Path
    accelerator: Accelerator


@dataclass(frozen=True)
class Role:
    """What tells the guests of one run apart."""

    name: str
    body: str
    environment: dict[str, str]
    head_start_seconds: int = 0
    cards: tuple[str, ...] = ()
    wires: tuple[int, ...] = ()  # the sockets that the cards sit on


def prepare(store: Store) -> Basis:
    """All that is slow the first time: the kernel package, the first stage, the probe of KVM."""
    store.clear_dead_runs()
    qemu_program()
    kernel = ready_kernel(store)
    stage = first_stage(store, kernel)
    return Basis(kernel, stage, accelerator.choose(store, kernel, stage))


def run(request: Request, store: Store) -> int:
    basis = prepare(store)
    if not request.quiet:
        say(f"{request.scenario.name}: {basis.accelerator.description}, Linux {basis.kernel.release}")
    with store.run_folder() as folder:
        try:
            return Run(request, basis, folder).exit_status()
        except LabError as error:
            logs = [store.keep_log(log, f"{request.scenario.name}-{folder.name}-{log.parent.name}")
                    for log in sorted(folder.glob("*/console.log"))]
            where = f"; its console: {', '.join(map(str, logs))}" if logs else ""
            raise LabError(f"{error}{where}", error.exit_code) from error


class Run:
    def __init__(self, request: Request, basis: Basis, folder: Path) -> None:
        self._request = request
        self._basis = basis
        self._folder = folder

    def exit_status(self) -> int:
        """Boots, runs the command, switches off; raises a LabError when it did not come to the command's end."""
        deadline = time.monotonic() + self._request.timeout_seconds
        with contextlib.ExitStack() as owned:
            first, *peers = [self._start(role, owned) for role in self._roles(owned)]
            conversation = Conversation([first, *peers], min(deadline, time.monotonic() + BOOT_BOUND_SECONDS))
            conversation.until(lambda: all(guest.is_up for guest in conversation.guests), self._not_booted)
            conversation.deadline = deadline
            for peer in peers:
                peer.go()
            conversation.until(lambda: all(peer.has_started for peer in peers), self._late)
            first.go()
            if not self._request.command:
                owned.enter_context(raw_terminal())
                conversation.terminal = Terminal(first.machine.ports["terminal"])
            conversation.until(first.has_ended, self._late)
            return first.exit_status

    def _late(self) -> LabError:
        return LabError(f"the command did not end within {self._request.timeout_seconds:g} s", TIMED_OUT)

    def _not_booted(self) -> LabError:
        asked = self._request.timeout_seconds
        code = TIMED_OUT if asked <= BOOT_BOUND_SECONDS else GUEST_FAILED
        return LabError(f"the guest was not ready within {min(asked, BOOT_BOUND_SECONDS):g} s", code)

    def _roles(self, owned: contextlib.ExitStack) -> list[Role]:
        scenario = self._request.scenario
        body = command_body(self._request.command, Path.cwd()) if self._request.command else shell_body()
        if not scenario.has_peer:
            return [Role("guest", body, scenario.environment)]
        pairs = [socket.socketpair() for _ in scenario.pair_drivers]
        own, peer = (tuple(owned.enter_context(end).fileno() for end in ends) for ends in zip(*pairs, strict=True))
        peer_body = command_body(("sh", "-c", self._request.peer or "sleep infinity"), Path.cwd())
        return [Role("guest", body, scenario.environment, cards=paired_cards(scenario, 0, own), wires=own),
                Role("peer", peer_body, peer_environment(scenario), PEER_HEAD_START_SECONDS,
                     paired_cards(scenario, 1, peer), peer)]

    def _start(self, role: Role, owned: contextlib.ExitStack) -> Guest:
        request = self._request
        folder = self._folder / role.name
        folder.mkdir()
        scripts = Scripts(request.scenario.scripts, role.body, {**passed_environment(), **role.environment},
                          request.results, self._basis.kernel.modules, role.head_start_seconds)
        write_initrd(folder / "initrd", self._basis.first_stage, scripts.files())
        hardware = Hardware(
            self._basis.kernel, folder / "initrd", self._basis.accelerator, request.memory, request.scenario.machine,
            request.scenario.devices + role.cards, self._kernel_arguments(), request.results,
            with_terminal=role.name == "guest" and not request.command,
            sockets=role.wires)
        machine = Machine(hardware, folder)
        owned.callback(machine.stop)
        return self._guest(role, machine, scripts.mark_bytes())

    def _guest(self, role: Role, machine: Machine, mark: bytes) -> Guest:
        out, err = machine.ports["out"], machine.ports["err"]
        if role.name == "guest":
            return Guest("the guest", machine, [OutputStream(out, STDOUT, mark), OutputStream(err, STDERR, mark)])
        streams = [OutputStream(port, STDERR, mark, LinePrefix(b"peer: ")) for port in (out, err)]
        return Guest("the peer's guest", machine, streams,
                     lambda status: say(f"the peer's command has ended with exit status {status}"))

    def _kernel_arguments(self) -> tuple[str, ...]:
        scenario = self._request.scenario
        return (f"xover.lab_guest={scenario.name}", f"xover.lab_guest_accel={self._basis.accelerator.name}",
                *scenario.kernel_arguments)
