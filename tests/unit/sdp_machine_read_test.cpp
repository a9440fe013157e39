// Read ZCopy: adverts of the source, reads of the sink, and what takes an advert back.
#include <gtest/gtest.h>

#include "tests/unit/sdp_machine_rig.h"

namespace xover::sdp {
namespace {

struct SdpMachineRead : testing::Test {
  Rig rig{rig_settings(Way::read_zcopy)};
  RigEnd& a = rig.a;
  RigEnd& b = rig.b;

  void take_all(int receives) {
    for (; receives > 0; --receives) {
      ASSERT_TRUE(rig.settle());
      b.offer(900);
    }
  }
  void expect_all_arrived() {
    ASSERT_TRUE(rig.settle());
    rig.expect_stream(a, b);
    rig.expect_quiet();
  }
};

TEST_F(SdpMachineRead, AnAdvertInCombinedModeCarriesItsFirstBytesAndTheReportCountsTheOthers) {
  b.offer(900);
  const Token op = a.send(900);
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(a.sent(Kind::source_available), 1u);
  EXPECT_EQ(a.said.front().bytes, 900u);
  EXPECT_EQ(a.said.front().payload_bytes, 16u);
  ASSERT_EQ(b.sent(Kind::read_completed), 1u);
  EXPECT_EQ(b.said.front().bytes, 884u);
  EXPECT_EQ(a.released(op)->copied_bytes, 16u);
  EXPECT_EQ(a.sent(Kind::data), 0u);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, AnOpIsSentWithItsAdvertAndReleasedWithTheReport) {
  const Token op = a.send(900);
  EXPECT_EQ(a.sent_moments.size(), 1u);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.released(op), nullptr);
  EXPECT_EQ(a.registrations(), 1u);
  b.offer(900);
  expect_all_arrived();
  EXPECT_NE(a.released(op), nullptr);
}

TEST_F(SdpMachineRead, MoreThanOneChunkAsksForPipelined) {
  b.hold_reads = true;
  b.offer(4000);
  a.send(3500);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.reads_posted(), 4u);
  b.hold_reads = false;
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.machine.source_mode(), Mode::pipelined);
  EXPECT_EQ(b.machine.sink_mode(), Mode::pipelined);
  EXPECT_EQ(a.sent(Kind::source_available), 4u);
  EXPECT_EQ(b.receives.size(), 1u) << "reads of all chunks go into the one receive";
  expect_all_arrived();
}

TEST_F(SdpMachineRead, NothingIsCopiedBehindAnAdvertThatIsOutstanding) {
  a.send(900);
  a.send(50);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.sent(Kind::data), 0u);
  b.offer(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.sent(Kind::data), 1u);
  b.offer(900);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, AReceiveThatIsSmallerThanTheAdvertIsReportedPartly) {
  const Token op = a.send(900);
  b.offer(300);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::read_completed), 1u);
  EXPECT_EQ(a.released(op), nullptr);
  b.offer(900);
  expect_all_arrived();
  EXPECT_EQ(b.sent(Kind::read_completed), 2u);
}

TEST_F(SdpMachineRead, AReceiveBelowTheThresholdIsReadThroughTheStage) {
  a.send(900);
  for (int i = 0; i < 9; ++i) {
    b.offer(100);
    ASSERT_TRUE(rig.settle());
  }
  EXPECT_EQ(b.registered_ever, 0u);
  EXPECT_GE(b.machine.statistics().stage_reads, 3u);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, AReportWaitsForTheEndOfTheRead) {
  b.hold_reads = true;
  b.offer(900);
  a.send(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.reads_posted(), 1u);
  EXPECT_EQ(b.sent(Kind::read_completed), 0u);
  b.finish_read();
  expect_all_arrived();
}

TEST_F(SdpMachineRead, AnAdvertThatNobodyReadsIsTakenBackAndCopied) {
  a.tick(1);
  const Token op = a.send(300);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.machine.next_deadline(), 0) << "wants to know the time";
  a.tick(100);
  EXPECT_EQ(a.machine.next_deadline(), 1'000'000'100);
  a.tick(1'000'000'099);
  EXPECT_EQ(a.sent(Kind::cancel_source), 0u);
  a.tick(1'000'000'100);
  EXPECT_EQ(a.sent(Kind::cancel_source), 1u);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::send_small), 1u);
  EXPECT_EQ(a.fall_backs(CopyReason::unread), 1u);
  EXPECT_EQ(a.registrations(), 0u);
  EXPECT_NE(a.released(op), nullptr) << "it fits into the peer's buffers";
  take_all(6);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, ACancelBeforeTheReadEndsTheOpWithWhatHadGone) {
  const Token op = a.send(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_TRUE(a.machine.cancel(op));
  EXPECT_FALSE(a.machine.cancel(op));
  ASSERT_TRUE(rig.settle());
  ASSERT_NE(a.released(op), nullptr);
  EXPECT_EQ(a.released(op)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(a.released(op)->bytes, 16u) << "what the advert had carried";
  rig.expect_quiet();
}

TEST_F(SdpMachineRead, ACancelDuringTheReadWaitsForItAndIsAcknowledgedBehindIt) {
  b.hold_reads = true;
  const Token op = a.send(900);
  b.offer(300);
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(b.reads_posted(), 1u);
  a.machine.cancel(op);
  ASSERT_TRUE(rig.settle());
  const std::uint32_t cancel = a.said.back().sequence;
  ASSERT_EQ(a.said.back().kind, Kind::cancel_source);
  b.send(50);  // a message meanwhile must not acknowledge the cancel
  EXPECT_LT(b.said.back().acknowledged, cancel);
  EXPECT_EQ(b.sent(Kind::send_small), 0u);
  EXPECT_EQ(a.registrations(), 1u);
  b.finish_read();
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::read_completed), 1u);
  ASSERT_EQ(b.sent(Kind::send_small), 1u);
  EXPECT_GE(b.said.back().acknowledged, cancel);
  EXPECT_EQ(a.released(op)->bytes, 300u);
  EXPECT_EQ(b.arrived.size(), 300u);
}

