// What one client may take of the host that serves it. Pure: nothing here opens, waits or measures.
#pragma once

#include <cstdint>

#include <nlohmann/json_fwd.hpp>

#include "core/error.h"
#include "harness/agents/sample.h"

namespace xover {

struct ClientLimits {
  std::int64_t max_duration_ns = 7'200'000'000'000;         // of its turn
  std::int64_t idle_limit_ns = 300'000'000'000;             // without a request
  std::int64_t max_sample_duration_ns = 60'000'000'000;     // of the warm-up and of the timed part of a sample, each
  std::uint64_t max_connections = 256;                      // of a sample
  std::uint64_t max_memory_bytes = std::uint64_t{4} << 30;  // of a sample's pools, and of what it has in flight
  std::uint64_t max_rate_per_second = 10'000'000;           // of a sample's paced messages, all connections together
  std::uint64_t max_agents = 4;                             // that run at the same time

  bool operator==(const ClientLimits&) const = default;
};

// Refuses a sample that goes beyond a limit, and one that `xover run` would not take from a person either. The error
// (not_permitted or bad_input) names the option of `xover serve` that would have to be greater.
Result<void> check_sample(const SampleSpec& spec, const ClientLimits& limits);

// The same for a phase, whose duration is told anew when it starts.
Result<void> check_phase_duration(std::int64_t duration_ns, const ClientLimits& limits);

// Memory that each sender's messages lie in at the most, whatever transport they are for; UINT64_MAX when it is beyond
// counting.
std::uint64_t pool_memory_bytes(const Point& point);

nlohmann::json to_json(const ClientLimits& limits);
Result<ClientLimits> client_limits_from_json(const nlohmann::json& json);

}  // namespace xover
