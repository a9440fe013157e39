// Two result documents held against each other: which cells match, what else than the figures differs between them, and
// which figures differ for real (two_runs.h says what that means).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/analysis/two_runs.h"
#include "harness/experiment/result.h"

namespace xover {

// What stands behind a figure in one of the two runs.
struct DiffSide {
  double figure = 0;  // of metric_figure(): the trimmed geometric mean of the restarts' medians
  std::uint32_t rounds = 0, restarts = 0;
};

// `ratio` is as it would have been had the machine had one speed, where the diff corrects for it.
struct CellDifference : FigureDifference {
  const CellResult *a = nullptr, *b = nullptr;  // the documents'
  Metric metric = Metric::goodput;
  DiffSide of_a, of_b;  // as measured

  bool b_is_better() const;  // more goodput, fewer cycles, less latency
};

// Something that both runs have, with another value.
struct ChangedFact {
  std::string name, in_a, in_b;  // empty: that run does not say

  bool operator==(const ChangedFact&) const = default;
};

struct Diff {
  // How many times as fast the machine was in B as in A, by the yardstick, where the ratios are corrected for it
  // (machine_speed.h): not where the machines are two, or their settings are: then a change of speed may be theirs.
  std::optional<double> speed_ratio;
  std::vector<ChangedFact> environment;  // kernel, CPU model, governor, mitigations, sysctls, ...
  std::vector<ChangedFact> settings;     // of the plans, as far as they change what is measured
  std::vector<ChangedFact> cells;        // "tcp.send: mtu_bytes": of matching cells, each but once
  std::vector<CellDifference> differences;
  std::vector<const CellResult*> only_in_a, only_in_b;  // cells that ran, and have no match that did
  std::vector<std::string> two_sources;  // "tcp.send": its cycles were counted in two ways, and are not compared
};

// Cells match when they have the same name (a label where there is one), link, axes and substrate. The diff points into
// both documents. `at_one_speed`: correct for the machine's speed where that can be.
Diff diff(const ResultDocument& a, const ResultDocument& b, double least_percent = least_difference_percent,
          bool at_one_speed = true);

}  // namespace xover
