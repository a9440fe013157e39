// Means that follow the machine.
#include "harness/agents/round_times.h"

#include <algorithm>

namespace xover {

void RoundTimes::took(std::size_t point, std::int64_t round_ns, bool accepted) {
  Times& times = points_[point];
  const auto taken_ns = static_cast<double>(round_ns);
  // The first rounds count alike, so that the very first, which starts the agents, does not stand for all.
  const double share = std::max(weight, 1.0 / ++times.rounds);
  times.mean_ns += share * (taken_ns - times.mean_ns);
  taken_ns_ += taken_ns;
  guessed_ns_ += static_cast<double>(times.guess_ns);
  ++rounds_;
  accepted_ += accepted;
}

std::int64_t RoundTimes::round_ns(std::size_t point) const {
  const Times& times = points_[point];
  if (times.rounds > 0) return static_cast<std::int64_t>(times.mean_ns);
  const double off = guessed_ns_ > 0 ? taken_ns_ / guessed_ns_ : 1;
  return static_cast<std::int64_t>(off * static_cast<double>(times.guess_ns));
}

// One round more than there were, of which none was rejected: so that the first rejection does not double all.
std::int64_t RoundTimes::accepted_round_ns(std::size_t point) const {
  const double taken_for_one = static_cast<double>(rounds_ + 1) / static_cast<double>(accepted_ + 1);
  return static_cast<std::int64_t>(taken_for_one * static_cast<double>(round_ns(point)));
}

}  // namespace xover
