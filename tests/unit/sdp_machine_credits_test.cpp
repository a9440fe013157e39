// Credits: what each kind of message leaves of them, that nobody is ever without for good, and that two ends do not
// tell each other of credits for ever.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/sdp_machine_rig.h"

namespace xover::sdp {
namespace {

Settings with_receives(Way way, std::uint16_t receives) {
  Settings settings = rig_settings(way);
  settings.own.receives = settings.peer.receives = receives;
  settings.hold_back_ns = 0;
  return settings;
}

std::uint64_t all_sent(const RigEnd& end) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : end.machine.statistics().sent) all += count;
  return all;
}

void expect_rest(Rig& rig) {
  ASSERT_TRUE(rig.settle()) << "messages for ever";
  for (const RigEnd* end : {&rig.a, &rig.b}) {
    ASSERT_FALSE(end->machine.failed()) << end->machine.failure().operation;
    EXPECT_GE(end->machine.credits(), 2);
  }
  const std::uint64_t news = rig.a.machine.statistics().credit_updates + rig.b.machine.statistics().credit_updates;
  EXPECT_LE(2 * news, all_sent(rig.a) + all_sent(rig.b));
}

TEST(SdpMachineCredits, DataLeavesThreeOfThem) {
  Rig rig(rig_settings(Way::bcopy));
  for (int i = 0; i < 8; ++i) rig.a.send(100);
  EXPECT_EQ(rig.a.sent(Kind::data), 5u) << "of eight";
  EXPECT_EQ(rig.a.machine.credits(), 3);
  EXPECT_EQ(rig.a.machine.statistics().credit_stalls, 1u);
  for (int i = 0; i < 8; ++i) rig.b.offer(100);
  ASSERT_TRUE(rig.settle());
  rig.expect_stream(rig.a, rig.b);
}

TEST(SdpMachineCredits, BothEndsMaySendMoreThanTheBuffersHold) {
  for (const Way way : {Way::bcopy, Way::read_zcopy, Way::write_zcopy, Way::automatic}) {
    for (const std::uint16_t receives : {5, 6, 8}) {
      Rig rig(with_receives(way, receives));
      for (int i = 0; i < 4; ++i) rig.a.send(1000), rig.b.send(1000);
      ASSERT_TRUE(rig.settle()) << "messages for ever";
      for (MonotonicNs now = 1; now < 100; ++now) {
        rig.a.offer(300), rig.b.offer(300);
        rig.a.tick(now * 100'000'000), rig.b.tick(now * 100'000'000);
        ASSERT_TRUE(rig.settle());
      }
      rig.expect_stream(rig.a, rig.b);
      rig.expect_stream(rig.b, rig.a);
    }
  }
}

TEST(SdpMachineCredits, AnIdleConnectionIsSilent) {
  Rig rig(rig_settings(Way::bcopy));
  rig.b.offer(100);
  rig.a.send(50);
  ASSERT_TRUE(rig.settle());
  const std::size_t said = rig.a.said.size() + rig.b.said.size();
  EXPECT_LE(said, 2u);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.said.size() + rig.b.said.size(), said);
}

// Changes of mode are control messages that need nothing of the peer. They cross each other and data that nobody reads.
TEST(SdpMachineCredits, WhoeverIsAtRestMaySendControl) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    Rig rig(with_receives(Way::bcopy, static_cast<std::uint16_t>(least_receives + seed % 2)));
    for (int i = 0; i < 300; ++i) {
      RigEnd& end = random() % 2 == 0 ? rig.a : rig.b;
      switch (random() % 6) {
        case 0: end.send(150); break;
        case 1:
          end.machine.change_mode(true, end.machine.source_mode() == Mode::combined ? Mode::pipelined : Mode::combined);
          end.pump();
          break;
        case 2: expect_rest(rig); break;
        default: end.deliver_one();
      }
    }
    expect_rest(rig);
    for (int i = 0; i < 300; ++i) rig.a.offer(150), rig.b.offer(150), rig.settle();
    rig.expect_stream(rig.a, rig.b);
    rig.expect_stream(rig.b, rig.a);
  }
}

// The cancel's answer needs a credit, although all that this end had to say since were news.
TEST(SdpMachineCredits, ACancelIsAnsweredWhateverWentBefore) {
  Rig rig(with_receives(Way::read_zcopy, least_receives));
  rig.b.hold_reads = true;
  for (int i = 0; i < 20; ++i) {
    rig.b.offer(300);
    const Token op = rig.a.send(900);
    for (int k = 0; k < i % 3; ++k) rig.b.deliver_one();
    rig.a.machine.cancel(op), rig.a.pump();
    for (int k = 0; k < i % 4; ++k) rig.b.deliver_one(), rig.a.deliver_one();
    ASSERT_TRUE(rig.settle());
    while (rig.b.finish_read()) rig.b.pump();
    ASSERT_TRUE(rig.settle());
    ASSERT_NE(rig.a.released(op), nullptr) << i;
    expect_rest(rig);
  }
}

TEST(SdpMachineCredits, SmallOpsThatWaitedLeaveTogether) {
  Rig rig(rig_settings(Way::bcopy));
  std::vector<Token> ops;
  for (int i = 0; i < 8; ++i) ops.push_back(rig.a.send(40, 15));
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(rig.a.sent(Kind::data), 5u) << "the rest has no credits";
  rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.sent(Kind::data), 7u) << "a message takes 100 bytes, of three ops";
  EXPECT_EQ(rig.a.said.back().payload_bytes, 20u);
  for (const Token op : ops) {
    ASSERT_NE(rig.a.released(op), nullptr);
    EXPECT_EQ(rig.a.released(op)->bytes, 40u);
  }
  rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  rig.expect_stream(rig.a, rig.b);
}

}  // namespace
}  // namespace xover::sdp
