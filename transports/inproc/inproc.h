// Two threads of one process, with the exact semantics of the contract: the oracle that tests/conformance is built
// against, and a place to inject faults.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

std::span<const Descriptor> inproc_transports();

}  // namespace xover
