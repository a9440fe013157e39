"""The terminal of a shell in the guest, joined to the one that a person sits at.

While it is joined, the person's terminal is raw: every key, Ctrl-C too, goes to the guest. It is put right again
whatever ends the shell, short of kill -9.
"""

import contextlib
import os
import shutil
import signal
import socket
import sys
import termios
import tty
from collections.abc import Callable, Iterator

from errors import Interrupted
from relay import receive


class Terminal:
    def __init__(self, guest: socket.socket) -> None:
        self._guest = guest

    def sources(self) -> list[tuple[int, Callable[[], None]]]:
        """What to listen to, and what to do when something came."""
        return [(self._guest.fileno(), self._from_guest), (sys.stdin.fileno(), self._from_person)]

    def _from_guest(self) -> None:
        data = receive(self._guest)
        while data:
            data = data[os.write(sys.stdout.fileno(), data):]

    def _from_person(self) -> None:
        data = os.read(sys.stdin.fileno(), 1024)
        if not data:
            raise Interrupted(signal.SIGHUP)
        with contextlib.suppress(OSError):  # that QEMU has ended is found elsewhere
            self._guest.sendall(data)


@contextlib.contextmanager
def raw_terminal() -> Iterator[None]:
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def size_words() -> str:
    """For stty(1)."""
    size = shutil.get_terminal_size()
    return f"rows {size.lines} cols {size.columns}"
