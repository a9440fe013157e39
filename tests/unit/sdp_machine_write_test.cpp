// Write ZCopy: adverts of the sink, writes of the source, and how both agree on what became stale.
#include <gtest/gtest.h>

#include "tests/unit/sdp_machine_rig.h"

namespace xover::sdp {
namespace {

struct SdpMachineWrite : testing::Test {
  Rig rig{rig_settings(Way::write_zcopy)};
  RigEnd& a = rig.a;
  RigEnd& b = rig.b;

  SdpMachineWrite() { rig.settle(); }  // into Pipelined mode

  void expect_all_arrived() {
    ASSERT_TRUE(rig.settle());
    rig.expect_stream(a, b);
    for (RigEnd* end : {&a, &b}) EXPECT_FALSE(end->machine.failed()) << end->machine.failure().operation;
    EXPECT_EQ(a.machine.source_non_discards(), b.machine.sink_non_discards());
  }
};

TEST_F(SdpMachineWrite, BothEndsGoToPipelinedAtOnce) {
  EXPECT_EQ(a.machine.source_mode(), Mode::pipelined);
  EXPECT_EQ(a.machine.sink_mode(), Mode::pipelined);
  EXPECT_EQ(b.machine.source_mode(), Mode::pipelined);
}

TEST_F(SdpMachineWrite, AnAdvertisedReceiveIsWrittenToAndReported) {
  b.offer(900);
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(b.sent(Kind::sink_available), 1u);
  const Token op = a.send(900);
  EXPECT_EQ(a.released(op)->copied_bytes, 0u);
  EXPECT_EQ(a.said.back().kind, Kind::write_completed);
  EXPECT_EQ(a.said.back().bytes, 900u);
  expect_all_arrived();
  rig.expect_quiet();
  EXPECT_EQ(b.receives.back().copied_bytes, 0u);
}

TEST_F(SdpMachineWrite, AnOpIsReleasedWhenItsWriteHasEnded) {
  b.offer(900);
  ASSERT_TRUE(rig.settle());
  a.hold_sends = true;
  const Token op = a.send(900);
  EXPECT_EQ(a.sent_moments.size(), 1u);
  EXPECT_EQ(a.released(op), nullptr);
  a.machine.write_finished();
  a.pump();
  EXPECT_NE(a.released(op), nullptr);
}

TEST_F(SdpMachineWrite, APartlyWrittenReceiveDoesNotWaitForMore) {
  b.offer(2000);
  ASSERT_TRUE(rig.settle());
  a.send(500);
  expect_all_arrived();
  EXPECT_EQ(b.receives.size(), 1u);
  EXPECT_EQ(b.receives.back().bytes, 500u);
}

TEST_F(SdpMachineWrite, AnOpWaitsForAnAdvertAndThenIsCopied) {
  a.tick(1);
  a.send(300);
  EXPECT_EQ(a.sent(Kind::data), 0u);
  a.tick(1);
  a.tick(1 + a.machine.settings().hold_back_ns);
  EXPECT_EQ(a.sent(Kind::data), 3u);
  EXPECT_EQ(a.fall_backs(CopyReason::no_sink_advert), 1u);
  ASSERT_TRUE(rig.settle());
  b.offer(900);
  expect_all_arrived();
}

TEST_F(SdpMachineWrite, ACopyEndsTheOldestAdvertAtBothEnds) {
  b.offer(900), b.offer(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.machine.sink_adverts(), 2u);
  a.send(50);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.machine.sink_adverts(), 1u);
  EXPECT_EQ(b.receives.back().bytes, 50u);
  EXPECT_EQ(b.machine.statistics().sink_adverts_copied, 1u);
  EXPECT_EQ(b.machine.statistics().wasted_pins, 1u);
  EXPECT_EQ(a.machine.source_non_discards(), 0u);
  a.send(900);
  expect_all_arrived();
  EXPECT_EQ(a.machine.statistics().written_bytes, 900u);
}

TEST_F(SdpMachineWrite, AnAdvertThatACopyCrossedIsStale) {
  a.send(50);                  // on its way
  b.offer(900), b.offer(900);  // two adverts cross it
  a.deliver_all();
  EXPECT_EQ(a.machine.statistics().stale_sink_adverts, 1u) << "one copy ends one advert";
  expect_all_arrived();
  EXPECT_EQ(a.machine.source_non_discards(), 0u);
  a.send(900);
  expect_all_arrived();
  EXPECT_EQ(a.machine.statistics().written_bytes, 900u);
}

TEST_F(SdpMachineWrite, AdvertsOfBothKindsThatCrossLeaveTheSinksOne) {
  Settings settings = rig_settings(Way::automatic);
  Rig automatic(settings);
  ASSERT_TRUE(automatic.settle());
  automatic.a.send(900);   // SrcAvail
  automatic.b.offer(900);  // SinkAvail
  EXPECT_EQ(automatic.a.sent(Kind::source_available), 1u);
  EXPECT_EQ(automatic.b.sent(Kind::sink_available), 1u);
  ASSERT_TRUE(automatic.settle());
  EXPECT_EQ(automatic.a.machine.statistics().adverts_crossed, 1u);
  EXPECT_EQ(automatic.a.machine.statistics().written_bytes, 900u);
  EXPECT_EQ(automatic.b.machine.statistics().stage_reads, 0u);
  automatic.expect_stream(automatic.a, automatic.b);
  automatic.expect_quiet();
}

TEST_F(SdpMachineWrite, WithdrawnReceivesAreAnsweredForAndFilledByCopy) {
  b.offer(900), b.offer(900);
  ASSERT_TRUE(rig.settle());
  b.machine.withdraw_receives();
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(b.sent(Kind::cancel_sink), 1u);
  EXPECT_EQ(a.sent(Kind::sink_cancelled), 1u);
  EXPECT_EQ(b.machine.sink_adverts(), 0u);
  a.send(150);
  expect_all_arrived();
  EXPECT_EQ(a.sent(Kind::write_completed), 0u);
}

TEST_F(SdpMachineWrite, ACancelThatCrossedTheWriteNeedsNoAnswer) {
  b.offer(900);
  ASSERT_TRUE(rig.settle());
  b.machine.withdraw_receives();
  b.pump();
  a.send(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.sent(Kind::sink_cancelled), 0u);
  expect_all_arrived();
}

TEST_F(SdpMachineWrite, AChangeToCombinedEndsTheAdvertsOnTheirWay) {
  b.offer(900);  // crosses it
  EXPECT_TRUE(a.machine.change_mode(true, Mode::combined));
  a.pump();
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(a.machine.source_mode(), Mode::pipelined) << "where its way wants to be";
  EXPECT_EQ(b.machine.sink_mode(), Mode::pipelined);
  EXPECT_EQ(b.machine.sink_adverts(), 0u);
  a.send(50);
  expect_all_arrived();
}

// Adverts that were read are done with in the order of the stream, behind the write; their places are taken until then.
TEST(SdpMachinePieces, WhatWasReadBehindAWriteKeepsItsPlace) {
  Settings settings = rig_settings(Way::automatic);
  settings.own.max_adverts = settings.peer.max_adverts = 2;
  settings.max_writes = 2;
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.b.offer(1000);
  ASSERT_TRUE(rig.settle());
  rig.a.hold_sends = true;
  std::vector<Token> ops;
  for (int i = 0; i < 5; ++i) {
    ops.push_back(rig.a.send(1000));
    ASSERT_NE(ops.back(), 0u);
    ASSERT_TRUE(rig.settle());
    rig.b.machine.set_threshold(200, 2000);  // reads of it go through the stage; no more adverts of the sink
    rig.b.offer(1000);
    ASSERT_TRUE(rig.settle());
  }
  EXPECT_EQ(rig.a.released(ops[0]), nullptr) << "its write has not ended";
  rig.a.hold_sends = false;
  rig.a.machine.sends_finished(rig.a.said.size() - rig.a.ends_told);
  rig.a.machine.write_finished();
  rig.a.pump();
  ASSERT_TRUE(rig.settle());
  for (const Token op : ops) EXPECT_NE(rig.a.released(op), nullptr);
  rig.expect_stream(rig.a, rig.b);
}

// The sink advert is reported as written when all that was planned for it has been, and no earlier or later.
TEST(SdpMachinePieces, ACancelLeavesTheWritesBeforeItAsTheyWerePlanned) {
  Settings settings = rig_settings(Way::write_zcopy);
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.b.offer(1000);
  ASSERT_TRUE(rig.settle());
  rig.a.hold_registrations = true;
  const Token first = rig.a.send(400), second = rig.a.send(500);
  ASSERT_TRUE(rig.a.machine.cancel(second));
  rig.a.pump();
  rig.a.answer_registrations();
  ASSERT_TRUE(rig.settle());
  rig.a.answer_registrations();
  ASSERT_TRUE(rig.settle());
  ASSERT_NE(rig.a.released(first), nullptr);
  ASSERT_EQ(rig.b.receives.size(), 1u) << "nothing more will come into it";
  EXPECT_EQ(rig.b.receives.front().bytes, 400u);
  EXPECT_EQ(rig.a.released(second)->bytes, 0u);
}

// Registrations that nobody waits for any more keep their tickets until they are answered.
TEST(SdpMachinePieces, RegistrationsWaitForTheAnswersOfThoseGivenUp) {
  Settings settings = rig_settings(Way::read_zcopy);
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.a.hold_registrations = true;
  for (std::size_t i = 0; i < 2 * tickets(settings); ++i) {
    const Token op = rig.a.send(3000);
    ASSERT_NE(op, 0u);
    ASSERT_TRUE(rig.a.machine.cancel(op));
    rig.a.pump();
  }
  const Token last = rig.a.send(3000);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.sent(Kind::source_available), 0u);
  rig.a.hold_registrations = false;
  rig.a.answer_registrations();
  for (int i = 0; i < 3; ++i) rig.b.offer(1000);
  ASSERT_TRUE(rig.settle());
  ASSERT_NE(rig.a.released(last), nullptr);
  EXPECT_EQ(rig.a.released(last)->bytes, 3000u);
  rig.expect_quiet();
}

}  // namespace
}  // namespace xover::sdp
