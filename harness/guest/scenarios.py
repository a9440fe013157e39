"""The scenarios: what a guest is given, as data.

What QEMU does for a scenario stands here; what is done inside the guest stands in inside/scenarios/NAME.sh. The
addresses that both must agree on are in the environment, which the script and the command see alike.
"""

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
    has_peer: bool = False


def _network_card(driver: str, number: int, backend: str) -> tuple[str, ...]:
    """A card with a fixed place on the bus, so that its PCI address and its name in the guest are known."""
    return ("-netdev", f"{backend},id=net{number}",
            "-device", f"{driver},netdev=net{number},mac=52:54:00:77:00:{number:02},addr=0x1{number},romfile=")


def _on_one_wire(driver: str) -> tuple[str, ...]:
    return _network_card(driver, 0, "hubport,hubid=1") + _network_card(driver, 1, "hubport,hubid=1")


_ALL = (
    Scenario("plain", "no device but lo"),
    Scenario("rxe", "soft-RoCE: rdma device rxe0 on eth0, 10.77.0.1, whose wire ends nowhere",
             RDMA_PACKAGES, devices=_network_card("virtio-net-pci", 0, "hubport,hubid=1"),
             environment={"XOVER_OWN_ADDRESS": "10.77.0.1"}),
    # Not virtio: on a wire inside QEMU its driver has no scatter-gather, so each packet is copied before it leaves.
    Scenario("wire", "e1000e cards eth0 and eth1 on one wire, down and without addresses", ("ethtool",),
             devices=_on_one_wire("e1000e")),
    Scenario("vfio", "two e1000e on one wire behind an IOMMU, given to vfio-pci; huge pages",
             ("dpdk-dev",), machine="q35,kernel-irqchip=split",
             devices=("-device", "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48", *_on_one_wire("e1000e")),
             kernel_arguments=("intel_iommu=on", "iommu=pt"),
             environment={"XOVER_PCI_A": "0000:00:10.0", "XOVER_PCI_B": "0000:00:11.0"}),
    Scenario("pair", "two guests on one wire, 10.77.0.1 runs the command and 10.77.0.2 that of --peer; rxe0 in both",
             (*RDMA_PACKAGES, "ethtool", "iperf3"), has_peer=True,
             environment={"XOVER_OWN_ADDRESS": "10.77.0.1", "XOVER_PEER_ADDRESS": "10.77.0.2"}),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}


def paired_card(number: int, wire: int) -> tuple[str, ...]:
    """The card of guest 0 or 1 of a pair, on its end of a connected socket."""
    return ("-netdev", f"socket,id=net{number},fd={wire}",
            "-device", f"virtio-net-pci,netdev=net{number},mac=52:54:00:77:00:{number:02},addr=0x10,romfile=")


def peer_environment(scenario: Scenario) -> dict[str, str]:
    """The addresses as the second guest sees them."""
    own, peer = scenario.environment["XOVER_OWN_ADDRESS"], scenario.environment["XOVER_PEER_ADDRESS"]
    return {"XOVER_OWN_ADDRESS": peer, "XOVER_PEER_ADDRESS": own}
