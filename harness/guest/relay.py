"""What a guest prints, on its way to this process's own output.

Bytes pass unchanged and as soon as they come. A stream ends with a mark that is drawn for each run, because a port has
no end of its own: whatever a process left behind may say later is not part of the command's output.
"""

import os
import socket
from typing import Protocol

WRITE_BYTES = 4096  # poll(2) promises that a ready pipe takes this much without blocking
PENDING_BYTES = 1 << 16  # with more waiting, the guest has to wait


def receive(source: socket.socket) -> bytes:
    """What a ready socket holds; nothing when QEMU has ended, in whatever way."""
    try:
        return source.recv(PENDING_BYTES)
    except ConnectionResetError:
        return b""


class Filter(Protocol):
    def __call__(self, data: bytes) -> bytes: ...


class LinePrefix:
    """Puts a prefix before each line, for output of the second guest among that of the first."""

    def __init__(self, prefix: bytes) -> None:
        self._prefix = prefix
        self._at_start = True

    def __call__(self, data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        marked = [self._prefix + line if i or self._at_start else line for i, line in enumerate(lines)]
        self._at_start = data.endswith((b"\n", b"\r")) if data else self._at_start
        return b"".join(marked)


class OutputStream:
    def __init__(self, source: socket.socket, sink: int, mark: bytes, change: Filter = bytes) -> None:
        self.source = source
        self.sink = sink
        status = os.fstat(sink)
        self.sink_file = (status.st_dev, status.st_ino)  # the same for all descriptors of one pipe or terminal
        self._mark = mark
        self._change = change
        self._held = b""  # may be the beginning of the mark
        self._pending = bytearray()
        self._mark_came = False
        self._source_ended = False

    def wants_to_read(self) -> bool:
        return not (self._mark_came or self._source_ended) and len(self._pending) < PENDING_BYTES

    def wants_to_write(self) -> bool:
        return bool(self._pending)

    def is_complete(self) -> bool:
        return self._mark_came and not self._pending

    def is_drained(self) -> bool:
        return (self._mark_came or self._source_ended) and not self._pending

    def read(self) -> None:
        fresh = receive(self.source)
        self._source_ended = not fresh
        data = self._held + fresh
        end = data.find(self._mark)
        self._mark_came = end >= 0
        if not self._mark_came:
            end = len(data) - self._beginning_of_mark(data)
        self._held = data[end:]
        self._pending += self._change(data[:end])

    def _beginning_of_mark(self, data: bytes) -> int:
        """How many of the last bytes could be the first ones of the mark."""
        longest = min(len(self._mark) - 1, len(data))
        return next((count for count in range(longest, 0, -1) if data.endswith(self._mark[:count])), 0)

    def write(self) -> None:
        """Writes a piece; blocks for a moment at most when the sink has been polled as writable."""
        del self._pending[:os.write(self.sink, self._pending[:WRITE_BYTES])]
