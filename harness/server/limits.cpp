// Products of what a client chose, compared with what it may have. Nothing here wraps round.
#include "harness/server/limits.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/units.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::uint64_t page_bytes = 4096, cache_line_bytes = 64;

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? UINT64_MAX : result;
}

std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

std::uint64_t round_up(std::uint64_t value, std::uint64_t multiple) {
  return sum(value, multiple - 1) / multiple * multiple;
}

tl::unexpected<Error> beyond(const char* option, std::string wanted, std::string allowed) {
  return make_error(ErrorCode::not_permitted, "limit of the server",
                    fmt::format("{}; it allows {}", std::move(wanted), std::move(allowed)),
                    fmt::format("ask for less, or start the server with a greater {}", option));
}

// What no person may write no client may ask for: sizes of zero, a thousand connections, a path that is none.
Result<void> check_axes(const Point& point) {
  for (const Axis& axis : axes()) {
    if (axis.name == "link") continue;  // the transport's to judge
    Point scratch;
    if (auto fits = axis.set(scratch, axis.get(point)); !fits) return at(axis.name, std::move(fits.error()));
  }
  return {};
}

Result<void> check_memory(const Point& point, const ClientLimits& limits) {
  const bool shared = point.workload == Workload::file || point.workload == Workload::fanout;
  const std::uint64_t pools = product(pool_memory_bytes(point), shared ? 1 : point.connections);
  if (pools > limits.max_memory_bytes)
    return beyond(
        "--max-memory",
        fmt::format("{} connections with a pool of {} and messages of {} take {} of memory", point.connections,
                    format_size(point.pool_bytes), format_size(point.size_bytes), format_size(pools)),
        format_size(limits.max_memory_bytes));
  const std::uint64_t in_flight = product(product(point.size_bytes, point.depth), point.connections);
  if (in_flight > limits.max_memory_bytes)
    return beyond("--max-memory",
                  fmt::format("{} connections with {} messages of {} in flight take {} of memory", point.connections,
                              point.depth, format_size(point.size_bytes), format_size(in_flight)),
                  format_size(limits.max_memory_bytes));
  return {};
}

}  // namespace

// As the messages are laid out (workloads/message_pool.h), with the least of room that a transport can make of it:
// small fields that start at large multiples take much more than their pool.
std::uint64_t pool_memory_bytes(const Point& point) {
  if (point.workload == Workload::file) return std::max(point.pool_bytes, point.size_bytes);
  const std::uint64_t size_bytes = std::max<std::uint64_t>(1, point.size_bytes);
  const std::uint64_t fields = std::max<std::uint64_t>(1, point.fields);
  const std::uint64_t field_bytes = size_bytes / fields + (size_bytes % fields != 0 ? 1 : 0);
  const std::uint64_t natural =
      field_bytes > page_bytes ? page_bytes : std::clamp(std::bit_ceil(field_bytes), cache_line_bytes, page_bytes);
  const std::uint64_t stride = round_up(field_bytes, point.alignment_bytes == 0 ? natural : point.alignment_bytes);
  const std::uint64_t places = std::max<std::uint64_t>({point.pool_bytes / size_bytes, point.depth, 1});
  return std::max(point.pool_bytes, product(product(places, fields), stride));
}

Result<void> check_phase_duration(std::int64_t duration_ns, const ClientLimits& limits) {
  if (duration_ns < 0) return bad_input("duration", "is less than nothing");
  if (duration_ns <= limits.max_sample_duration_ns) return {};
  return beyond("--max-sample-duration", fmt::format("a sample of {}", format_duration(duration_ns)),
                format_duration(limits.max_sample_duration_ns));
}

Result<void> check_sample(const SampleSpec& spec, const ClientLimits& limits) {
  const Point& point = spec.point;
  if (point.connections > limits.max_connections)
    return beyond("--max-connections", fmt::format("{} connections", point.connections),
                  std::to_string(limits.max_connections));
  if (auto fits = check_axes(point); !fits) return fits;
  for (const std::int64_t duration_ns : {spec.warmup_ns, spec.duration_ns})
    if (auto fits = check_phase_duration(duration_ns, limits); !fits) return fits;
  const std::uint64_t rate = product(point.rate_per_second, point.connections);
  if (point.workload == Workload::paced && rate > limits.max_rate_per_second)
    return beyond(
        "--max-rate",
        fmt::format("{} connections with {} messages a second each", point.connections, point.rate_per_second),
        fmt::format("{} in all", limits.max_rate_per_second));
  return check_memory(point, limits);
}

json to_json(const ClientLimits& limits) {
  return {{"max_duration_ns", limits.max_duration_ns},
          {"idle_limit_ns", limits.idle_limit_ns},
          {"max_sample_duration_ns", limits.max_sample_duration_ns},
          {"max_connections", limits.max_connections},
          {"max_memory_bytes", limits.max_memory_bytes},
          {"max_rate_per_second", limits.max_rate_per_second},
          {"max_agents", limits.max_agents}};
}

Result<ClientLimits> client_limits_from_json(const json& value) {
  try {
    ClientLimits limits;
    value.at("max_duration_ns").get_to(limits.max_duration_ns);
    value.at("idle_limit_ns").get_to(limits.idle_limit_ns);
    value.at("max_sample_duration_ns").get_to(limits.max_sample_duration_ns);
    value.at("max_connections").get_to(limits.max_connections);
    value.at("max_memory_bytes").get_to(limits.max_memory_bytes);
    value.at("max_rate_per_second").get_to(limits.max_rate_per_second);
    value.at("max_agents").get_to(limits.max_agents);
    return limits;
  } catch (const std::exception& problem) {
    return make_error(ErrorCode::bad_input, "read limits", problem.what());
  }
}

}  // namespace xover
