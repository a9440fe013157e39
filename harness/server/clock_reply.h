// The answer to "clock": what this host's clocks say now. With many of them and the times that they took, a client can
// tell how far its own clocks are away.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace xover {

nlohmann::json clock_reply();

}  // namespace xover
