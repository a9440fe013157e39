// Takes one sample through its agents: open, connect, warm up, time, report, close.
#pragma once

#include "harness/agents/agent_pair.h"
#include "harness/agents/sample.h"

namespace xover {

// On an error the agents have been dropped. Bounded: each step by a few seconds, the phases by their length and some.
Result<Sample> take_sample(AgentPair& agents, const SampleSpec& spec);

}  // namespace xover
