// Taking pairs, and the line that is printed of them.
#include "tests/bench/contest.h"

#include <cstdio>

#include <fmt/format.h>

#include "harness/agents/sample_runner.h"
#include "harness/analysis/statistics.h"
#include "harness/measurement/round_gate.h"

namespace xover::bench {

namespace {

struct Pair {
  double ours = 0, theirs = 0;
};

Result<Pair> take_pair(const Contest& contest, std::mt19937& order) {
  Pair pair;
  const bool ours_first = order() % 2 == 0;
  for (const bool ours : {ours_first, !ours_first}) {
    auto figure = ours ? contest.ours() : contest.theirs();
    if (!figure) return tl::make_unexpected(figure.error());
    (ours ? pair.ours : pair.theirs) = *figure;
  }
  return pair;
}

bool holds(const Target& target, const Interval& ratio) {
  return ratio.low >= target.least_low && ratio.median >= target.least_median &&
         (target.greatest_high == 0 || ratio.high <= target.greatest_high);
}

std::string wanted(const Target& target) {
  std::string text;
  if (target.least_low > 0) text += fmt::format("low >= {} ", target.least_low);
  if (target.least_median > 0) text += fmt::format("median >= {} ", target.least_median);
  if (target.greatest_high > 0) text += fmt::format("high <= {} ", target.greatest_high);
  return text;
}

}  // namespace

Result<bool> run_contest(const Contest& contest, std::size_t pairs, std::mt19937& order) {
  RoundGate gate;
  std::vector<Observation> ratios;
  std::vector<double> ours, theirs;
  std::size_t taken = 0;
  for (; ratios.size() < pairs && taken < 5 * pairs; ++taken) {
    const bool gated = !contest.cores.empty();
    if (gated) gate.before(contest.cores);
    auto pair = take_pair(contest, order);
    if (!pair) return tl::make_unexpected(pair.error());
    if (gated && !gate.after(contest.cores).ours) continue;
    ratios.push_back({0, pair->ours / pair->theirs});
    ours.push_back(pair->ours);
    theirs.push_back(pair->theirs);
  }
  const Interval ratio = estimate(ratios).interval;
  const bool held = ratios.size() >= pairs && holds(contest.target, ratio);
  const std::string wish = wanted(contest.target);
  fmt::print("{:<48} {:>8.2f} {:>8.2f} {:<20} {:.3f} ({:.3f} to {:.3f}), {} pairs of {}{}{}\n", contest.name,
             median(ours), median(theirs), contest.figure, ratio.median, ratio.low, ratio.high, ratios.size(), taken,
             wish.empty() ? "" : "; " + wish,
             wish.empty() ? ""
             : held       ? "holds"
                          : "MISSED");
  std::fflush(stdout);
  return held;
}

SampleSpec stream_spec(const std::string& variant, std::uint64_t size_bytes) {
  SampleSpec spec;
  spec.variant = *parse_variant(variant);
  spec.point.size_bytes = size_bytes;
  spec.point.pool_bytes = size_bytes;
  spec.point.touch = Touch::none;
  spec.warmup_ns = warmup_ns;
  spec.duration_ns = sample_ns;
  spec.sender_cores = {0};
  spec.receiver_cores = {1};
  return spec;
}

Result<double> xover_gbps(AgentPair& agents, const SampleSpec& spec) {
  if (auto ready = agents.make_ready(); !ready) return tl::make_unexpected(ready.error());
  return take_sample(agents, spec).map([](const Sample& sample) { return sample.goodput_gbps(); });
}

}  // namespace xover::bench
