// A made-up /sys and /proc in a temporary folder, for the tests of harness/interfaces.
#pragma once

#include <string>

#include "harness/interfaces/system_tree.h"
#include "tests/support/child_process.h"

namespace xover::test {

class MadeUpTree {
 public:
  MadeUpTree();

  const SystemTree& tree() const { return tree_; }
  void write(const std::string& path, const std::string& text);  // "sys/class/net/eth0/mtu"; folders come with it
  void link(const std::string& path, const std::string& target);
  // What stands in /proc/interrupts behind the line of CPUs, and the interrupt's CPUs.
  void add_interrupt(unsigned irq, const std::string& name, const std::string& cpus, const std::string& effective = {});

 private:
  TemporaryFolder folder_;
  SystemTree tree_;
  std::string interrupts_ = "           CPU0       CPU1\n";
};

// An interface with `queues` RX and TX queues at a PCI device whose interrupts 40, 41, ... are called NAME-TxRx-0 and
// so on and go to CPUs 2, 4, ...; 39 is of no queue.
void add_card(MadeUpTree& tree, unsigned queues, const std::string& name = "eth0");

}  // namespace xover::test
