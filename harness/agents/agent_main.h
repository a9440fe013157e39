// The agent: the process that opens sessions and moves bytes, on behalf of a coordinator.
#pragma once

namespace xover {

// Serves requests that come over the socket `control_fd` until it closes; returns the exit code. The agent dies with
// its coordinator, also when that is killed.
int agent_main(int control_fd);

}  // namespace xover
