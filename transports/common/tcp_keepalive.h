// For TCP connections between two hosts that carry orders, not payload: a dead host says nothing, so it is asked.
#pragma once

#include "core/error.h"

namespace xover {

// At both ends: small messages leave at once; a peer that is dead or out of reach is noticed within 8 s, and a link
// that is down for 3 s is survived. Options: tcp(7). Error: what the kernel says of a socket that is not TCP's.
Result<void> keep_alive(int socket);

}  // namespace xover
