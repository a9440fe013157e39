// The way from the row to a session. One of two sources has it, depending on whether the libraries were there.
#pragma once

#include <memory>

#include "core/transport.h"

namespace xover {

Availability probe_rsocket(const Link& link);
Result<std::unique_ptr<Session>> open_rsocket(const OpenParameters& parameters);

}  // namespace xover
