// What a kernel can do that neither its version nor its list of opcodes tells: found out by doing it.
#pragma once

#include "transports/uring/uring_path.h"

namespace xover {

// Newer than the headers that this may be built with; part of the kernel's interface since Linux 6.15.
inline constexpr unsigned char opcode_writev_fixed = 61;

// Sends two pieces of one registered page as one datagram to itself. Control plane; takes about a millisecond.
bool gathers_from_registered_memory(UringPath path);

}  // namespace xover
