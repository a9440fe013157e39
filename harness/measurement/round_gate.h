// The gate round a round: were the cores ours before and after it? Before a round it waits a while for cores that are.
#pragma once

#include <span>
#include <vector>

#include "harness/measurement/gate.h"

namespace xover {

struct GateVerdict {
  bool ours = true;
  double efficiency = 1;  // the worse of before and after
};

class RoundGate {
 public:
  // Waits until a reading is accepted, at the longest half a second.
  void before(std::span<const unsigned> cores);
  GateVerdict after(std::span<const unsigned> cores);

 private:
  Gate gate_;
  GateReading before_;
};

}  // namespace xover
