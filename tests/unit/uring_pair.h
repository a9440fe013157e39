// Both ends of one io_uring connection, and everything that was reaped on each side. The end that accepts does so on
// another thread and is used on this one, as sessions may be.
#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/transport.h"
#include "transports/uring/uring.h"

namespace xover {

inline MonotonicNs uring_soon() { return monotonic_now_ns() + 5'000'000'000; }

inline const Descriptor& uring_row(std::string_view id) {
  for (const Descriptor& descriptor : uring_transports()) {
    if (descriptor.id == id) return descriptor;
  }
  throw std::runtime_error("no such row");
}

inline Result<std::unique_ptr<Session>> open_uring_session(std::string_view id, const OptionText& text,
                                                           std::size_t depth = 4) {
  const Descriptor& row = uring_row(id);
  OpenParameters parameters;
  parameters.options = Options::resolve(row.id, row.options, text).value();
  parameters.depth = depth;
  parameters.max_channels = 1;
  return row.open(parameters);
}

// Empty where io_uring can be used here.
inline std::string why_no_uring(std::string_view id) { return uring_row(id).probe({}).cause; }

struct UringEnd {
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
    const auto found =
        std::find_if(seen.begin(), seen.end(), [&](const Completion& c) { return c.moments.has(moment); });
    return found == seen.end() ? nullptr : &*found;
  }
  std::uint64_t counter(std::string_view name) const {
    for (const Counter& counter : session->counters()) {
      if (counter.name == name) return counter.value;
    }
    throw std::runtime_error("no such counter");
  }
};

struct UringPair {
  UringEnd a, b;

  explicit UringPair(std::string_view id, std::size_t depth = 4, const OptionText& a_text = {},
                     const OptionText& b_text = {}) {
    a.session = open_uring_session(id, a_text, depth).value();
    b.session = open_uring_session(id, b_text, depth).value();
    const std::string address = b.session->listen().value();
    std::thread accepting([&] { b.channel = b.session->accept(uring_soon()).value(); });
    a.channel = a.session->connect(address, uring_soon()).value();
    accepting.join();
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition) {
    for (const MonotonicNs deadline = uring_soon(); !condition();) {
      if (monotonic_now_ns() > deadline) return false;
      if (a.session) a.reap();
      if (b.session) b.reap();
    }
    return true;
  }
};

}  // namespace xover
