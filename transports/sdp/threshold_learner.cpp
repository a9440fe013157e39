// Means, runs and changes of mind.
#include "transports/sdp/threshold_learner.h"

#include <cassert>

namespace xover {

namespace {

constexpr std::size_t index_of(SdpPath path) { return static_cast<std::size_t>(path); }
constexpr SdpPath other(SdpPath path) { return path == SdpPath::copy ? SdpPath::zero_copy : SdpPath::copy; }

}  // namespace

ThresholdLearner::ThresholdLearner(std::size_t start_bytes, bool fixed) : start_bytes_(start_bytes), fixed_(fixed) {
  for (std::size_t i = 0; i < classes; ++i) {
    if ((std::size_t{1} << i) >= start_bytes) sizes_[i].preferred = SdpPath::zero_copy;
  }
}

ThresholdLearner::Choice ThresholdLearner::choose(std::size_t message_bytes) noexcept {
  assert(message_bytes > 0);
  Choice choice;
  if (fixed_) {
    choice.path = message_bytes >= start_bytes_ ? SdpPath::zero_copy : SdpPath::copy;
  } else {
    SizeClass& size = sizes_[class_of(message_bytes)];
    if (size.left_of_run == 0 && ++size.chosen >= (size.runs < blocks_to_judge ? first_period : run_period)) {
      size.chosen = 0;
      ++size.runs;
      size.left_of_run = run_messages;
    }
    choice = {size.preferred, true};
    if (size.left_of_run != 0) {
      choice.path = other(size.preferred);
      choice.teaches = size.left_of_run <= run_messages - run_warm_up;
      --size.left_of_run;
      ++counts_.explored;
    }
  }
  ++(choice.path == SdpPath::copy ? counts_.copied : counts_.zero_copied);
  return choice;
}

void ThresholdLearner::learn(SdpPath path, std::size_t message_bytes, std::int64_t cost_ns) noexcept {
  assert(message_bytes > 0);
  if (fixed_) return;
  const std::size_t index = class_of(message_bytes);
  Cost& cost = sizes_[index].costs[index_of(path)];
  cost.block_ns += cost_ns;
  cost.block_bytes += message_bytes;
  if (++cost.in_block < block_messages) return;
  const double ns_per_byte = static_cast<double>(cost.block_ns) / static_cast<double>(cost.block_bytes);
  // The first blocks count alike, so that the very first does not stand for all.
  const double share = cost.blocks < 1 / weight ? 1.0 / (cost.blocks + 1) : weight;
  cost.ns_per_byte += share * (ns_per_byte - cost.ns_per_byte);
  if (cost.blocks < UINT32_MAX) ++cost.blocks;
  cost.in_block = 0;
  cost.block_ns = 0;
  cost.block_bytes = 0;
  reconsider(index);
}

void ThresholdLearner::reconsider(std::size_t index) noexcept {
  SizeClass& size = sizes_[index];
  if (!size.judged()) return;
  bool news = !size.known;
  size.known = true;
  const SdpPath challenger = other(size.preferred);
  const double present = size.costs[index_of(size.preferred)].ns_per_byte;
  if (size.costs[index_of(challenger)].ns_per_byte < hysteresis * present) {
    size.preferred = challenger;
    size.left_of_run = 0;
    ++counts_.switches;
    news = true;
  }
  if (news) tell_neighbours(index);
}

void ThresholdLearner::tell_neighbours(std::size_t index) noexcept {
  const SdpPath path = sizes_[index].preferred;
  if (path == SdpPath::zero_copy) {
    for (std::size_t i = index + 1; i < classes && !sizes_[i].judged(); ++i) sizes_[i].preferred = path;
  } else {
    for (std::size_t i = index; i > 0 && !sizes_[i - 1].judged(); --i) sizes_[i - 1].preferred = path;
  }
}

std::size_t ThresholdLearner::threshold_bytes() const noexcept {
  if (fixed_) return start_bytes_;
  std::size_t first = classes;
  while (first > 0 && sizes_[first - 1].preferred == SdpPath::zero_copy) --first;
  return first == classes ? SIZE_MAX : std::size_t{1} << first;
}

}  // namespace xover