TEST_F(SdpMachineRead, ACancelBehindTheReadIsEndedByTheReport) {
  b.offer(900);
  const Token op = a.send(900);
  b.deliver_all();  // is read and reported
  EXPECT_TRUE(a.machine.cancel(op));
  a.pump();
  EXPECT_EQ(a.sent(Kind::cancel_source), 1u);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::send_small), 0u);
  ASSERT_NE(a.released(op), nullptr);
  EXPECT_EQ(a.released(op)->bytes, 900u);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, BothEndsMayCancelAtOnce) {
  const Token of_a = a.send(900), of_b = b.send(900);
  a.machine.cancel(of_a), b.machine.cancel(of_b);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.released(of_a)->failure.code, ErrorCode::cancelled);
  EXPECT_EQ(b.released(of_b)->failure.code, ErrorCode::cancelled);
  rig.expect_quiet();
}

TEST_F(SdpMachineRead, BothEndsMaySendWithoutReading) {
  const Token of_a = a.send(300), of_b = b.send(300);
  ASSERT_TRUE(rig.settle());
  EXPECT_GE(a.fall_backs(CopyReason::peer_waits) + b.fall_backs(CopyReason::peer_waits), 1u);
  EXPECT_TRUE(a.released(of_a) != nullptr || b.released(of_b) != nullptr) << "no time had to pass";
  a.offer(900), b.offer(900);
  ASSERT_TRUE(rig.settle());
  a.offer(900), b.offer(900);
  expect_all_arrived();
  rig.expect_stream(b, a);
}

TEST_F(SdpMachineRead, ARefusedRegistrationAtTheSourceIsCopied) {
  for (int refused = 1; refused <= 4; ++refused) {
    a.refuse_registration = refused;
    b.offer(4000);
    a.send(3500);
    take_all(40);
    EXPECT_EQ(a.fall_backs(CopyReason::registration_refused), static_cast<std::uint64_t>(refused));
    rig.expect_stream(a, b);
    b.offer(1), a.send(1), rig.settle();
  }
}

TEST_F(SdpMachineRead, ARefusedRegistrationAtTheSinkAsksForACopy) {
  b.refuse_registration = 1;
  b.offer(900);
  a.send(600);
  take_all(8);
  EXPECT_EQ(b.sent(Kind::send_small), 1u);
  EXPECT_EQ(a.fall_backs(CopyReason::send_small), 1u);
  expect_all_arrived();
}

TEST_F(SdpMachineRead, ASendSmThatCrossedTheCancelIsNotItsAnswer) {
  b.refuse_registration = 1;
  b.offer(900);
  const Token op = a.send(600);
  b.deliver_one();  // declines, and says so
  EXPECT_EQ(b.sent(Kind::send_small), 1u);
  a.machine.cancel(op);
  a.pump();  // crosses it
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::send_small), 2u);
  EXPECT_EQ(a.released(op)->failure.code, ErrorCode::cancelled);
  a.send(700);
  take_all(8);
  EXPECT_EQ(b.arrived.size(), 700u + a.released(op)->bytes);
  rig.expect_quiet();
}

TEST_F(SdpMachineRead, ACancelThatIsNeverAnsweredEndsTheConnection) {
  const Token op = a.send(900);
  a.machine.cancel(op);
  a.pump();
  a.tick(10);
  a.tick(5'000'000'010);
  EXPECT_TRUE(a.aborted);
  EXPECT_EQ(a.machine.failure().code, ErrorCode::timed_out);
  EXPECT_NE(a.released(op), nullptr);
  EXPECT_EQ(a.registrations(), 0u);
}

TEST_F(SdpMachineRead, EarlyRegistrationPinsInVainWhenCopiesCome) {
  Settings settings = rig_settings(Way::read_zcopy);
  settings.delayed_registration = false;
  Rig early(settings);
  early.b.offer(900);
  early.a.send(50);
  ASSERT_TRUE(early.settle());
  EXPECT_EQ(early.b.machine.statistics().wasted_pins, 1u);
  early.expect_quiet();
}

}  // namespace
}  // namespace xover::sdp
