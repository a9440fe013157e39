// The list, and what is looked at before a request on it is passed on.
#include "harness/server/relay.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/quote.h"
#include "harness/agents/protocol.h"
#include "harness/experiment/bad_input.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 13> relayed{
    "probe",        "open_receiver", "open_sender", "start_phase",  "run_phase",   "finish_phase", "report",
    "close_sample", "describe_host", "place",       "choose_ports", "gate_before", "gate_after"};

std::string name_of(const json& request) {
  const auto name = request.is_object() ? request.find("request") : request.end();
  return request.is_object() && name != request.end() && name->is_string() ? name->get<std::string>() : std::string();
}

const json& member(const json& object, const char* name) {
  static const json nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

}  // namespace

bool opens_sample(const json& request) {
  const std::string name = name_of(request);
  return name == "open_receiver" || name == "open_sender";
}

Result<void> check_request(const json& request, const ClientLimits& limits) {
  const std::string name = name_of(request);
  if (std::ranges::find(relayed, name) == relayed.end())
    return bad_input("ask an agent", in_quotes(name) + " is no request that is passed on to one");
  if (opens_sample(request))
    return sample_spec_from_json(member(request, "spec")).and_then([&](const SampleSpec& spec) {
      return check_sample(spec, limits);
    });
  if (name != "start_phase" && name != "run_phase") return {};
  const json& duration = member(request, "duration_ns");
  if (!duration.is_number_integer()) return bad_input("ask an agent", name + " without a duration");
  // An unsigned number that fits no signed one is beyond every limit.
  const bool too_great = duration.is_number_unsigned() && duration.get<std::uint64_t>() > INT64_MAX;
  return check_phase_duration(too_great ? INT64_MAX : duration.get<std::int64_t>(), limits);
}

}  // namespace xover
