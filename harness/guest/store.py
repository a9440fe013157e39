"""The folder build/guest: what is kept between runs, and each run's private folder.

    kernels/     unpacked kernel packages, by version     initramfs/   first stages of the boot, by content
    runs/        a folder for each run that is going on   logs/        consoles of guests that failed
    locks/       one file for each lock

What is kept appears whole or not at all. A run's folder belongs to the process that holds the lock on its file
`owner`; the kernel drops that lock when the process ends, and the next start removes the folder.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from errors import UNAVAILABLE, LabError

LOCK_BOUND_SECONDS = 600.0  # another run may be fetching a kernel
REMOVE_BOUND_SECONDS = 60.0


def _lock(path: Path, bound_seconds: float) -> IO[bytes] | None:
    """The locked file, None when another process holds it for longer than the bound."""
    file = path.open("ab")
    deadline = time.monotonic() + bound_seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= deadline:
                file.close()
                return None
        time.sleep(0.05)


def _remove(folder: Path) -> None:
    """Removes a folder in which children of a process that was killed may still be writing."""
    deadline = time.monotonic() + REMOVE_BOUND_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise LabError(f"cannot remove {folder}; see who writes there, then try again", UNAVAILABLE)


class Store:
    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("kernels", "initramfs", "runs", "logs", "locks"):
            (root / name).mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def lock(self, name: str) -> Iterator[None]:
        file = _lock(self.root / "locks" / name, LOCK_BOUND_SECONDS)
        if file is None:
            raise LabError(f"another ./dev guest holds {self.root}/locks/{name} since {LOCK_BOUND_SECONDS:g} s; "
                           "end it, then try again", UNAVAILABLE)
        with file:
            yield

    @contextlib.contextmanager
    def making(self, target: Path) -> Iterator[Path]:
        """A new folder that becomes `target` when all went well. The caller holds the lock on the target's parent."""
        for left_over in target.parent.glob(".making-*"):
            _remove(left_over)
        folder = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
        try:
            yield folder
            folder.chmod(0o755)
            folder.rename(target)
        finally:
            _remove(folder)

    def clear_dead_runs(self) -> None:
        with self.lock("runs"):
            for folder in (self.root / "runs").iterdir():
                owner = _lock(folder / "owner", 0)
                if owner:
                    _remove(folder)
                    owner.close()

    @contextlib.contextmanager
    def run_folder(self) -> Iterator[Path]:
        """A new private folder for this run; its name begins with the number of this process."""
        with self.lock("runs"):
            folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=self.root / "runs"))
            owner = _lock(folder / "owner", 0)
        try:
            yield folder
        finally:
            with self.lock("runs"):  # nobody else looks at it meanwhile
                _remove(folder)
            if owner:
                owner.close()

    def keep_log(self, log: Path, name: str) -> Path:
        """Moves the log of a run that failed to where it stays."""
        kept = self.root / "logs" / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}.log"
        log.rename(kept)
        return kept
