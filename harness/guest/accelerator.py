"""Whether KVM can be had.

/dev/kvm says little: a nested or restricted one may open and yet never boot a stock kernel. So a tiny machine is booted
once; what came of it is kept until the host boots again or another kernel is taken.
"""

import json
import os
import time
from pathlib import Path

import child
from errors import UNAVAILABLE, USAGE, LabError
from kernel_package import Kernel
from machine import KVM, TCG, Accelerator, base_words
from store import Store

PROBE_BOUND_SECONDS = 10.0
PROBE_WORD = b"lab: this accelerator boots"  # printed by inside/init.sh
KVM_DEVICE = Path("/dev/kvm")


def choose(store: Store, kernel: Kernel, first_stage: Path) -> Accelerator:
    wish = os.environ.get("XOVER_GUEST_ACCEL", "")
    if wish not in ("", TCG.name, KVM.name):
        raise LabError(f"XOVER_GUEST_ACCEL is \"{wish}\"; it can be tcg or kvm", USAGE)
    has_device = os.access(KVM_DEVICE, os.R_OK | os.W_OK)
    if wish == KVM.name:
        if not has_device:
            raise LabError(f"XOVER_GUEST_ACCEL asks for kvm, but {KVM_DEVICE} cannot be opened", UNAVAILABLE)
        return KVM
    if wish == TCG.name or not has_device:
        return TCG
    return KVM if _kvm_boots(store, kernel, first_stage) else TCG


def _kvm_boots(store: Store, kernel: Kernel, first_stage: Path) -> bool:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    key = f"{boot} {kernel.folder.name} {first_stage.parent.name}"
    kept = store.root / "kvm.json"
    with store.lock("kvm"):
        try:
            known = json.loads(kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        if known.get("key") != key:
            known = {"key": key, "boots": _probe(store, kernel, first_stage)}
            fresh = kept.with_suffix(".new")
            fresh.write_text(json.dumps(known), encoding="utf-8")
            fresh.rename(kept)
    return known["boots"]


def _probe(store: Store, kernel: Kernel, first_stage: Path) -> bool:
    with store.run_folder() as folder:
        console = folder / "console.log"
        words = base_words(kernel, first_stage, KVM, ("xover.lab_probe",), console)
        with (folder / "qemu.log").open("wb") as log:
            process = child.start([*words, "-M", "q35", "-m", "256M"], log)
        try:
            deadline = time.monotonic() + PROBE_BOUND_SECONDS
            while process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            child.end(process)
        return console.exists() and PROBE_WORD in console.read_bytes()
