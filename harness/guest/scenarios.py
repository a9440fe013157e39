"""The scenarios: what a guest is given, as data.

What QEMU does for a scenario stands here; what is done inside the guest stands in inside/scenarios/NAME.sh, or in
several of these files, one after the other. The addresses that both must agree on are in the environment, which the
scripts and the command see alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

BASE_PACKAGES = ("qemu-system-x86", "busybox-static", "kmod", "cpio", "zstd", "iproute2")
RDMA_PACKAGES = ("ibverbs-providers", "ibverbs-utils", "rdmacm-utils", "perftest")


@dataclass(frozen=True)
class Scenario:
    name: str
    summary: str
    packages: tuple[str, ...] = ()  # besides BASE_PACKAGES
    machine: str = "q35"
    devices: tuple[str, ...] = ()  # words of QEMU's command line
    kernel_arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    pair_drivers: tuple[str, ...] = ()  # of cards on wires to the same card of a second guest
    script_names: tuple[str, ...] = ()  # empty: the scenario's own

    @property
    def has_peer(self) -> bool:
        return bool(self.pair_drivers)

    @property
    def scripts(self) -> tuple[str, ...]:
        return self.script_names or (self.name,)


def _network_card(driver: str, number: int, backend: str) -> tuple[str, ...]:
    """A card with a fixed place on the bus, so that its PCI address and its name in the guest are known."""
    return ("-netdev", f"{backend},id=net{number}",
            "-device", f"{driver},netdev=net{number},mac=52:54:00:77:00:{number:02},addr=0x1{number},romfile=")


def _on_one_wire(driver: str) -> tuple[str, ...]:
    return _network_card(driver, 0, "hubport,hubid=1") + _network_card(driver, 1, "hubport,hubid=1")


_IOMMU = ("-device", "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48")  # has to come before what it serves
_IOMMU_MACHINE = "q35,kernel-irqchip=split"
# The kernel tries its timer out for a hundredth of a second, in which an emulator on a busy host may not get to run.
_IOMMU_ARGUMENTS = ("intel_iommu=on", "iommu=pt", "no_timer_check")
_PAIR_ADDRESSES = {"XOVER_OWN_ADDRESS": "10.77.0.1", "XOVER_PEER_ADDRESS": "10.77.0.2"}

_ALL = (
    Scenario("plain", "no device but lo"),
    Scenario("rxe", "soft-RoCE: rdma device rxe0 on eth0, 10.77.0.1, whose wire ends nowhere",
             RDMA_PACKAGES, devices=_network_card("virtio-net-pci", 0, "hubport,hubid=1"),
             environment={"XOVER_OWN_ADDRESS": "10.77.0.1"}),
    # Not virtio: on a wire inside QEMU its driver has no scatter-gather, so each packet is copied before it leaves.
    Scenario("wire", "e1000e cards eth0 and eth1 on one wire, down and without addresses", ("ethtool",),
             devices=_on_one_wire("e1000e")),
    Scenario("vfio", "two e1000e on one wire behind an IOMMU, given to vfio-pci; huge pages",
             ("dpdk-dev",), machine=_IOMMU_MACHINE, devices=(*_IOMMU, *_on_one_wire("e1000e")),
             kernel_arguments=_IOMMU_ARGUMENTS,
             environment={"XOVER_PCI_A": "0000:00:10.0", "XOVER_PCI_B": "0000:00:11.0"}),
    Scenario("pair", "two guests on one wire, 10.77.0.1 runs the command and 10.77.0.2 that of --peer; rxe0 in both",
             (*RDMA_PACKAGES, "ethtool", "iperf3"), pair_drivers=("virtio-net-pci",), environment=_PAIR_ADDRESSES),
    Scenario("pair_nic", "pair, and in each guest an e1000e on a wire of its own, given to vfio-pci; huge pages",
             (*RDMA_PACKAGES, "ethtool"), machine=_IOMMU_MACHINE, devices=_IOMMU, kernel_arguments=_IOMMU_ARGUMENTS,
             pair_drivers=("virtio-net-pci", "e1000e"), script_names=("vfio", "pair"),
             environment={**_PAIR_ADDRESSES, "XOVER_PCI_A": "0000:00:11.0", "XOVER_PCI_B": "0000:00:11.0"}),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}


def paired_cards(scenario: Scenario, guest: int, wires: Sequence[int]) -> tuple[str, ...]:
    """The cards of guest 0 or 1 of a pair, each on its end of a connected socket."""
    words: list[str] = []
    for number, (driver, wire) in enumerate(zip(scenario.pair_drivers, wires, strict=True)):
        words += ["-netdev", f"socket,id=net{number},fd={wire}", "-device",
                  f"{driver},netdev=net{number},mac=52:54:00:77:{number:02}:{guest:02},addr=0x1{number},romfile="]
    return tuple(words)


def peer_environment(scenario: Scenario) -> dict[str, str]:
    """The environment with the addresses as the second guest sees them."""
    own, peer = scenario.environment["XOVER_OWN_ADDRESS"], scenario.environment["XOVER_PEER_ADDRESS"]
    return {**scenario.environment, "XOVER_OWN_ADDRESS": peer, "XOVER_PEER_ADDRESS": own}
