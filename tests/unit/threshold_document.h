// Sweeps over sizes made by hand, for the tests of thresholds: at each size the copy at 10 Gbit/s, and the other at
// that times a ratio.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/analysis/compare.h"
#include "harness/analysis/crossover.h"
#include "harness/analysis/summarise.h"
#include "tests/unit/analysis_document.h"

namespace xover::synthetic {

using RatioBySize = std::map<std::uint64_t, double>;

inline constexpr double copy_gbps = 10;

// Adds the sizes of one number of connections; call judge() after the last.
inline void add_sweep(ResultDocument& document, std::uint32_t connections, const RatioBySize& ratios,
                      std::size_t rounds = 10, const std::string& third = {}, double third_ratio = 1) {
  for (const auto& [size_bytes, ratio] : ratios) {
    const std::size_t index = document.plan.points.size();
    document.plan.points.push_back(point_of(Workload::stream, size_bytes, connections));
    document.cells.push_back(cell_of(index, "sdp.bcopy@local", steady(copy_gbps, rounds, 1, size_bytes)));
    document.cells.push_back(cell_of(index, "sdp.read_zcopy@local", steady(copy_gbps * ratio, rounds, 2, size_bytes)));
    if (!third.empty())
      document.cells.push_back(cell_of(index, third, steady(copy_gbps * third_ratio, rounds, 3, size_bytes)));
    for (const CellResult& cell : document.cells)
      if (cell.point_index == index) document.plan.points[index].variants.push_back(cell.variant);
  }
}

inline void judge(ResultDocument& document) {
  summarise(document);
  compare(document);
  find_crossovers(document);
}

}  // namespace xover::synthetic
