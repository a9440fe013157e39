// The plan of a run: everything that will be measured, before anything is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/variant.h"
#include "harness/experiment/point.h"

namespace xover {

// A cell is one variant at one point; in a round, every variant of the point runs once.
struct PlannedPoint {
  Point point;
  std::vector<Variant> variants;  // link and options resolved; the first is the baseline of the comparisons
};

struct Plan {
  std::string name;     // the preset's or file's name, "command line" where there is none
  std::string summary;  // one line: the question that this experiment answers
  std::string peer;     // the other host, as parse_peer() has it; empty: there is none
  std::vector<PlannedPoint> points;

  std::uint32_t rounds = 10;               // at least; all of them unless max_rounds says otherwise
  std::uint32_t max_rounds = 10;           // sequential stopping may go on to here
  double stop_width_percent = 5;           // until each ratio's interval is no wider than this
  std::uint32_t restarts = 2;              // how often the agents are started afresh within the run
  std::int64_t duration_ns = 200'000'000;  // of the timed part of a sample
  std::int64_t warmup_ns = 20'000'000;
  std::int64_t budget_ns = 0;               // 0: none. Decides the order of the rounds and their end: see sweep.h
  std::uint32_t refine = 0;                 // sizes that may be added to each series of sizes, where two curves cross
  std::uint64_t seed = 1;                   // order of the transports in each round
  std::int64_t clocks_agree_within_ns = 0;  // CLOCK_REALTIME of two hosts, by PTP; 0: that is not known
  bool gate = true;
  bool soakers = true;          // count what softirq and kernel threads spend (stream, fanout)
  bool kernel_symbols = false;  // sample where the kernel spends the sender's time
  std::string findings;         // names a table of findings to print after the run: "pa02", "uvm", ...
};

}  // namespace xover
