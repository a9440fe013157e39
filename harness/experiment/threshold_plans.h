// The runs that `xover threshold` is made of, as plans: the sweep that finds the threshold, short sweeps under other
// conditions that show how it moves, and fresh rounds at what was found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "harness/experiment/experiment_text.h"
#include "harness/experiment/plan.h"

namespace xover {

struct ThresholdQuestion {
  Placed copy{"sdp.bcopy", "--copy"}, zerocopy{"sdp.read_zcopy", "--zerocopy"};
  std::optional<Placed> peer, clocks_agree_within;  // settings, as for a run
  AxisLists axes;                                   // as for a run; of all but `size` and `connections` one value each
  std::int64_t budget_ns = 0;
  bool gate = true;
  std::uint64_t seed = 1;
  std::int64_t sample_overhead_ns = 70'000'000;  // of a sample beside its duration: a guess, until some were taken
};

// Shares of the budget; what one part leaves over the next ones have.
inline constexpr double sweep_share = 0.6, conditions_share = 0.2;

// No sample is shorter.
inline constexpr std::int64_t least_duration_ns = 15'000'000;

// Every check that does not need the machine. Errors have code bad_input and name the flag.
Result<Plan> sweep_plan(const ThresholdQuestion& question, std::int64_t budget_ns);

// A circumstance that moves the threshold.
struct Condition {
  std::string_view name;    // "nothing stays registered"
  std::string_view option;  // of the zero-copy variant; empty: an axis
  std::string_view axis;
  std::string_view value;
  std::string_view without;  // why it cannot be measured, where it cannot: "has no cache of registered memory"
};
std::vector<Condition> conditions();

// At the first number of connections, round `threshold_bytes`. An error where the condition makes no sense here.
Result<Plan> condition_plan(const ThresholdQuestion& question, const Condition& condition,
                            std::uint64_t threshold_bytes, std::int64_t budget_ns);

// The threshold found for a number of connections, and the sizes at which it is to be checked.
struct ChosenThreshold {
  std::uint32_t connections = 1;
  std::uint64_t threshold_bytes = 0;
  std::vector<std::uint64_t> sizes;
};

// The transport that takes a threshold and decides between these two by it, as
// "sdp.auto[threshold=64K]@local=sdp.auto"; empty where there is none.
std::string automatic_variant(const Variant& copy, const Variant& zerocopy, std::uint64_t threshold_bytes);

// Both variants and the one that decides, where there is one. `copy` and `zerocopy` are as the sweep's plan has them.
Result<Plan> fresh_plan(const ThresholdQuestion& question, const Variant& copy, const Variant& zerocopy,
                        const std::vector<ChosenThreshold>& chosen, std::int64_t budget_ns);

// Whether the question is about a model in virtual time: one round says all there.
bool in_virtual_time(const ThresholdQuestion& question);

}  // namespace xover
