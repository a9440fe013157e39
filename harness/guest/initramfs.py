"""The first stage of the boot: an archive with busybox, an init script, and the modules that lead to the host's root.

Everything that a scenario needs beyond that is loaded later, from the host's root, by the host's own tools. The archive
is kept by a digest of what is in it. A small second archive with the scripts of one run is put behind it; the kernel
unpacks both (Documentation/driver-api/early-userspace/buffer-format.rst).
"""

import hashlib
import lzma
import shutil
from pathlib import Path

import child
from errors import UNAVAILABLE, LabError
from kernel_package import Kernel
from store import Store

INSIDE = Path(__file__).parent / "inside"
BOOT_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay")


def first_stage(store: Store, kernel: Kernel) -> Path:
    """The archive for this kernel, made if it is not there."""
    busybox = _busybox()
    digest = hashlib.sha256()
    for part in (busybox.read_bytes(), (INSIDE / "init.sh").read_bytes(), kernel.folder.name.encode(),
                 " ".join(BOOT_MODULES).encode()):
        digest.update(hashlib.sha256(part).digest())
    target = store.root / "initramfs" / digest.hexdigest()[:16]
    with store.lock("initramfs"):
        if not target.exists():
            with store.making(target) as folder:
                _fill(folder / "tree", busybox, kernel)
                (folder / "initrd").write_bytes(_archive(folder / "tree"))
                shutil.rmtree(folder / "tree")
            for older in target.parent.iterdir():
                if older != target:
                    shutil.rmtree(older)
    return target / "initrd"


def write_initrd(target: Path, first: Path, scripts: dict[str, bytes]) -> None:
    """The whole initrd of one run: the first stage, then the scripts as /lab/NAME."""
    tree = target.with_name("tree")
    (tree / "lab").mkdir(parents=True)
    for name, text in scripts.items():
        (tree / "lab" / name).write_bytes(text)
    target.write_bytes(first.read_bytes() + _archive(tree))


def _busybox() -> Path:
    found = shutil.which("busybox")
    if not found:
        raise LabError("busybox is not installed (package busybox-static)", UNAVAILABLE)
    return Path(found)


def _fill(tree: Path, busybox: Path, kernel: Kernel) -> None:
    for name in ("bin", "modules", "proc", "sys", "dev"):
        (tree / name).mkdir(parents=True)
    shutil.copy(busybox, tree / "bin" / "busybox")
    shutil.copy(INSIDE / "init.sh", tree / "init")
    (tree / "init").chmod(0o755)
    for number, module in enumerate(_modules_in_order(kernel)):
        name = module.name.split(".")[0]
        (tree / "modules" / f"{number:02}-{name}.ko").write_bytes(_unpacked(module))


def _modules_in_order(kernel: Kernel) -> list[Path]:
    """Each module after those that it needs; what is built into the kernel is left out."""
    words = ["modprobe", "-C", "/dev/null", "-d", str(kernel.folder), "-S", kernel.release, "--show-depends"]
    modules: dict[Path, None] = {}
    for name in BOOT_MODULES:
        for line in child.run([*words, name]).decode().splitlines():
            kind, *rest = line.split(maxsplit=1)
            if kind == "insmod":
                modules[Path(rest[0].strip())] = None
    return list(modules)


def _unpacked(module: Path) -> bytes:
    """Busybox loads plain modules only."""
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    if module.suffix == ".zst":
        return child.run(["zstd", "-dc", str(module)])
    return module.read_bytes()


def _archive(tree: Path) -> bytes:
    """All of a folder in the kernel's cpio format, owned by root whoever runs this."""
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*"))) + "\n"
    return child.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], tree, standard_input=names.encode())
