// Sizes are written as bytes where programs read them, and as people write them elsewhere.
#include "harness/reports/threshold_snippet.h"

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/units.h"
#include "harness/experiment/axes.h"
#include "harness/reports/threshold_text.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::string_view head = R"(# {} or {}: from which message size on not to copy, by {}.
# Found by `xover threshold` in {}.
#
# An application sends messages of `bytes` and more without a copy, with so many connections in use.
{}
[run]
summary = "{}"
rounds = 10
restarts = 2
duration = "100ms"
warmup = "10ms"
)";

constexpr std::string_view for_automatic =
    R"(# sdp.auto takes one as its option: sdp.auto[threshold=SIZE] keeps it, sdp.auto[first_threshold=SIZE] begins with
# it and goes on learning. `xover run` with this file holds it against both.
)";
constexpr std::string_view about_automatic = "Is sdp.auto with its thresholds as good as the better of the two?";
constexpr std::string_view about_both = "Which of the two is ahead, and where?";

std::string in_quotes_of_toml(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string threshold_table(const ThresholdAdvice& advice) {
  std::string text =
      fmt::format("\n# {}\n[[threshold]]\nconnections = {}\n", advice_sentence(advice), advice.connections);
  text += fmt::format("bytes = {}\nverdict = \"{}\"\n", advice.threshold_bytes,
                      advice.judged ? name_of(advice.verdict) : "too_few_rounds");
  if (advice.verdict == CrossoverVerdict::at)
    text += fmt::format("low_bytes = {:.0f}\nhigh_bytes = {:.0f}\n", advice.size_bytes.low, advice.size_bytes.high);
  return text;
}

// Every axis that is not as usual, but those that are told anyway.
std::string other_axes(const Point& point) {
  std::string text;
  for (const Axis& axis : axes()) {
    if (axis.name == "size" || axis.name == "connections" || axis.name == "link") continue;
    if (axis.get(point) == axis.get(Point{})) continue;
    text += fmt::format("{} = {}\n", axis.name, in_quotes_of_toml(axis.get(point)));
  }
  return text;
}

std::string experiment_table(const ThresholdFound& found, const ThresholdAdvice& advice) {
  std::vector<std::string> transports{in_quotes_of_toml(found.copy.text()), in_quotes_of_toml(found.zerocopy.text())};
  const std::string automatic = automatic_variant(found.copy, found.zerocopy, advice.threshold_bytes);
  if (!automatic.empty()) transports.push_back(in_quotes_of_toml(automatic));
  const Point& point = found.sweep.plan.points.front().point;
  std::vector<std::string> sizes;
  for (std::uint64_t size = advice.sizes_tested.front(); size <= advice.sizes_tested.back(); size *= 4)
    sizes.push_back(in_quotes_of_toml(format_size(size)));
  return fmt::format("\n[[experiment]]\ntransports = [{}]\n[experiment.axes]\nsize = [{}]\nconnections = {}\n{}",
                     fmt::join(transports, ", "), fmt::join(sizes, ", "), advice.connections, other_axes(point));
}

}  // namespace

std::string threshold_snippet(const ThresholdFound& found) {
  const Metric metric = found.chief_metric();
  const bool automatic = !automatic_variant(found.copy, found.zerocopy, never_bytes).empty();
  std::string text =
      fmt::format(head, found.copy.name(), found.zerocopy.name(), name_of(metric), format_duration(found.elapsed_ns),
                  automatic ? for_automatic : "", automatic ? about_automatic : about_both);
  const auto chief = found.by(metric);
  for (const ThresholdAdvice* advice : chief) text += threshold_table(*advice);
  for (const ThresholdAdvice* advice : chief) text += experiment_table(found, *advice);
  return text;
}

}  // namespace xover
