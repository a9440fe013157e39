// Two sessions of an SDP transport on one thread, on any link of the fabric, and streams of bytes that know where they
// belong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/payload.h"
#include "core/transport.h"
#include "tests/unit/given_back.h"
#include "tests/unit/session_pair.h"

namespace xover::test {

inline Link sdp_link(std::string_view name) {
  Link link{.name = std::string(name)};
  if (name == "local") link.options["ends"] = "threads";
  return link;
}

struct SdpSetup {
  std::size_t depth = 4;
  OptionText options;
  std::size_t channels = 1;
  std::string link = "local";
};

// `a` sends one stream, `b` receives it, unless a test does more. In the end all has been given back.
class SdpPair {
 private:
  struct Sent {
    std::vector<std::byte> bytes;
    std::vector<Segment> segments;
  };

  // Before the ends, which go first.
  GivenBack all_given_back_;
  std::vector<std::unique_ptr<Sent>> sent_;
  std::vector<std::unique_ptr<std::vector<std::byte>>> buffers_;

 public:
  using Open = std::function<std::unique_ptr<Session>()>;

  static constexpr std::uint64_t seed = 17;
  static constexpr MonotonicNs patience_ns = 20 * second;    // with a busy machine
  static constexpr MonotonicNs fault_bound_ns = 5 * second;  // from a fault until everybody has what is his

  explicit SdpPair(std::string_view id, const SdpSetup& setup = {})
      : SdpPair([&] { return open(id, setup); }, [&] { return open(id, setup); }, setup.channels) {}

  SdpPair(const Open& open_a, const Open& open_b, std::size_t channels = 1) {
    a.session = open_a();
    b.session = open_b();
    const std::string address = b.session->listen().value();
    for (std::size_t i = 0; i < channels; ++i) {
      Channel* accepted = nullptr;
      std::thread accepting([&] { accepted = b.session->accept(soon()).value(); });
      a_channels.push_back(a.session->connect(address, soon()).value());
      accepting.join();
      b_channels.push_back(accepted);
    }
    a.channel = a_channels.front();
    b.channel = b_channels.front();
    a_own_ = registered_now(*a.session);
    b_own_ = registered_now(*b.session);
  }

  // An op of the stream's next bytes; it lives as long as this. Returns its token, or 0 when it was not accepted.
  Token send(std::size_t size_bytes, std::size_t segments = 1) {
    auto& op = sent_.emplace_back(std::make_unique<Sent>());
    op->bytes.resize(size_bytes);
    fill_payload(op->bytes, seed, sent_bytes_);
    for (std::size_t i = 0; i < segments; ++i) {
      const std::size_t begin = size_bytes * i / segments, end = size_bytes * (i + 1) / segments;
      op->segments.push_back({op->bytes.data() + begin, end - begin});
    }
    const SendOp send{.token = sent_.size(), .segments = op->segments};
    if (a.channel->submit({&send, 1}).accepted == 0) {
      sent_.pop_back();
      return 0;
    }
    sent_bytes_ += size_bytes;
    return send.token;
  }

  // Offers one more buffer to receive into.
  void offer(std::size_t size_bytes) {
    auto& buffer = buffers_.emplace_back(std::make_unique<std::vector<std::byte>>(size_bytes));
    const RxBuffer given{.token = buffers_.size() - 1, .data = buffer->data(), .size_bytes = size_bytes};
    if (b.channel->offer({&given, 1}) == 0) buffers_.pop_back();
  }

  void keep_offered(std::size_t count, std::size_t size_bytes) {
    while (buffers_.size() - returned_ < count) offer(size_bytes);
  }

  // Reaps both ends, taking what arrives as the continuation of the stream, until the condition holds. Everything that
  // was seen stays in a.seen and b.seen.
  template <typename Condition>
  [[nodiscard]] bool run_until(Condition condition, MonotonicNs bound = patience_ns) {
    return reap_both_until(
        a, b,
        [&] {
          take_received();
          return condition();
        },
        bound);
  }
  // The same without a look at what arrives.
  template <typename Condition>
  [[nodiscard]] bool reap_both(Condition condition, MonotonicNs bound = patience_ns) {
    return reap_both_until(a, b, std::move(condition), bound);
  }
  // Keeps buffers of this size offered until so much of the stream has arrived.
  [[nodiscard]] bool receive(std::uint64_t stream_bytes, std::size_t buffer_bytes, MonotonicNs bound = patience_ns) {
    std::size_t back = returned_;
    offer(buffer_bytes);
    return run_until(
        [&] {
          for (; back < returned_; ++back) {
            if (arrived_bytes_ < stream_bytes) offer(buffer_bytes);
          }
          return arrived_bytes_ >= stream_bytes;
        },
        bound);
  }

  // At neither end is more registered than when they had met: with `registration=none`, once nothing is under way.
  void expect_nothing_registered() const {
    if (a.session) {
      EXPECT_EQ(registered_now(*a.session), a_own_);
    }
    if (b.session) {
      EXPECT_EQ(registered_now(*b.session), b_own_);
    }
  }

  std::uint64_t arrived_bytes() const { return arrived_bytes_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  bool intact() const { return intact_; }  // what arrived is what was sent, in order

  SessionEnd a, b;
  std::vector<Channel*> a_channels, b_channels;

 private:
  static std::unique_ptr<Session> open(std::string_view id, const SdpSetup& setup) {
    return open_session(id, setup.options, setup.depth, setup.channels, sdp_link(setup.link)).value();
  }

  void take_received() {
    for (; looked_at_ < b.seen.size(); ++looked_at_) {
      const Completion& completion = b.seen[looked_at_];
      if (!completion.moments.has(Moment::received)) continue;
      const std::span<const std::byte> bytes = std::span(*buffers_[completion.token]).first(completion.bytes);
      intact_ = intact_ && !verify_payload(bytes, seed, arrived_bytes_);
      arrived_bytes_ += completion.bytes;
      ++returned_;
    }
  }

  std::size_t looked_at_ = 0, returned_ = 0;
  std::uint64_t sent_bytes_ = 0, arrived_bytes_ = 0;
  bool intact_ = true;
  std::uint64_t a_own_ = 0, b_own_ = 0;  // registered when they had met
};

}  // namespace xover::test
