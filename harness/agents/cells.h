// The cells of a run before anything is measured: one for each variant at each point, and where its workers run. A
// sweep may add points while the run goes on; they stand behind all others until put_in_order().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

// What a link is made of on this machine.
Substrate substrate_here(Substrate substrate);

// A cell for each variant at each point of document.plan, which has none yet. `between_two_hosts`: there is another
// host, so cells on links that lead there have their workers on two, and are not placed yet.
void lay_out_cells(ResultDocument& document, bool between_two_hosts = false);

// The cells of a point are in one piece.
std::span<CellResult> cells_of_point(ResultDocument& document, std::size_t point_index);
std::span<const CellResult> cells_of_point(const ResultDocument& document, std::size_t point_index);

// For each point the number of its series: points that differ in nothing but the size.
std::vector<std::size_t> series_of_points(const Plan& plan);

// A point like this one but for its size, with cells like its own but for what was measured; its index. Pointers into
// the document's points and cells are void then.
std::size_t add_point(ResultDocument& document, std::size_t like_point, std::uint64_t size_bytes);

// Moves each point from the `planned`-th on behind the next smaller size of its series. Before anything refers to
// points by their index but cells.
void put_in_order(ResultDocument& document, std::size_t planned);

// How long a round of this point should take, before it has had one: its samples by the clock, and some.
std::int64_t guess_of_round_ns(const ResultDocument& document, std::size_t point_index);

}  // namespace xover
