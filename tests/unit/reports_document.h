// A made-up result for the tests of reports/: everything that a report can meet, with figures chosen by hand.
#pragma once

#include "harness/experiment/result.h"

namespace xover {

// Streams of 4K, 64K and 1M over lo on one core: tcp.send, tcp.sendmsg and tcp.zerocopy (all its bytes copied after
// all; at 1M it failed), 10 accepted rounds and one rejected; ping-pong of the same at 64 bytes, without cycles; and
// null, which has no receiver and was skipped in the ping-pong.
ResultDocument sample_document();

// 16 points (4 sizes, 1 to 8 connections) of three transports with one verdict for each pair: 32 comparisons.
ResultDocument large_document();

// Two transports over 1K to 1M on veth with 1, 2, 4 and 8 connections: the second has the greater cost of a message and
// the smaller one of a byte, so it overtakes, the earlier the more connections there are. With crossovers by goodput.
ResultDocument sweep_document();

// The sample with markup, quotes, control characters and broken UTF-8 in every text that a document has.
ResultDocument hostile_document();
inline constexpr const char* hostile_text = "</script><img src=x onerror=alert(1)>&\"'<!--\x01\xff";

}  // namespace xover
