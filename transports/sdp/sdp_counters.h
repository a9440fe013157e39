// A machine's statistics as counters of a session.
#pragma once

#include <vector>

#include "core/transport.h"
#include "transports/sdp/statistics.h"

namespace xover {

void add(const sdp::Statistics& of_one, sdp::Statistics& sum);
void append_to(std::vector<Counter>& counters, const sdp::Statistics& statistics);

}  // namespace xover
