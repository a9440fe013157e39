"""Child processes that do not outlive this one.

The kernel kills each child when this process ends, however that comes about (PR_SET_PDEATHSIG, prctl(2)). It does so
when the thread that started the child ends, so children are started by the main thread only.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from errors import UNAVAILABLE, LabError

PR_SET_PDEATHSIG = 1
SYSTEM_FOLDERS = ("/usr/sbin", "/sbin")  # not on everyone's PATH
END_BOUND_SECONDS = 10.0
_libc = ctypes.CDLL(None, use_errno=True)


def _dies_with(parent: int) -> Callable[[], None]:
    def prepare() -> None:
        if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0 or os.getppid() != parent:
            os._exit(127)  # the parent died before the kernel was told

    return prepare


def search_path() -> str:
    """This process's PATH, and behind it the folders of depmod, modprobe, ip."""
    folders = os.environ.get("PATH", os.defpath).split(":")
    return ":".join(folders + [folder for folder in SYSTEM_FOLDERS if folder not in folders])


def start(words: Sequence[str], log: IO[bytes], pass_fds: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Starts a program in a session of its own, so that Ctrl-C at the terminal reaches this process alone."""
    return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=pass_fds,
                            start_new_session=True, preexec_fn=_dies_with(os.getpid()))


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills a child, with the children that it may have; what takes the kernel longer is not waited for."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_BOUND_SECONDS)


def run(words: Sequence[str], folder: Path | None = None, bound_seconds: float = 300,
        standard_input: bytes = b"") -> bytes:
    """Runs a program and returns what it printed; a failure names the program and its last line."""
    try:
        process = subprocess.Popen(words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True,
                                   env={**os.environ, "LC_ALL": "C", "PATH": search_path()},
                                   preexec_fn=_dies_with(os.getpid()))
    except FileNotFoundError as missing:
        raise LabError(f"{words[0]} is not installed", UNAVAILABLE) from missing
    try:
        printed, complaints = process.communicate(standard_input, bound_seconds)
    except BaseException as cause:
        end(process)
        if isinstance(cause, subprocess.TimeoutExpired):
            raise LabError(f"{words[0]} did not end within {bound_seconds:g} s", UNAVAILABLE) from cause
        raise
    if process.returncode != 0:
        last = (complaints.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise LabError(f"{' '.join(words[:2])} failed: {last}", UNAVAILABLE)
    return printed
