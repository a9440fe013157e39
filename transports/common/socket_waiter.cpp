// Blocking in recv or send where possible, ppoll elsewhere.
#include "transports/common/socket_waiter.h"

#include <time.h>

#include <algorithm>

#include "transports/common/timespec.h"

namespace xover {

namespace {

// The sockets' timeouts are half of what the contract allows a wait to be late.
constexpr MonotonicNs longest_late_ns = 20'000'000;
constexpr MonotonicNs near_ns = longest_late_ns / 2;
constexpr MonotonicNs stall_pause_ns = 1'000'000;
constexpr int idle_wakes_before_pause = 3;

MonotonicNs coarse_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

SocketWaiter::SocketWaiter(const SocketShared& shared, const std::vector<std::unique_ptr<SocketChannel>>& channels,
                           std::size_t max_channels)
    : shared_(shared), channels_(channels), watched_(2 * max_channels) {}

void SocketWaiter::wait(MonotonicNs deadline) noexcept {
  if (!shared_.completions.empty()) return;
  if (channels_.size() == 1) {
    // A near deadline is kept exactly, by ppoll: a paced sender wakes by it. Whether it is near, the coarse clock tells
    // in a tenth of the exact one's time, which a ping-pong would feel.
    const auto on = channels_[0]->may_block();
    if (on != SocketChannel::Block::none && deadline - coarse_now_ns() > near_ns) {
      return channels_[0]->block(on);
    }
  }
  for (const auto& channel : channels_) channel->look_for_notifications();
  if (shared_.completions.empty()) poll_all(deadline);
}

void SocketWaiter::poll_all(MonotonicNs deadline) noexcept {
  MonotonicNs longest = std::min(deadline - monotonic_now_ns(), longest_late_ns);
  const std::size_t count = channels_.size();
  for (std::size_t i = 0; i < count; ++i) {
    watched_[i] = channels_[i]->interest();
    if (shared_.second_sockets) watched_[count + i] = channels_[i]->second_interest();
    if (channels_[i]->stalled()) longest = std::min(longest, stall_pause_ns);
  }
  // An event that reaping does not clear (a hang-up while notifications are awaited) must not make this a spin.
  if (shared_.steps != steps_at_last_wake_) idle_wakes_ = 0;
  steps_at_last_wake_ = shared_.steps;
  if (idle_wakes_ >= idle_wakes_before_pause) {
    const timespec pause = to_timespec(std::min(longest, stall_pause_ns));
    clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  }
  const timespec timeout = to_timespec(idle_wakes_ >= idle_wakes_before_pause ? 0 : longest);
  const int ready = ppoll(watched_.data(), shared_.second_sockets ? 2 * count : count, &timeout, nullptr);
  for (const auto& channel : channels_) channel->pause_is_over();
  idle_wakes_ = ready > 0 ? idle_wakes_ + 1 : 0;
  if (ready <= 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    channels_[i]->take_events(watched_[i].revents);
    if (shared_.second_sockets) channels_[i]->take_second_events(watched_[count + i].revents);
  }
}

}  // namespace xover
