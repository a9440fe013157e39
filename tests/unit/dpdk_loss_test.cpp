// Two channels that believe their link to lose frames, and a hand in between that does it: what is lost is counted,
// what is left arrives whole, and nobody waits for ever.
#include <sys/socket.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/dpdk_ends.h"
#include "transports/dpdk/dpdk_channel.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

using namespace test;

constexpr std::size_t payload_bytes = 100;
constexpr std::uint32_t window_frames = 64;
constexpr std::size_t frames_of_a_message = 5;
constexpr std::size_t message_bytes = frames_of_a_message * payload_bytes - 20;
constexpr std::uint32_t connection = 7;
const Link ring{.name = "ring"};

DpdkSettings lossy_settings() {
  DpdkSettings settings;
  settings.window_frames = window_frames;
  settings.payload_bytes = payload_bytes;
  settings.lossless = false;
  return settings;
}

Limits lossy_limits() {
  Limits limits;
  limits.depth = 16;
  limits.max_op_bytes = 1 << 20;
  limits.max_segments = 16;
  return limits;
}

struct LossyEnd {
  const Limits limits = lossy_limits();
  DpdkShared shared{limits, lossy_settings()};
  std::shared_ptr<Port> port;
  std::unique_ptr<DpdkChannel> channel;
  std::vector<Completion> seen;
  bool port_is_busy = false;                 // as one that others share
  std::function<void()> behind_empty_burst;  // once

  void make(Meeting meeting) {
    for (auto* stash : {&shared.headers, &shared.frames}) {
      auto pool = MbufPool::make({.mbufs = 1024, .data_bytes = 256});
      if (!pool) throw std::runtime_error(pool.error().message());
      meeting.port->keep(*pool);
      *stash = std::make_unique<MbufStash>(std::move(*pool));
    }
    port = meeting.port;
    channel = std::make_unique<DpdkChannel>(shared, 0, std::move(meeting));
  }
  void turn() {
    std::array<rte_mbuf*, 32> frames;
    const std::uint16_t got = port->receive(frames.data(), 32);
    if (!channel) return rte_pktmbuf_free_bulk(frames.data(), got);
    for (std::uint16_t i = 0; i < got; ++i) channel->take(frames[i]);
    if (got == 0 && behind_empty_burst) std::exchange(behind_empty_burst, nullptr)();
    channel->progress();
    channel->look_around(monotonic_now_ns(), got == 0 && !port_is_busy);
    std::array<Completion, 32> out;
    const std::size_t count = channel->reap(out);
    for (std::size_t i = 0; i < count; ++i) seen.push_back(std::move(out[i]));
  }
  std::size_t missing() const { return shared.headers->missing() + shared.frames->missing(); }
};

