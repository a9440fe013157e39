// The gate round a round: were the cores ours before and after it, and how fast were they? Before a round it waits a
// while for cores that are.
#pragma once

#include <optional>
#include <span>

#include "harness/measurement/gate.h"
#include "harness/measurement/yardstick.h"

namespace xover {

struct GateVerdict {
  bool ours = true;
  double efficiency = 1;              // the worse of before and after
  std::optional<MachineSpeed> speed;  // of the first core
};

class RoundGate {
 public:
  // Waits until a reading is accepted, at the longest half a second.
  void before(std::span<const unsigned> cores);
  GateVerdict after(std::span<const unsigned> cores);

 private:
  Gate gate_;
  GateReading before_;
  Yardstick yardstick_;
  std::optional<double> speed_before_;
};

}  // namespace xover
