// What a result's cells have in common: which may stand in one table, which axes vary among them, which warnings
// concern them all. Decides nothing about looks.
#pragma once

#include <string>
#include <vector>

#include "harness/experiment/axes.h"
#include "harness/experiment/result.h"

namespace xover {

// Cells of one workload on one substrate, with a receiver or without: those that one table may hold.
struct Section {
  Workload workload = Workload::stream;
  Substrate substrate = Substrate::same_host_memory;
  bool has_receiver = true;
  std::vector<const CellResult*> cells;  // by point, then as planned
};

// The cells stay the document's.
std::vector<Section> sections_of(const ResultDocument& document);

// Axes whose values differ between the points of the cells, in the order of the table of axes. Neither the link is
// among them, because cells say their own, nor the workload.
std::vector<const Axis*> varying_axes(const ResultDocument& document, const std::vector<const CellResult*>& cells);
// The same for all cells of the workload.
std::vector<const Axis*> varying_axes(const ResultDocument& document, Workload workload);
// "8 fields", "depth 1": the axis with its value at this point.
std::string axis_text(const Axis& axis, const Point& point);
// "on lo, one core, 4 connections": where a cell was measured, as far as `varying` tells places apart, but for the
// size.
std::string place_of(const CellResult& cell, const Point& point, const std::vector<const Axis*>& varying);
// "size 64K, 8 fields, ...": every other axis that means something for the workload.
std::string constant_axes_text(const Point& point, const std::vector<const Axis*>& varying);

}  // namespace xover
