"""The scripts of one run, which the guest finds in /run/lab: main.sh, scenario.sh, and run.sh with what is particular.

Every word that comes from outside is quoted for the shell here, and nowhere else.
"""

import os
import secrets
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from child import search_path
from initramfs import INSIDE
from terminal import size_words

PASSED_VARIABLES = ("PATH", "HOME", "LANG", "TERM", "USER")


@dataclass(frozen=True)
class Scripts:
    scenario: tuple[str, ...]  # names of files in inside/scenarios, which need not be there
    body: str  # shell text that ends by becoming the command
    environment: dict[str, str]
    results: Path
    modules: Path
    head_start_seconds: int = 0  # from the command's start to the word "started"
    mark: str = field(default_factory=lambda: secrets.token_hex(16))

    def mark_bytes(self) -> bytes:
        """Printed by main.sh behind all output."""
        return b"\x01" + self.mark.encode()

    def files(self) -> dict[str, bytes]:
        files = {"main.sh": (INSIDE / "main.sh").read_bytes(), "run.sh": os.fsencode(self._particulars())}
        parts = [INSIDE / "scenarios" / f"{name}.sh" for name in self.scenario]
        if text := b"".join(part.read_bytes() for part in parts if part.exists()):
            files["scenario.sh"] = text
        return files

    def _particulars(self) -> str:
        settings = {"results": self.results, "modules": self.modules, "mark": self.mark,
                    "head_start": self.head_start_seconds}
        lines = [f"{name}={shlex.quote(str(value))}" for name, value in settings.items()]
        exports = [f"  export {name}={shlex.quote(value)}" for name, value in self.environment.items()]
        lines += ["set_environment() {", *exports, "}"]
        lines += ["run_command() {", f"  cd {shlex.quote(str(self.results))} || exit", f"  {self.body}", "}"]
        return "\n".join(lines) + "\n"


def command_body(command: tuple[str, ...], folder: Path) -> str:
    """Becomes the command; a program that is named by a relative path is looked for where ./dev was called."""
    program = str(folder / command[0]) if "/" in command[0] else command[0]
    return f"exec {shlex.join((program, *command[1:]))}"


def shell_body() -> str:
    return f"exec </dev/ttyS1 >/dev/ttyS1 2>&1; stty {size_words()}; exec setsid -w -c bash -l"


def passed_environment() -> dict[str, str]:
    """What a command expects to find, and every XOVER_ variable; nothing else of the host's reaches the guest."""
    kept = {name: value for name, value in os.environ.items()
            if name in PASSED_VARIABLES or (name.startswith("XOVER_") and name.isidentifier() and name.isascii())}
    return {**kept, "PATH": search_path()}
