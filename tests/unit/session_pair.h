// Both ends of one connection, and everything that was reaped on each side, for the tests of socket transports. The end
// that accepts does so on another thread and is used on this one, because UDP's ends wait for each other.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/transport.h"

namespace xover::test {

inline constexpr MonotonicNs second = 1'000'000'000;

inline MonotonicNs soon() { return monotonic_now_ns() + 5 * second; }

inline Result<std::unique_ptr<Session>> open_session(std::string_view id, const OptionText& text = {},
                                                     std::size_t depth = 4, std::size_t channels = 1,
                                                     const Link& link = {}) {
  const Descriptor* row = find_transport(id);
  if (row == nullptr) throw std::runtime_error("no such row");
  auto options = Options::resolve(id, row->options, text);
  if (!options) return tl::make_unexpected(options.error());
  return row->open({.link = link, .options = std::move(*options), .max_channels = channels, .depth = depth});
}

// Empty where this transport can be used here.
inline std::string why_not(std::string_view id) { return find_transport(id)->probe({}).cause; }

inline std::uint64_t counter(const Session& session, std::string_view name) {
  for (const Counter& counter : session.counters()) {
    if (counter.name == name) return counter.value;
  }
  throw std::runtime_error("no such counter");
}

inline std::byte pattern_at(std::size_t place) { return static_cast<std::byte>(place * 131 + place / 251); }

inline std::vector<std::byte> pattern(std::size_t size_bytes) {
  std::vector<std::byte> bytes(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = pattern_at(i);
  return bytes;
}

struct SessionEnd {
  std::unique_ptr<Session> session;
  Channel* channel = nullptr;
  std::vector<Completion> seen;

  std::size_t reap() {
    Completion batch[16];
    const std::size_t count = session->reap(batch);
    for (std::size_t i = 0; i < count; ++i) seen.push_back(std::move(batch[i]));
    return count;
  }
  std::size_t count(Moment moment) const {
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [&](const Completion& c) { return c.moments.has(moment); }));
  }
  std::size_t received_bytes() const {
    std::size_t bytes = 0;
    for (const Completion& c : seen) bytes += c.moments.has(Moment::received) ? c.bytes : 0;
    return bytes;
  }
  const Completion* first(Moment moment) const {
    const auto found = std::ranges::find_if(seen, [&](const Completion& c) { return c.moments.has(moment); });
    return found == seen.end() ? nullptr : &*found;
  }
  const Completion* last(Moment moment) const {
    const auto found =
        std::find_if(seen.rbegin(), seen.rend(), [&](const Completion& c) { return c.moments.has(moment); });
    return found == seen.rend() ? nullptr : &*found;
  }
  std::uint64_t counter(std::string_view name) const { return test::counter(*session, name); }
};

// Reaps both ends, as far as their sessions are there, until the condition holds; false: the bound has passed.
template <typename Condition>
[[nodiscard]] bool reap_both_until(SessionEnd& a, SessionEnd& b, Condition condition, MonotonicNs bound) {
  for (const MonotonicNs deadline = monotonic_now_ns() + bound; !condition();) {
    if (monotonic_now_ns() > deadline) return false;
    if (a.session) a.reap();
    if (b.session) b.reap();
  }
  return true;
}

// `a` connects to `b`.
struct SessionPair {
  SessionEnd a, b;

  explicit SessionPair(std::string_view id, std::size_t depth = 4, const OptionText& a_text = {},
                       const OptionText& b_text = {}) {
    a.session = open_session(id, a_text, depth).value();
    b.session = open_session(id, b_text, depth).value();
    const std::string address = b.session->listen().value();
    std::thread accepting([&] { b.channel = b.session->accept(soon()).value(); });
    a.channel = a.session->connect(address, soon()).value();
    accepting.join();
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound = 5 * second) {
    return reap_both_until(a, b, std::move(condition), bound);
  }
};

}  // namespace xover::test
