// io_uring over the kernel's sockets, four ways that differ in how the bytes get into the kernel.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// uring.send, uring.write_fixed, uring.send_zc, uring.send_zc_fixed.
std::span<const Descriptor> uring_transports();

}  // namespace xover
