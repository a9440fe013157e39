// The yardstick: how fast is this machine just now? A fixed piece of work that no transport takes part in: 64 KiB
// messages over a TCP connection of the loopback device, written, read and looked at by one thread on one core.
//
// Virtual cores keep all their time and still change their speed, by a third within minutes (turbo, neighbours in the
// caches and on the other hyperthread), and whatever runs on them follows. The yardstick is taken before and after
// each round, so that runs taken at two speeds can be held against each other: see analysis/machine_speed.h.
#pragma once

#include <cstdint>
#include <optional>

#include "transports/common/file_descriptor.h"

namespace xover {

// As the yardstick had it before and after a round.
struct MachineSpeed {
  double before_gbps = 0, after_gbps = 0;

  bool is_known() const { return before_gbps > 0 && after_gbps > 0; }
};

class Yardstick {
 public:
  // Gbit/s on this core; nothing where there is no loopback device, or the core may not be used. Blocks for 15 ms
  // and a thread's start. Nothing of a measurement may run meanwhile.
  std::optional<double> read(unsigned core);

 private:
  bool connect_both();

  FileDescriptor writing_, reading_;
};

}  // namespace xover
