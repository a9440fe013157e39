// Requests to it travel inside those to its host.
#include "harness/remote/remote_agent.h"

#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr MonotonicNs end_bound_ns = 5'000'000'000;
constexpr MonotonicNs answer_slack_ns = 2'000'000'000;  // the far side keeps the bound of a request itself

}  // namespace

RemoteAgent::~RemoteAgent() {
  if (!host_.lost())
    (void)host_.ask({{"request", "end_agent"}, {"agent", number_}}, monotonic_now_ns() + end_bound_ns,
                    [] { return Result<void>(); });
}

std::optional<std::string> RemoteAgent::ending() { return host_.ending_of(number_); }

Result<json> RemoteAgent::call(const json& request, std::int64_t bound_ns, Agent* other) {
  if (other == this) other = nullptr;
  const auto still_wanted = [&]() -> Result<void> {
    if (host_.stop_wanted()) return make_error(ErrorCode::cancelled, "stopped on request");
    if (const auto ended = other == nullptr ? std::nullopt : other->ending())
      return make_error(ErrorCode::peer_died, other->name(), *ended);
    return {};
  };
  const auto answer = host_.ask({{"request", "ask"}, {"agent", number_}, {"bound_ns", bound_ns}, {"body", request}},
                                monotonic_now_ns() + bound_ns + answer_slack_ns, still_wanted);
  if (!answer) return tl::make_unexpected(answer.error());
  if (answer->value("ok", false)) return read_reply(answer->value("reply", json()), *this, other);
  if (const auto ended = ending()) return make_error(ErrorCode::peer_died, name_, *ended);
  return tl::make_unexpected(error_from_json(answer->value("error", json())));
}

}  // namespace xover
