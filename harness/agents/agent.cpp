// What replies and endings mean, wherever the agent is.
#include "harness/agents/agent.h"

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"

namespace xover {

namespace {

constexpr std::int64_t last_breath_ns = 500'000'000;

}  // namespace

Error death_of(Agent& agent, const Error& seen) {
  for (const MonotonicNs bound = monotonic_now_ns() + last_breath_ns; monotonic_now_ns() < bound; usleep(1000))
    if (auto ending = agent.ending()) return Error{ErrorCode::peer_died, 0, agent.name(), *ending, ""};
  return seen;
}

Result<nlohmann::json> read_reply(nlohmann::json reply, Agent& from, Agent* other) {
  if (reply.is_object() && reply.value("ok", false)) return reply;
  if (!reply.is_object() || !reply.contains("error"))
    return make_error(ErrorCode::internal, from.name(), "its reply is not of this protocol");
  Error error = error_from_json(reply["error"]);
  if (other != nullptr) error = death_of(*other, error);
  return tl::make_unexpected(error);
}

}  // namespace xover
