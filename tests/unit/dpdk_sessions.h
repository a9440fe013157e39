// Both ends of a DPDK connection within this process, used from one thread, and messages that are checked when they
// arrive. Each test ends with all mbufs back where they came from, which the destructor looks at, also for an end whose
// session went before.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/payload.h"
#include "tests/unit/session_pair.h"
#include "transports/dpdk/mbuf_pool.h"

namespace xover::test {

inline constexpr std::uint64_t dpdk_seed = 77;

inline Link ring_link(std::size_t mtu_bytes = 1500) {
  return {.name = "ring", .argument = {}, .options = {{"mtu", std::to_string(mtu_bytes)}}};
}

// Empty where DPDK can be used here.
inline std::string why_no_dpdk() { return find_transport("dpdk.copy")->probe(ring_link()).cause; }

#define REQUIRE_DPDK() \
  if (const auto why = xover::test::why_no_dpdk(); !why.empty()) GTEST_SKIP() << why

struct DpdkSetup {
  std::size_t depth = 8;
  OptionText options{};  // of both ends
  Link link = ring_link();
  std::size_t channels = 1;
};

// One op's payload: in one field, or in as many as it has buffers or was asked for.
struct Outgoing {
  std::vector<Segment> segments;
  std::uint64_t first_byte = 0;  // of the pattern
  std::uint64_t size_bytes = 0;
};

struct DpdkSessions {
  std::deque<std::vector<Outgoing>> lent;  // what ops point to, which outlives the sessions
  SessionEnd a, b;                         // a connects to b
  std::vector<Channel*> a_channels, b_channels;

  const std::size_t lost_before = MbufPool::lost();

  explicit DpdkSessions(std::string_view id, const DpdkSetup& setup = {}) {
    a.session = open_session(id, setup.options, setup.depth, setup.channels, setup.link).value();
    b.session = open_session(id, setup.options, setup.depth, setup.channels, setup.link).value();
    const std::string address = b.session->listen().value();
    std::thread accepting([&] {
      for (std::size_t i = 0; i < setup.channels; ++i) b_channels.push_back(b.session->accept(soon()).value());
    });
    for (std::size_t i = 0; i < setup.channels; ++i) a_channels.push_back(a.session->connect(address, soon()).value());
    accepting.join();
    a.channel = a_channels.front();
    b.channel = b_channels.front();
  }
  DpdkSessions(const DpdkSessions&) = delete;
  DpdkSessions& operator=(const DpdkSessions&) = delete;
  ~DpdkSessions() {
    const auto abort_all = [](const SessionEnd& end, const std::vector<Channel*>& channels) {
      if (!end.session) return;
      for (Channel* channel : channels) channel->abort();
    };
    abort_all(a, a_channels);
    abort_all(b, b_channels);
    EXPECT_TRUE(reap_until([&] {
      a.seen.clear();
      b.seen.clear();
      return has_all_back(a) && has_all_back(b);
    })) << "mbufs are missing, or a channel has not ended";
    a.session.reset();
    b.session.reset();
    EXPECT_EQ(MbufPool::lost(), lost_before);
  }

  static bool has_all_back(const SessionEnd& end) {
    if (!end.session) return true;
    const std::vector<Counter> counters = end.session->counters();
    const auto missing = std::ranges::find(counters, "mbufs_missing", &Counter::name);
    return missing != counters.end() && missing->value == 0;  // counted once all channels have ended
  }

  // Messages in a's arena, each in so many fields where the transport has no buffers of its own.
  std::vector<Outgoing>& messages(const std::vector<std::size_t>& sizes, std::size_t fields = 1) {
    return messages_of(*a.session, sizes, fields);
  }
  std::vector<Outgoing>& messages_of(Session& session, const std::vector<std::size_t>& sizes, std::size_t fields = 1) {
    const std::size_t buffer_bytes = session.limits().buffer_bytes;
    std::size_t total = 1;
    for (const std::size_t size : sizes) {
      total += buffer_bytes == 0 ? size : (size / buffer_bytes + fields + 1) * buffer_bytes;
    }
    const std::vector<Segment> memory = session.arena(total).value();
    std::vector<Outgoing>& all = lent.emplace_back();
    std::size_t buffer = 0;
    std::uint64_t at = 0;
    for (const std::size_t size : sizes) {
      Outgoing message{{}, at, size};
      const std::size_t field_bytes = std::max<std::size_t>(1, (size + fields - 1) / fields);
      for (std::size_t done = 0; done < size;) {
        std::size_t run = std::min(field_bytes, size - done);
        if (buffer_bytes != 0) run = std::min(run, buffer_bytes);
        std::byte* data = buffer_bytes != 0 ? memory.at(buffer++).data : memory.at(0).data + at + done;
        fill_payload({data, run}, dpdk_seed, at + done);
        message.segments.push_back({data, run});
        done += run;
      }
      at += size;
      all.push_back(std::move(message));
    }
    return all;
  }

  // Sends what can be sent now; returns how many of all are gone.
  std::size_t send_some(const std::vector<Outgoing>& all, std::size_t gone, Channel* channel = nullptr) {
    while (gone < all.size()) {
      const SendOp op{gone, all[gone].segments};
      if ((channel != nullptr ? channel : a.channel)->submit({&op, 1}).accepted == 0) break;
      ++gone;
    }
    return gone;
  }

  // Takes apart what an end has seen of messages, and gives the leases back.
  struct Arrived {
    std::size_t messages = 0;
    std::uint64_t bytes = 0;
    std::size_t wrong = 0;  // pieces whose bytes are not the next ones, or that are out of order
    std::uint16_t next_piece = 0;
  };
  static void take(SessionEnd& end, Arrived& arrived) {
    std::vector<Completion> others;
    for (Completion& completion : end.seen) {
      if (!completion.moments.has(Moment::received)) {
        others.push_back(std::move(completion));
        continue;
      }
      if (completion.piece != arrived.next_piece) ++arrived.wrong;
      if (verify_payload(completion.lease.bytes(), dpdk_seed, arrived.bytes)) ++arrived.wrong;
      arrived.bytes += completion.bytes;
      arrived.messages += completion.last ? 1 : 0;
      arrived.next_piece = completion.last ? 0 : completion.piece + 1;
    }
    end.seen = std::move(others);
  }

  // From a to b, all of it, checked.
  void transfer(const std::vector<Outgoing>& all) {
    Arrived arrived;
    std::size_t gone = 0;
    EXPECT_TRUE(reap_until([&] {
      gone = send_some(all, gone);
      take(b, arrived);
      return arrived.messages == all.size() && a.count(Moment::released) == all.size();
    })) << arrived.messages
        << " messages of " << all.size() << " arrived, " << a.count(Moment::released) << " were released";
    EXPECT_EQ(arrived.wrong, 0u);
    EXPECT_EQ(a.count(Moment::sent), all.size());
    a.seen.clear();
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound = 10 * second) {
    return reap_both_until(a, b, std::move(condition), bound);
  }
};

}  // namespace xover::test
