// The form by which states are told apart: all that decides what can happen from here on, and nothing else.
//
// What only tells things apart is named in the order in which it appears: private receive buffers, tickets, and keys by
// the ticket that they stand for. A key that stands for nothing any more never will again (there are 256 generations of
// each, and no run has so many registrations), so all of those are the same. Of absolute numbers only the differences
// stay: sequence numbers, NonDiscards, the counts of reads.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/explore/sdp_model.h"

namespace xover::explore {

void append_form(const ModelState& state, std::vector<std::byte>& out);

}  // namespace xover::explore
