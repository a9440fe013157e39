// Sending with and without waiting for the other side.
#include "tests/conformance/flow.h"

#include <algorithm>

namespace xover::conformance {

namespace {

constexpr MonotonicNs quiet_ns = 100'000'000;

}  // namespace

bool Flow::arrived(std::size_t message) const {
  if (limits_.whole_messages) return arrived_messages() > message;
  return arrived_bytes() >= script_.offset(message + 1);
}

void Flow::send(Side& side, std::span<const Message> messages, std::size_t channel, std::size_t burst) {
  if (limits_.reliable || limits_.receive == Receive::none) return side.send(messages, channel, burst);
  for (std::size_t i = 0; i < messages.size(); ++i) send_one(side, messages, i, channel);
}

void Flow::send_one(Side& side, std::span<const Message> messages, std::size_t message, std::size_t channel) {
  side.send(messages.subspan(message, 1), channel, 1);
  if (limits_.reliable || limits_.receive == Receive::none) return;
  side.pump_until("message " + std::to_string(message) + " of " + std::to_string(script_.size_bytes(message)) +
                      " bytes to arrive, which nothing could push out",
                  [&] { return arrived(message); });
}

void Flow::send_without_care(Side& side, std::span<const Message> messages, std::size_t channel, std::size_t burst) {
  progress_->careless = true;
  side.send(messages, channel, burst);
  progress_->all_sent = true;
}

void Flow::offer(Side& side, std::size_t buffers, std::size_t buffer_bytes, std::size_t channel) {
  const auto check = [this, &side](Bytes bytes) {
    const std::string wrong = checker_.take(bytes);
    if (!wrong.empty()) side.accountant().complain(wrong);
    progress_->bytes = checker_.bytes();
    progress_->messages = checker_.messages();
  };
  side.receive(std::min(buffers, side.limits().max_offered), buffer_bytes, check, channel);
}

void Flow::receive_all(Side& side) {
  MonotonicNs last_news = monotonic_now_ns();
  std::size_t seen = 0;
  side.pump_until("all bytes to arrive, " + std::to_string(script_.total_bytes()) + " in all", [&] {
    if (checker_.complete()) return true;
    if (checker_.messages() != seen || !progress_->all_sent.load()) last_news = monotonic_now_ns();
    seen = checker_.messages();
    return !limits_.reliable && progress_->careless.load() && monotonic_now_ns() - last_news > quiet_ns;
  });
  if (script_.total_bytes() != 0 && checker_.messages() == 0) side.fail("nothing arrived at all");
}

}  // namespace xover::conformance
