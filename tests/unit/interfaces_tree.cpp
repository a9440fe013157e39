// Files as a kernel with a network card shows them.
#include "tests/unit/interfaces_tree.h"

#include <filesystem>
#include <fstream>

namespace xover::test {

namespace fs = std::filesystem;

MadeUpTree::MadeUpTree() : tree_{folder_.path("sys"), folder_.path("proc")} {}

void MadeUpTree::write(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(folder_.path(path)).parent_path());
  std::ofstream(folder_.path(path)) << text << '\n';
}

void MadeUpTree::link(const std::string& path, const std::string& target) {
  fs::create_directories(fs::path(folder_.path(path)).parent_path());
  fs::create_symlink(target, folder_.path(path));
}

void MadeUpTree::add_interrupt(unsigned irq, const std::string& name, const std::string& cpus,
                               const std::string& effective) {
  interrupts_ +=
      " " + std::to_string(irq) + ":       1234          0 PCI-MSIX-0000:01:00.0   1-edge      " + name + "\n";
  write("proc/interrupts", interrupts_ + "NMI:          0          0   Non-maskable interrupts");
  write("proc/irq/" + std::to_string(irq) + "/smp_affinity_list", cpus);
  if (!effective.empty()) write("proc/irq/" + std::to_string(irq) + "/effective_affinity_list", effective);
}

void add_card(MadeUpTree& tree, unsigned queues, const std::string& name) {
  const std::string device = "sys/devices/pci/0000:01:00.0/", interface = "sys/class/net/" + name + "/";
  tree.write(device + "numa_node", "1");
  tree.write(device + "msi_irqs/39", "msix");
  tree.link(device + "driver", "../../../bus/pci/drivers/igb");
  tree.link(interface + "device", "../../../devices/pci/0000:01:00.0");
  tree.write(interface + "mtu", "1500");
  tree.write(interface + "speed", "10000");
  tree.write(interface + "duplex", "full");
  tree.add_interrupt(39, name, "0-7", "0");
  for (unsigned queue = 0; queue < queues; ++queue) {
    tree.write(device + "msi_irqs/" + std::to_string(40 + queue), "msix");
    tree.add_interrupt(40 + queue, name + "-TxRx-" + std::to_string(queue), "0-7", std::to_string(2 + 2 * queue));
    tree.write(interface + "queues/rx-" + std::to_string(queue) + "/rps_cpus", "00");
    tree.write(interface + "queues/tx-" + std::to_string(queue) + "/xps_cpus", "00");
  }
}

}  // namespace xover::test
