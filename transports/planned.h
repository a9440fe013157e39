// Rows for the transports that are designed but not written yet, so that every id is known from the start.
#pragma once

#include <span>

#include "core/transport.h"

namespace xover {

std::span<const Descriptor> planned_transports();

}  // namespace xover