// a and b are each on a ring of their own, whose other ends are here.
class DpdkLoss : public testing::Test {
 protected:
  void SetUp() override {
    const auto started = start_eal(ring, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
    register_with_eal();
    for (auto& side : sides_) side = side_of(ring, LinkRole::sender);
    auto left = meet(*sides_[0], *sides_[1]), right = meet(*sides_[2], *sides_[3]);
    ASSERT_TRUE(left && right);
    int sockets[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    const FrameAddress here{{2, 0, 0, 0, 0, 1}, 1, 1}, there{{2, 0, 0, 0, 0, 2}, 2, 2};
    a_.make({left->connector.port, connection, here, there, window_frames, PeerLine(FileDescriptor(sockets[0]))});
    b_.make({right->connector.port, connection, there, here, window_frames, PeerLine(FileDescriptor(sockets[1]))});
    middle_ = {left->acceptor.port, right->acceptor.port};
  }
  void TearDown() override {
    if (!a_.port) return;
    a_.seen.clear();
    b_.seen.clear();
    EXPECT_TRUE(run_until([&] { return a_.missing() + b_.missing() == 0; }))
        << a_.missing() << " and " << b_.missing() << " mbufs are missing";
  }

  void forward(std::size_t from) {
    std::array<rte_mbuf*, 32> frames;
    const std::uint16_t got = middle_[from]->receive(frames.data(), 32);
    for (std::uint16_t i = 0; i < got; ++i) {
      FrameHeader header;
      std::memcpy(&header, rte_pktmbuf_mtod_offset(frames[i], const void*, 42), sizeof header);
      if (lose && lose(from, header)) {
        ++lost_;
        rte_pktmbuf_free(frames[i]);
      } else {
        ASSERT_EQ(middle_[1 - from]->send(&frames[i], 1), 1);
      }
    }
  }
  void turn() {
    a_.turn();
    a_.seen.clear();
    forward(0);
    b_.turn();
    forward(1);
    read_messages();
  }
  template <typename Condition>
  bool run_until(Condition condition, MonotonicNs bound_ns = 10 * second) {
    for (const MonotonicNs deadline = in(bound_ns); !condition();) {
      if (monotonic_now_ns() > deadline) return false;
      turn();
    }
    return true;
  }

  // Message n is made of the bytes n, n + 1, n + 2, ...
  void send(std::size_t count) {
    memory_.resize(count);
    segments_.resize(count);
    std::size_t sent = 0;
    ASSERT_TRUE(run_until([&] {
      while (sent < count) {
        memory_[sent].resize(message_bytes);
        for (std::size_t i = 0; i < message_bytes; ++i) memory_[sent][i] = static_cast<std::byte>(sent + i);
        segments_[sent] = {memory_[sent].data(), message_bytes};
        const SendOp op{sent, {&segments_[sent], 1}};
        if (a_.channel->submit({&op, 1}).accepted == 0) return false;
        ++sent;
      }
      return true;
    })) << sent
        << " messages of " << count << " were accepted";
  }
  void read_messages() {
    for (Completion& completion : b_.seen) {
      if (completion.moments.has(Moment::closed)) closed_.push_back(completion.failure);
      if (!completion.moments.has(Moment::received)) continue;
      if (completion.piece == 0) arriving_.clear();
      const auto bytes = completion.lease.bytes();
      arriving_.insert(arriving_.end(), bytes.begin(), bytes.end());
      if (!completion.last) continue;
      EXPECT_EQ(arriving_.size(), message_bytes);
      for (std::size_t i = 1; i < arriving_.size(); ++i) {
        if (arriving_[i] != static_cast<std::byte>(std::to_integer<unsigned>(arriving_[0]) + i)) ++wrong_bytes_;
      }
      ++whole_messages_;
      arriving_.clear();
    }
    b_.seen.clear();
  }
  // b's own traffic, one small message after the other; to be called in each turn.
  void keep_sending_back() {
    const SendOp op{1, {&back_, 1}};
    (void)b_.channel->submit({&op, 1});
  }
  // A frame without payload that claims to come from the other end.
  void make_up(std::size_t from, const FrameHeader& header) {
    const FrameAddress here{{2, 0, 0, 0, 0, 1}, 1, 1}, there{{2, 0, 0, 0, 0, 2}, 2, 2};
    rte_mbuf* frame = a_.shared.headers->take();
    frame->data_len = frame->pkt_len = all_header_bytes;
    (from == 0 ? FrameTemplate(here, there, false) : FrameTemplate(there, here, false))
        .write(rte_pktmbuf_mtod(frame, std::byte*), header, 0);
    EXPECT_EQ(middle_[1 - from]->send(&frame, 1), 1);
  }
  void end_in_order() {
    a_.channel->shutdown_send();
    ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
    EXPECT_FALSE(closed_[0]) << closed_[0].operation;
  }

  std::function<bool(std::size_t from, const FrameHeader&)> lose;
  std::array<std::unique_ptr<LinkSide>, 4> sides_;
  LossyEnd a_, b_;
  std::array<std::shared_ptr<Port>, 2> middle_;
  std::vector<std::vector<std::byte>> memory_;
  std::vector<Segment> segments_;
  std::array<std::byte, payload_bytes> back_bytes_{};
  Segment back_{back_bytes_.data(), back_bytes_.size()};
  std::vector<std::byte> arriving_;
  std::vector<Failure> closed_;
  std::size_t lost_ = 0, whole_messages_ = 0, wrong_bytes_ = 0;
};

TEST_F(DpdkLoss, LostFramesAreCountedAndTheOtherMessagesArriveWhole) {
  lose = [](std::size_t, const FrameHeader& header) {
    return header.kind == FrameKind::data && header.number % 37 == 11;
  };
  send(300);
  end_in_order();
  EXPECT_GT(lost_, 30u);
  EXPECT_EQ(b_.shared.counters.lost_frames, lost_);
  EXPECT_EQ(b_.shared.counters.frames_received + lost_, 300u * frames_of_a_message);
  EXPECT_EQ(whole_messages_, 300u - lost_);  // no message has lost two
  EXPECT_EQ(b_.shared.counters.cut_messages, lost_);
  EXPECT_EQ(wrong_bytes_, 0u);
}

TEST_F(DpdkLoss, TheEndComesAlsoWhereTheLastFramesAreLost) {
  lose = [](std::size_t, const FrameHeader& header) {
    return header.kind == FrameKind::data && header.number >= 9 * frames_of_a_message + 2;
  };
  send(10);
  end_in_order();
  EXPECT_EQ(whole_messages_, 9u);
  EXPECT_EQ(b_.shared.counters.lost_frames, frames_of_a_message - 2);
}

TEST_F(DpdkLoss, ALostGrantIsAskedFor) {
  lose = [](std::size_t from, const FrameHeader&) { return from == 1; };
  send(100);
  end_in_order();
  EXPECT_EQ(whole_messages_, 100u);
  EXPECT_GT(lost_, 0u);
  EXPECT_GT(a_.shared.counters.stall_notices, 0u);
  EXPECT_EQ(b_.shared.counters.lost_frames, 0u);
}

TEST_F(DpdkLoss, ALinkThatLostAWholeWindowGoesOn) {
  const auto broken = std::make_shared<bool>(true);
  lose = [broken](std::size_t, const FrameHeader&) { return *broken; };
  std::size_t turns = 0;
  send(12);
  ASSERT_TRUE(run_until([&] { return ++turns > 1000; }));
  ASSERT_EQ(whole_messages_, 0u);
  *broken = false;
  send(100);
  end_in_order();
  EXPECT_EQ(wrong_bytes_, 0u);
  EXPECT_GE(whole_messages_, 100u - 1u);
  EXPECT_EQ(b_.shared.counters.lost_frames + b_.shared.counters.frames_received, 112u * frames_of_a_message);
}

TEST_F(DpdkLoss, AFrameThatComesTwiceIsHandedOutOnce) {
  std::size_t doubled = 0;
  lose = [&](std::size_t from, const FrameHeader& header) {
    if (from == 0 && header.kind == FrameKind::data && header.number % 20 == 3) {
      // Once more, as a network may.
      make_up(0, {.connection = connection, .part = 0, .number = header.number - 1, .granted = 0});
      ++doubled;
    }
    return false;
  };
  send(100);
  end_in_order();
  EXPECT_GT(doubled, 0u);
  EXPECT_EQ(b_.shared.counters.duplicate_frames, doubled);
  EXPECT_EQ(whole_messages_, 100u);
}

TEST_F(DpdkLoss, NumbersThatWereNeverGrantedMoveNothing) {
  send(3);
  ASSERT_TRUE(run_until([&] { return whole_messages_ == 3; }));
  for (const std::uint32_t number : {15U + window_frames, 1'000'000U, 0x7FFFFFFFU}) {
    make_up(0, {.connection = connection, .last = 1, .number = number, .granted = number});
  }
  ASSERT_TRUE(run_until([&] { return b_.shared.counters.stray_frames == 3; }));
  send(50);
  end_in_order();
  EXPECT_EQ(whole_messages_, 53u);
  EXPECT_EQ(b_.shared.counters.lost_frames, 0u);
}

TEST_F(DpdkLoss, AGrantBeyondTheWindowIsNotTaken) {
  const auto broken = std::make_shared<bool>(false);
  lose = [broken](std::size_t, const FrameHeader&) { return *broken; };
  make_up(1, {.connection = connection, .kind = FrameKind::grant, .granted = window_frames + 1});
  make_up(1, {.connection = connection, .kind = FrameKind::grant, .granted = 1'000'000});
  ASSERT_TRUE(run_until([&] { return a_.shared.counters.grants_received == 2; }));
  *broken = true;
  for (auto& bytes : memory_ = std::vector(16, std::vector<std::byte>(message_bytes))) {
    segments_.push_back({bytes.data(), bytes.size()});
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const SendOp op{i, {&segments_[i], 1}};
    ASSERT_EQ(a_.channel->submit({&op, 1}).accepted, 1u);
  }
  for (int turn = 0; turn < 10; ++turn) a_.channel->progress();
  EXPECT_EQ(a_.shared.counters.frames_sent, window_frames);
}

TEST_F(DpdkLoss, WhatComesBetweenAnEmptyBurstAndTheNoticeOfTheEndIsHandedOut) {
  std::vector<std::byte> memory(message_bytes);
  for (std::size_t i = 0; i < message_bytes; ++i) memory[i] = static_cast<std::byte>(i);
  const Segment segment{memory.data(), message_bytes};
  b_.behind_empty_burst = [&] {
    const SendOp op{1, {&segment, 1}};
    ASSERT_EQ(a_.channel->submit({&op, 1}).accepted, 1u);
    a_.channel->shutdown_send();
    forward(0);
    a_.channel.reset();
  };
  ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
  EXPECT_FALSE(closed_[0]) << closed_[0].operation;
  EXPECT_EQ(whole_messages_, 1u);
  EXPECT_EQ(b_.shared.counters.lost_frames, 0u);
}

TEST_F(DpdkLoss, AMessageWithoutItsBeginningBehindOneWithoutItsMiddleIsCountedToo) {
  lose = [](std::size_t, const FrameHeader& header) {
    return header.kind == FrameKind::data && (header.number == 1 || header.number == frames_of_a_message);
  };
  send(10);
  end_in_order();
  EXPECT_EQ(b_.shared.counters.cut_messages, 2u);
  EXPECT_EQ(whole_messages_, 8u);
}

TEST_F(DpdkLoss, TrafficTheOtherWayHidesNoLostWindow) {
  lose = [](std::size_t from, const FrameHeader& header) { return from == 0 && header.kind == FrameKind::data; };
  send(16);
  // The rest goes once the receiver was asked about the first window, and has granted another.
  EXPECT_TRUE(run_until([&] {
    keep_sending_back();
    return a_.shared.counters.frames_sent == 16 * frames_of_a_message;
  }));
  EXPECT_EQ(b_.shared.counters.lost_frames, window_frames);
}

TEST_F(DpdkLoss, TrafficTheOtherWayDoesNotPutOffTheEnd) {
  lose = [](std::size_t from, const FrameHeader& header) {
    return from == 0 && header.kind == FrameKind::data && header.number >= 12;
  };
  send(4);
  a_.channel->shutdown_send();
  ASSERT_TRUE(run_until([&] {
    keep_sending_back();
    return !closed_.empty();
  }));
  EXPECT_FALSE(closed_[0]) << closed_[0].operation;
  EXPECT_EQ(whole_messages_, 2u);
}

TEST_F(DpdkLoss, APortThatIsNeverEmptyDoesNotPutOffTheEndForEver) {
  b_.port_is_busy = true;
  send(20);
  end_in_order();
  EXPECT_EQ(whole_messages_, 20u);
}

}  // namespace
}  // namespace xover
