// Contests of the DPDK rows on `ring`, every byte of the payload read by the receiver, on two cores.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/contest.h"

namespace xover::bench {

// Empty where DPDK was not found when this was built. The contests use `agents`.
std::vector<Contest> dpdk_contests(AgentPair& agents);

inline constexpr const char* dpdk_crossover_name = "dpdk.extbuf / dpdk.copy, crossover";

// From which message size on dpdk.extbuf is ahead of dpdk.copy, in sentences. At least as many rounds as an interval
// needs. Empty as above.
Result<std::vector<std::string>> dpdk_crossover(std::size_t rounds);

}  // namespace xover::bench
