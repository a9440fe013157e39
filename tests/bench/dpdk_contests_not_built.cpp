// Without DPDK there is nothing to compare.
#include "tests/bench/dpdk_contests.h"

namespace xover::bench {

std::vector<Contest> dpdk_contests(AgentPair&) { return {}; }

Result<std::vector<std::string>> dpdk_crossover(std::size_t) { return std::vector<std::string>(); }

}  // namespace xover::bench
