"""The guest's kernel: the distribution's package, downloaded and unpacked, never installed.

A kernel that is in the store already is taken as it is, so runs need no network and stay comparable; to get a newer
one, remove build/guest/kernels. The packages' signatures are checked by apt-get, as for any package.
"""

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import child
from errors import UNAVAILABLE, LabError, say
from store import Store

DOWNLOAD_BOUND_SECONDS = 1800.0  # some 100 MB


class AptError(LabError):
    """apt-get or apt-cache failed: the package lists may be absent or old, or no server can be reached."""

    def __init__(self, message: str) -> None:
        super().__init__(message, UNAVAILABLE)


@dataclass(frozen=True)
class Kernel:
    folder: Path  # its name holds the package's version

    @property
    def release(self) -> str:
        """As `uname -r` says it in the guest."""
        return self.image.name.removeprefix("vmlinuz-")

    @property
    def image(self) -> Path:
        return next((self.folder / "boot").glob("vmlinuz-*"))

    @property
    def modules(self) -> Path:
        return self.folder / "lib" / "modules" / self.release


def ready_kernel(store: Store) -> Kernel:
    """The kernel in the store, fetched first if there is none."""
    with store.lock("kernels"):
        kept = sorted((store.root / "kernels").glob("linux-image-*"), key=lambda folder: folder.stat().st_mtime)
        return Kernel(kept[-1]) if kept else _fetch(store)


def _fetch(store: Store) -> Kernel:
    if os.environ.get("XOVER_SKIP_SETUP", "0") not in ("", "0"):
        raise LabError("no kernel in build/guest; ./dev guest prepare fetches it, without XOVER_SKIP_SETUP",
                       UNAVAILABLE)
    if platform.machine() != "x86_64":
        raise LabError(f"the lab guest is written for x86_64 hosts, not for {platform.machine()}", UNAVAILABLE)
    if not shutil.which("apt-get"):
        raise LabError("no kernel package: it is fetched by apt-get, which is not installed", UNAVAILABLE)
    say("fetching a kernel package; it is kept in build/guest")
    try:
        return _fetch_listed(store)
    except AptError as error:
        if os.geteuid() != 0:
            raise LabError(f"no kernel package: {error}; run `sudo apt-get update`, then try again",
                           UNAVAILABLE) from error
    try:
        _apt(["apt-get", "-q", "update"])
        return _fetch_listed(store)
    except AptError as error:
        raise LabError(f"no kernel package: {error}; see that apt-get reaches its servers, then try again",
                       UNAVAILABLE) from error


def _fetch_listed(store: Store) -> Kernel:
    """Fetches what the package lists name, which may be absent or older than the servers."""
    packages = _packages()
    version = _field(packages[0], "Version")
    target = store.root / "kernels" / f"{packages[0]}_{version}"
    # Root's apt-get would hand the download to the user _apt, who cannot write here.
    as_root = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    with store.making(target) as folder:
        _apt(["apt-get", "-q", *as_root, "download", *packages], folder, DOWNLOAD_BOUND_SECONDS)
        for archive in sorted(folder.glob("*.deb")):
            child.run(["dpkg", "-x", str(archive), str(folder)])
            archive.unlink()
        if not (folder / "lib").exists():
            (folder / "lib").symlink_to("usr/lib")
        child.run(["depmod", "-b", str(folder), Kernel(folder).release])
    return Kernel(target)


def _packages() -> list[str]:
    """The packages that hold the distribution's current generic kernel and its modules; the image comes first."""
    about = platform.freedesktop_os_release()
    is_ubuntu = "ubuntu" in f"{about.get('ID', '')} {about.get('ID_LIKE', '')}".split()
    generic = "linux-image-generic" if is_ubuntu else "linux-image-amd64"
    found = re.search(r"\blinux-image-(\d[^\s,]*)", _field(generic, "Depends"))
    if not found:
        raise AptError(f"the package {generic} names no kernel")
    kinds = ("image", "modules", "modules-extra") if is_ubuntu else ("image",)
    return [f"linux-{kind}-{found[1]}" for kind in kinds]


def _field(package: str, field: str) -> str:
    text = _apt(["apt-cache", "show", "--no-all-versions", package]).decode()
    found = re.search(rf"^{field}: (.*)$", text, re.MULTILINE)
    if not found:
        raise AptError(f"the package lists do not know {package}")
    return found[1]


def _apt(words: list[str], folder: Path | None = None, bound_seconds: float = 300) -> bytes:
    try:
        return child.run(words, folder, bound_seconds)
    except LabError as error:
        raise AptError(str(error)) from error
