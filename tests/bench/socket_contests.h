// Contests over loopback TCP: against iperf3, qperf and sockperf, and against a bare io_uring loop. Payload untouched
// on both sides, as the tools leave it.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/contest.h"

namespace xover::bench {

// `network` is the congestion control of the own network namespace, `system` without one. The contests use `agents`.
std::vector<Contest> socket_contests(AgentPair& agents, const std::string& network);

}  // namespace xover::bench
