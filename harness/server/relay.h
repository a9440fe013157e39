// Which requests of a client reach an agent of this host, out of those that agents know (agents/protocol.h): what
// measures, never what makes links or enters namespaces here.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/server/limits.h"

namespace xover {

// Refuses a request that is not on the list, or beyond a limit. Pure; the text may be anything.
Result<void> check_request(const nlohmann::json& request, const ClientLimits& limits);

// Whether this request, once answered, means that the host has taken part in one more sample.
bool opens_sample(const nlohmann::json& request);

}  // namespace xover
