"""The host's side of a running guest: its output, its few words on the control port, and the bounds on both.

The words of a guest are `up`, `started` and `exit STATUS`; the host says `go` once. One loop serves all guests of a
run, so there is one place where time runs out.
"""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from errors import GUEST_FAILED, LabError
from machine import Machine
from relay import OutputStream, receive
from terminal import Terminal

TICK_SECONDS = 0.2  # how often a QEMU that died is looked for


@dataclass
class Guest:
    title: str  # in messages
    machine: Machine
    streams: list[OutputStream]
    on_exit: Callable[[int], None] | None = None  # called with the exit status
    is_up: bool = False
    has_started: bool = False
    exit_status: int | None = None
    _words: bytearray = field(default_factory=bytearray)

    @property
    def control(self) -> socket.socket:
        return self.machine.ports["control"]

    def go(self) -> None:
        with contextlib.suppress(OSError):  # that it has died is found by the loop
            self.control.sendall(b"go\n")

    def hear(self) -> None:
        self._words += receive(self.control)
        while b"\n" in self._words:
            line, _, rest = self._words.partition(b"\n")
            self._words = bytearray(rest)
            words = line.decode(errors="replace").split()
            self.is_up = True
            self.has_started = self.has_started or words[:1] != ["up"]
            if words[:1] == ["exit"] and len(words) == 2 and words[1].isdigit():
                self.exit_status = int(words[1])
                if self.on_exit:
                    self.on_exit(self.exit_status)

    def has_ended(self) -> bool:
        """All has been said and passed on."""
        return self.exit_status is not None and all(stream.is_complete() for stream in self.streams)


@dataclass
class Conversation:
    guests: list[Guest]
    deadline: float  # of time.monotonic()
    terminal: Terminal | None = None
    _round: int = 0

    def until(self, reached: Callable[[], bool], late: Callable[[], LabError]) -> None:
        """Serves all guests until what is waited for is reached; at the deadline, raises what `late` makes."""
        while not reached():
            if time.monotonic() >= self.deadline:
                raise late()
            for guest in self.guests:
                if guest.machine.has_ended() and all(stream.is_drained() for stream in guest.streams):
                    raise LabError(f"{guest.title} died{guest.machine.last_words()}", GUEST_FAILED)
            self._serve()

    def _serve(self) -> None:
        wanted: dict[int, tuple[int, Callable[[], None]]] = {}
        for guest in self.guests:
            wanted[guest.control.fileno()] = (select.POLLIN, guest.hear)
            for stream in guest.streams:
                if stream.wants_to_read():
                    wanted[stream.source.fileno()] = (select.POLLIN, stream.read)
        for stream in self._writers():
            wanted[stream.sink] = (select.POLLOUT, stream.write)
        for descriptor, action in self.terminal.sources() if self.terminal else ():
            wanted[descriptor] = (select.POLLIN, action)
        self._act_on(wanted)

    def _writers(self) -> list[OutputStream]:
        """One stream for each file, in turn: a second write to the same file might block."""
        by_file: dict[tuple[int, int], list[OutputStream]] = {}
        for guest in self.guests:
            for stream in guest.streams:
                if stream.wants_to_write():
                    by_file.setdefault(stream.sink_file, []).append(stream)
        self._round += 1
        return [streams[self._round % len(streams)] for streams in by_file.values()]

    @staticmethod
    def _act_on(wanted: dict[int, tuple[int, Callable[[], None]]]) -> None:
        poll = select.poll()
        for descriptor, (event, _) in wanted.items():
            poll.register(descriptor, event)
        for descriptor, events in poll.poll(TICK_SECONDS * 1000):
            event, action = wanted[descriptor]
            if events & (event | select.POLLHUP | select.POLLERR):
                action()
