"""How a run can fail, the exit codes that say so, and how a person is told.

Every failure that a person can do something about is a LabError; its text is one line and names what to do.
"""

import contextlib
import os
import signal

STDOUT, STDERR = 1, 2
USAGE = 2  # the command line makes no sense
UNAVAILABLE = 3  # QEMU, a package or a kernel cannot be had here
TIMED_OUT = 124  # as timeout(1) says it
GUEST_FAILED = 125  # the guest did not boot, or it died before its command had ended


class LabError(Exception):
    """A failure with the exit code that `./dev guest` ends with."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Interrupted(Exception):
    """SIGINT, SIGTERM or SIGHUP came. Raised once: until the process has ended, further ones are ignored."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.exit_code = 128 + number


def say(text: str) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        os.write(STDERR, os.fsencode(f"guest: {text}\n"))
