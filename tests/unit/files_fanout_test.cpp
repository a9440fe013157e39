// tcp.tee to several channels: receivers of different speed, one that dies, one that is busy.
#include "tests/unit/files_pair.h"

namespace xover::test {
namespace {

constexpr std::size_t channels = 3;
constexpr std::size_t size_bytes = 5'000'001;

struct Sink {
  std::vector<std::byte> bytes = std::vector<std::byte>(size_bytes);
  std::size_t filled = 0, lent = 0;
  bool full() const { return filled == size_bytes; }
};

struct Fan : FilePair {
  std::vector<std::byte> memory = pattern(size_bytes);
  Segment segment{memory.data(), memory.size(), -1, 0};
  Sink sinks[channels];

  explicit Fan(std::size_t depth = 4, const char* pipe_size = "256K")
      : FilePair("tcp.tee", {{"send_buffer", "64K"}, {"receive_buffer", "64K"}, {"pipe_size", pipe_size}}, depth,
                 channels) {}

  Submitted fan_out(Token token) {
    const SendOp op{token, {&segment, 1}};
    return sender.session->fanout()->submit(op, sender.channels);
  }
  bool released(Token token) const { return sender.find(Moment::released, token) != nullptr; }

  // One pass: a buffer of that size, 0 for none, is kept offered on each channel.
  void pump(const std::vector<std::size_t>& pieces) {
    for (std::size_t c = 0; c < channels; ++c) {
      Sink& sink = sinks[c];
      const std::size_t piece = std::min(pieces[c], size_bytes - sink.filled);
      if (sink.lent != 0 || piece == 0) continue;
      const RxBuffer buffer{c, sink.bytes.data() + sink.filled, piece};
      if (receiver.channels[c]->offer({&buffer, 1}) == 1) sink.lent = piece;
    }
    sender.reap();
    const std::size_t seen = receiver.seen.size();
    receiver.reap();
    for (std::size_t i = seen; i < receiver.seen.size(); ++i) {
      const Completion& completion = receiver.seen[i];
      if (!completion.moments.has(Moment::received)) continue;
      sinks[completion.channel].filled += completion.bytes;
      sinks[completion.channel].lent = 0;
    }
  }
};

TEST(FilesFanout, ReceiversOfDifferentSpeedAllGetEverything) {
  Fan fan;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  EXPECT_EQ(fan.fan_out(2).stop, Stop::busy);
  EXPECT_EQ(fan.sender.send(3, {fan.segment}, 1).stop, Stop::busy);
  const auto all_there = [&] { return std::ranges::all_of(fan.sinks, &Sink::full); };
  for (const MonotonicNs end = soon(); !all_there() && monotonic_now_ns() < end;) {
    fan.pump({1'000'000, 100'000, 10'000});
    EXPECT_FALSE(fan.released(1) && fan.sinks[2].filled < size_bytes / 2);
  }
  for (const Sink& sink : fan.sinks) EXPECT_TRUE(sink.bytes == fan.memory);
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(1); }));
  EXPECT_EQ(fan.sender.count(Moment::released), 1u);
  EXPECT_EQ(fan.sender.count(Moment::sent), 1u);
  EXPECT_EQ(fan.sender.find(Moment::released)->channel, 0u);
  EXPECT_EQ(fan.sender.find(Moment::released)->bytes, size_bytes);
  for (const Channel* channel : fan.sender.channels) EXPECT_EQ(channel->ledger()[Handover::zero_copied], size_bytes);
  EXPECT_GE(counter(*fan.sender.session, "tee_calls"), 2u);
}

// The others have taken all that they were given and wait for this one alone.
TEST(FilesFanout, WhenTheSlowestDiesTheOthersGoOn) {
  Fan fan;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  for (const MonotonicNs end = monotonic_now_ns() + second / 5; monotonic_now_ns() < end;)
    fan.pump({50'000, 50'000, 0});
  ASSERT_GT(fan.sinks[0].filled, 0u);
  ASSERT_FALSE(fan.sinks[0].full() || fan.sinks[1].full());
  EXPECT_EQ(fan.sinks[0].filled, fan.sinks[1].filled);
  fan.receiver.channels[2]->abort();
  const auto both = [&] { return fan.sinks[0].full() && fan.sinks[1].full(); };
  for (const MonotonicNs end = soon(); !both() && monotonic_now_ns() < end;) fan.pump({50'000, 50'000, 0});
  EXPECT_TRUE(fan.sinks[0].bytes == fan.memory);
  EXPECT_TRUE(fan.sinks[1].bytes == fan.memory);
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(1); }));
  EXPECT_EQ(fan.sender.find(Moment::released)->failure.code, ErrorCode::peer_died);
}

