// TCP over the kernel's sockets, three ways that differ in how the bytes get into the kernel.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// tcp.send, tcp.sendmsg, tcp.zerocopy.
std::span<const Descriptor> tcp_transports();

}  // namespace xover
