// Interrupts of a network interface, and what drivers call them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/interfaces/system_tree.h"

namespace xover {

struct Interrupt {
  unsigned irq = 0;
  std::string name;            // as the driver has registered it; empty: nobody has
  std::vector<unsigned> cpus;  // that serve it; empty: unknown

  bool operator==(const Interrupt&) const = default;
};

// Those of the device below the interface, by number. Empty: it has none, or they are not known.
std::vector<Interrupt> interrupts_of(const std::string& interface, const SystemTree& tree = {});

// "eth0-TxRx-3", "virtio2-input.0", "mlx5_comp1@pci:0000:01:00.0": the number of the receive queue that the driver
// names. None where the name is not of a receive queue, or has no number.
std::optional<std::uint32_t> rx_queue_named(const std::string& interrupt, const std::string& interface);

}  // namespace xover