void expect_the_others_to_get_everything(std::size_t dead) {
  Fan fan;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  fan.receiver.channels[dead]->abort();
  std::vector<std::size_t> pieces(channels, 50'000);
  pieces[dead] = 0;
  const auto all_there = [&] {
    for (std::size_t c = 0; c < channels; ++c) {
      if (c != dead && !fan.sinks[c].full()) return false;
    }
    return true;
  };
  for (const MonotonicNs end = soon(); !all_there() && monotonic_now_ns() < end;) fan.pump(pieces);
  for (std::size_t c = 0; c < channels; ++c) EXPECT_EQ(fan.sinks[c].bytes == fan.memory, c != dead);
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(1); }));
  const Completion& released = *fan.sender.find(Moment::released);
  EXPECT_EQ(released.failure.code, ErrorCode::peer_died);
  EXPECT_LT(released.bytes, size_bytes);
  EXPECT_EQ(released.channel, 0u);
  // A `closed` with a failure is the last word of its channel, also when that is the one that reports the op.
  ASSERT_TRUE(fan.reap_until([&] { return fan.sender.find(Moment::closed) != nullptr; }));
  const auto at = [&](Moment moment) { return fan.sender.find(moment) - fan.sender.seen.data(); };
  EXPECT_TRUE(dead != 0 || at(Moment::closed) > at(Moment::released));
  EXPECT_EQ(fan.fan_out(2).stop, Stop::failed);
  EXPECT_EQ(fan.sender.send(3, {fan.segment}, 3 - dead == 3 ? 1 : 0).accepted, 1u);
}

TEST(FilesFanout, AChannelThatDiesDoesNotHoldUpTheOthers) { expect_the_others_to_get_everything(1); }

TEST(FilesFanout, TheFirstChannelMayDieAndStillReports) { expect_the_others_to_get_everything(0); }

TEST(FilesFanout, WhenAllDieTheOpComesBackOnce) {
  Fan fan;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  for (Channel* channel : fan.sender.channels) channel->abort();
  ASSERT_TRUE(fan.reap_until([&] { return fan.sender.count(Moment::closed) == channels; }));
  EXPECT_EQ(fan.sender.count(Moment::released), 1u);
  EXPECT_EQ(fan.sender.find(Moment::released)->failure.code, ErrorCode::aborted);
}

TEST(FilesFanout, ShutdownWaitsForTheSharedOp) {
  Fan fan;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  for (Channel* channel : fan.sender.channels) channel->shutdown_send();
  std::vector<std::vector<std::byte>> arrived(channels);
  for (bool more = true; more;) {
    more = false;
    for (std::uint32_t c = 0; c < channels; ++c) {
      const auto piece = fan.receive(std::min<std::size_t>(60'000, size_bytes - arrived[c].size()), c);
      arrived[c].insert(arrived[c].end(), piece.begin(), piece.end());
      more |= !piece.empty();
    }
  }
  for (const auto& bytes : arrived) EXPECT_TRUE(bytes == fan.memory);
  ASSERT_TRUE(fan.reap_until([&] { return fan.receiver.count(Moment::closed) == channels && fan.released(1); }));
  for (const Completion& c : fan.receiver.seen) EXPECT_FALSE(c.failure);
  EXPECT_FALSE(fan.sender.find(Moment::released)->failure);
}

// The last words of the quick ones come while their op is still on its way to the slow one, and none comes after it.
TEST(FilesFanout, AcknowledgementsThatComeBeforeTheSlowestHasGotItAllCount) {
  Fan fan(4, "1M");
  fan.segment.size_bytes = 1'000'000;  // one pipe of it, which is more than the slow one's sockets hold
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  const auto filled = [&](std::size_t c) { return fan.sinks[c].filled == fan.segment.size_bytes; };
  for (const MonotonicNs end = soon(); !(filled(0) && filled(1)) && monotonic_now_ns() < end;)
    fan.pump({50'000, 50'000, 0});
  for (int pass = 0; pass < 1000; ++pass) fan.pump({0, 0, 0});
  ASSERT_EQ(fan.sender.count(Moment::sent), 0u) << "the slow one's sockets hold all of it";
  for (const MonotonicNs end = soon(); !filled(2) && monotonic_now_ns() < end;) fan.pump({0, 0, 50'000});
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(1); }));
  EXPECT_FALSE(fan.sender.find(Moment::released)->failure);
}

TEST(FilesFanout, DepthAndEmptyOpsHoldOnEveryChannel) {
  Fan fan(2);
  fan.segment.size_bytes = 0;
  ASSERT_EQ(fan.fan_out(1).accepted, 1u);
  fan.segment.size_bytes = 1000;
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(1); }));
  ASSERT_EQ(fan.fan_out(2).accepted, 1u);
  ASSERT_EQ(fan.fan_out(3).accepted, 1u);
  EXPECT_EQ(fan.fan_out(4).stop, Stop::busy);
  EXPECT_EQ(fan.sender.send(5, {fan.segment}, 2).stop, Stop::busy);
  for (std::uint32_t c = 0; c < channels; ++c) EXPECT_EQ(fan.receive(2000, c).size(), 2000u);
  ASSERT_TRUE(fan.reap_until([&] { return fan.released(2) && fan.released(3); }));
  EXPECT_EQ(fan.sender.send(6, {fan.segment}, 2).accepted, 1u);
  EXPECT_EQ(fan.receive(1000, 2).size(), 1000u);
}

}  // namespace
}  // namespace xover::test
