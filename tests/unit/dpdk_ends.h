// Two ends of a DPDK link within one test, and frames between them: 64 bytes each, filled with the frame's number.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "transports/dpdk/eal.h"
#include "transports/dpdk/link_side.h"

namespace xover::test {

inline constexpr MonotonicNs second = 1'000'000'000;

inline MonotonicNs in(MonotonicNs duration_ns) { return monotonic_now_ns() + duration_ns; }

inline std::unique_ptr<LinkSide> side_of(const Link& link, LinkRole role, const LinkSideShape& shape = {1, 256}) {
  auto side = LinkSide::open(link, role, shape);
  EXPECT_TRUE(side) << side.error().message();
  return side ? std::move(*side) : nullptr;
}

struct DpdkPair {
  Meeting acceptor, connector;
};

inline Result<DpdkPair> meet(LinkSide& acceptor, LinkSide& connector) {
  const auto address = acceptor.listen();
  if (!address) return tl::make_unexpected(address.error());
  auto accepted = std::async(std::launch::async, [&] { return acceptor.accept(in(5 * second)); });
  auto connected = connector.connect(*address, in(5 * second));
  auto other = accepted.get();
  if (!connected) return tl::make_unexpected(connected.error());
  if (!other) return tl::make_unexpected(other.error());
  return DpdkPair{std::move(*other), std::move(*connected)};
}

// How many went; fewer when the pool or the port takes no more.
inline std::size_t send_frames(Port& port, MbufPool& pool, std::size_t count, std::size_t first = 0) {
  std::size_t sent = 0;
  while (sent < count) {
    rte_mbuf* frame = rte_pktmbuf_alloc(pool.get());
    if (frame == nullptr) break;
    std::memset(rte_pktmbuf_append(frame, 64), static_cast<int>((first + sent) & 0xff), 64);
    if (port.send(&frame, 1) == 0) {
      rte_pktmbuf_free(frame);
      break;
    }
    ++sent;
  }
  return sent;
}

// How many came in order within the bound.
inline std::size_t receive_frames(Port& port, std::size_t count, MonotonicNs deadline) {
  std::size_t received = 0;
  while (received < count && monotonic_now_ns() < deadline) {
    std::array<rte_mbuf*, 32> frames;
    const std::uint16_t got =
        port.receive(frames.data(), static_cast<std::uint16_t>(std::min(count - received, frames.size())));
    for (std::uint16_t at = 0; at < got; ++at) {
      EXPECT_EQ(*rte_pktmbuf_mtod(frames[at], unsigned char*), received & 0xff);
      EXPECT_EQ(rte_pktmbuf_pkt_len(frames[at]), 64u);
      rte_pktmbuf_free(frames[at]);
      ++received;
    }
  }
  return received;
}

// A pool to send from, of which every mbuf is back when the test ends.
class DpdkEnds : public testing::Test {
 protected:
  // Skips the test where DPDK does not start.
  void start_with(const Link& link) {
    const auto started = start_eal(link, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
    register_with_eal();
    auto made = MbufPool::make({.mbufs = 4096, .data_bytes = 256});
    ASSERT_TRUE(made) << made.error().message();
    pool_ = *made;
  }
  void TearDown() override {
    if (pool_) {
      EXPECT_EQ(pool_->in_use(), 0u);
    }
  }

  std::shared_ptr<MbufPool> pool_;
};

// A frame on a link with others' frames on it: type 0x88b5, for experiments (IEEE 802), and 0x5a from there on.
inline void send_addressed(Port& from, const std::array<std::uint8_t, 6>& to, const MbufPool& pool) {
  rte_mbuf* frame = rte_pktmbuf_alloc(pool.get());
  if (frame == nullptr) return;
  auto* const bytes = reinterpret_cast<unsigned char*>(rte_pktmbuf_append(frame, 1000));
  std::memset(bytes, 0x5a, 1000);
  std::ranges::copy(to, bytes);
  std::ranges::copy(from.traits().mac, bytes + 6);
  bytes[12] = 0x88;
  bytes[13] = 0xb5;
  if (from.send(&frame, 1) == 0) rte_pktmbuf_free(frame);
}

inline bool is_addressed(const rte_mbuf& frame) { return *rte_pktmbuf_mtod_offset(&frame, unsigned char*, 20) == 0x5a; }

}  // namespace xover::test
