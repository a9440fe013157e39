// What a reader must know about a cell before believing its figures, as far as the figures themselves show it.
#pragma once

#include "harness/experiment/result.h"

namespace xover {

inline constexpr double noisy_from_percent = 10;           // width of the main figure's interval
inline constexpr double least_messages_of_a_sample = 100;  // median over the rounds

// Replaces the cell's warnings of these kinds: noisy, short_samples, memlock_low, optmem_low, bbr_without_fq,
// copied_after_request, delayed_ack, losses, reference_cycles, emulated_speeds, link_saturated, network_interfered. The
// cell's aggregates must be there already.
void renew_cell_warnings(CellResult& cell, const ResultDocument& document);

}  // namespace xover
