"""One QEMU process, and the sockets that it talks by.

A machine has three ports: `out` and `err` carry what the command prints, `control` a few words in both directions. A
shell has a fourth one, `terminal`. Ports are socket pairs, so nothing has to be named, found or removed. The machine
ends with this process at the latest, see child.py.
"""

import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import child
from errors import UNAVAILABLE, LabError
from kernel_package import Kernel

PORTS = ("out", "err", "control")
CPUS = 2


@dataclass(frozen=True)
class Accelerator:
    name: str  # as XOVER_GUEST_ACCEL says it
    description: str
    words: tuple[str, ...]


TCG = Accelerator("tcg", "TCG, software emulation", ("-accel", "tcg,thread=multi", "-cpu", "max"))
KVM = Accelerator("kvm", "KVM", ("-accel", "kvm", "-cpu", "host"))


@dataclass(frozen=True)
class Hardware:
    kernel: Kernel
    initrd: Path
    accelerator: Accelerator
    memory: str
    machine: str
    devices: tuple[str, ...]
    kernel_arguments: tuple[str, ...]
    results: Path  # the one folder of the host that the guest can write
    with_terminal: bool = False
    sockets: tuple[int, ...] = ()  # that `devices` name by their numbers


def qemu_program() -> str:
    found = shutil.which("qemu-system-x86_64")
    if not found:
        raise LabError("qemu-system-x86_64 is not installed (package qemu-system-x86)", UNAVAILABLE)
    return found


def base_words(kernel: Kernel, initrd: Path, accelerator: Accelerator, arguments: tuple[str, ...],
               console: Path) -> list[str]:
    """A machine that boots, with its console in a file, and ends instead of booting again."""
    append = " ".join(("console=ttyS0", "panic=-1", "oops=panic", *arguments))
    return [qemu_program(), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", *accelerator.words,
            "-kernel", str(kernel.image), "-initrd", str(initrd), "-append", append,
            "-chardev", f"file,id=console,path={_escaped(console)}", "-serial", "chardev:console"]


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []


def _share(tag: str, path: Path, more: str) -> list[str]:
    """A folder of the host. Files that the guest makes belong to whoever runs QEMU."""
    return ["-fsdev", f"local,id={tag},path={_escaped(path)},security_model=none,multidevs=remap{more}",
            "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]


class Machine:
    def __init__(self, hardware: Hardware, folder: Path) -> None:
        """Starts QEMU; `folder` is private and receives its logs."""
        self.console = folder / "console.log"
        self._messages = folder / "qemu.log"
        names = (*PORTS, "terminal") if hardware.with_terminal else PORTS
        pairs = {name: socket.socketpair() for name in names}
        self.ports = {name: own for name, (own, _) in pairs.items()}
        ends = {name: end for name, (_, end) in pairs.items()}
        words = self._words(hardware, {name: end.fileno() for name, end in ends.items()})
        try:
            with self._messages.open("wb") as log:
                passed = (*(end.fileno() for end in ends.values()), *hardware.sockets)
                self.process = child.start(words, log, passed)
        finally:
            for end in ends.values():
                end.close()

    def _words(self, hardware: Hardware, ends: dict[str, int]) -> list[str]:
        words = base_words(hardware.kernel, hardware.initrd, hardware.accelerator, hardware.kernel_arguments,
                           self.console)
        # The IOMMU has to come before what it serves.
        words += ["-M", hardware.machine, "-m", hardware.memory, "-smp", str(CPUS), *hardware.devices]
        words += _share("host", Path("/"), ",readonly=on") + _share("results", hardware.results, "")
        words += ["-device", "virtio-serial-pci"]
        for number, (name, end) in enumerate(ends.items(), start=1):
            words += ["-chardev", f"socket,id={name},fd={end}"]
            words += (["-serial", f"chardev:{name}"] if name == "terminal" else
                      ["-device", f"virtserialport,chardev={name},name=xover.{name},nr={number}"])
        return words

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def last_words(self) -> str:
        """Why it ended, as far as it has said so: on the guest's console, else by QEMU itself."""
        told = [line for line in _lines(self.console) if "Kernel panic" in line or line.startswith("lab: ")]
        told = told or _lines(self._messages)
        return f": {told[-1]}" if told else ""

    def stop(self) -> None:
        """Switches off at once: the guest's memory is worth nothing, its results have been written."""
        child.end(self.process)
        for port in self.ports.values():
            port.close()
