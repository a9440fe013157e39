// The transport that takes messages and does nothing with them: what remains is the cost of the harness itself.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

std::span<const Descriptor> null_transports();

}  // namespace xover
