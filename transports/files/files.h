// Files and user pages over TCP, six ways that differ in who copies and in when the sender's memory is free again.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

// tcp.sendfile, tcp.splice, tcp.mmap, tcp.read_send, tcp.vmsplice, tcp.tee.
std::span<const Descriptor> file_transports();

}  // namespace xover
