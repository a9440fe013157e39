#!/bin/sh
# Scenarios vfio and pair_nic: the cards, in a pair one in each guest, go to vfio-pci before any other driver sees them.
# A quarter of the memory becomes huge pages: with the usual 2G, that is enough for what dpdk-testpmd asks for unless
# told otherwise.
memory_kib=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
echo $((memory_kib / 4 / 2048)) >/proc/sys/vm/nr_hugepages
mkdir -p /dev/hugepages
mount -t hugetlbfs hugetlbfs /dev/hugepages
modprobe -a vfio-pci vfio_iommu_type1
for card in "$XOVER_PCI_A" "$XOVER_PCI_B"; do
  echo vfio-pci >"/sys/bus/pci/devices/$card/driver_override"
  echo "$card" >/sys/bus/pci/drivers_probe
  test -e "/sys/bus/pci/drivers/vfio-pci/$card"
done
