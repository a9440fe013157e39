// Modes, the end of a connection, and peers that break a rule.
#include <gtest/gtest.h>

#include "tests/unit/sdp_machine_rig.h"

namespace xover::sdp {
namespace {

std::vector<std::byte> wire_of(Message message, std::uint32_t sequence = 1) {
  message.sequence = sequence;
  message.buffers = 8;
  std::vector<std::byte> bytes(most_head_bytes);
  bytes.resize(encode(message, bytes.data()) + message.payload_bytes);
  return bytes;
}

TEST(SdpMachineModes, OnlyTheChangesOfTheStandardAreMade) {
  Rig rig(rig_settings(Way::read_zcopy));
  EXPECT_FALSE(rig.a.machine.change_mode(true, Mode::combined));
  EXPECT_FALSE(rig.a.machine.change_mode(false, Mode::combined));
  EXPECT_TRUE(rig.a.machine.change_mode(true, Mode::buffered));
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.b.machine.sink_mode(), Mode::buffered);
  EXPECT_FALSE(rig.a.machine.change_mode(true, Mode::combined));
  rig.b.offer(900);
  rig.a.send(300);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.fall_backs(CopyReason::not_in_this_mode), 1u);
  EXPECT_TRUE(rig.b.machine.change_mode(false, Mode::combined));
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.machine.source_mode(), Mode::combined);
}

TEST(SdpMachineModes, AChangeDownWaitsForAdvertsToEnd) {
  Rig rig(rig_settings(Way::read_zcopy));
  rig.a.send(900);
  EXPECT_TRUE(rig.a.machine.change_mode(true, Mode::buffered));
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.b.machine.sink_mode(), Mode::combined);
  rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.b.machine.sink_mode(), Mode::buffered);
  rig.expect_quiet();
}

TEST(SdpMachineEnd, DisConnWaitsForOpsAndIsToldBehindTheData) {
  Rig rig(rig_settings(Way::read_zcopy));
  rig.a.send(900);
  rig.a.machine.shutdown();
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.sent(Kind::disconnect), 0u) << "an advert is outstanding";
  rig.b.offer(900), rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_TRUE(rig.b.closed);
  EXPECT_FALSE(*rig.b.closed);
  EXPECT_EQ(rig.b.receives.size(), 2u) << "the one that nothing will come for is given back";
  EXPECT_FALSE(rig.a.try_send(1));
  EXPECT_FALSE(rig.a.closed) << "the other half goes on";
  rig.b.machine.shutdown();
  ASSERT_TRUE(rig.settle());
  EXPECT_TRUE(rig.a.machine.finished() && rig.b.machine.finished());
  rig.a.machine.lost({ErrorCode::peer_died, 0, "disconnect"});
  rig.a.pump();
  EXPECT_FALSE(rig.a.machine.failed());
}

TEST(SdpMachineEnd, ALossGivesEverythingBack) {
  Rig rig(rig_settings(Way::read_zcopy));
  const Token op = rig.a.send(900);
  rig.a.offer(900);
  rig.a.machine.lost({ErrorCode::peer_died, 104, "poll"});
  rig.a.pump();
  EXPECT_FALSE(rig.a.aborted) << "there is nothing left to abort";
  EXPECT_EQ(rig.a.released(op)->failure.code, ErrorCode::peer_died);
  EXPECT_EQ(rig.a.receives.size(), 1u);
  EXPECT_EQ(rig.a.closed->code, ErrorCode::peer_died);
  EXPECT_EQ(rig.a.registrations(), 0u);
}

TEST(SdpMachineEnd, AReceiveThatIsReadIntoComesBackWhenTheReadHasEnded) {
  Rig rig(rig_settings(Way::read_zcopy));
  rig.b.hold_reads = true;
  rig.b.offer(900);
  rig.a.send(900);
  ASSERT_TRUE(rig.settle());
  rig.b.machine.abort();
  rig.b.pump();
  EXPECT_TRUE(rig.b.aborted);
  EXPECT_EQ(rig.b.said.back().kind, Kind::abort);
  EXPECT_EQ(rig.b.receives.size(), 0u);
  rig.b.finish_read();
  rig.b.pump();
  ASSERT_EQ(rig.b.receives.size(), 1u);
  EXPECT_EQ(rig.b.receives.back().bytes, 16u) << "what came before the read";
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.machine.failure().code, ErrorCode::peer_died);
}

// An op that went by copy behind a write that has not ended is not released before the connection ends.
TEST(SdpMachineEnd, WhatHasGoneWasSentThoughTheConnectionEnds) {
  Settings settings = rig_settings(Way::write_zcopy);
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  rig.a.hold_sends = true;
  const Token written = rig.a.send(900), copied = rig.a.send(50);
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(rig.a.released(copied), nullptr);
  rig.a.machine.lost({ErrorCode::peer_died, 0, "poll"});
  rig.a.machine.flushed_write();
  rig.a.pump();
  EXPECT_TRUE(rig.a.released(written)->failure);
  EXPECT_FALSE(rig.a.released(copied)->failure);
  EXPECT_TRUE(rig.a.released(copied)->moments.has(Moment::sent));
}

// The source's half has ended, and the mode with it.
TEST(SdpMachineEnd, NoChangeOfModeGoesBehindDisConn) {
  Settings settings = rig_settings(Way::automatic);
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.a.machine.shutdown();
  rig.a.pump();
  ASSERT_EQ(rig.a.sent(Kind::disconnect), 1u);
  EXPECT_FALSE(rig.a.machine.change_mode(true, Mode::combined));
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.a.sent(Kind::change_mode), 0u);
  EXPECT_FALSE(rig.b.machine.change_mode(false, Mode::combined));
}

TEST(SdpMachineEnd, AWithdrawalThatDisConnCrossesHasNoAnswer) {
  Settings settings = rig_settings(Way::write_zcopy);
  settings.first_mode = Mode::pipelined;
  Rig rig(settings);
  rig.b.offer(900);
  ASSERT_TRUE(rig.settle());
  ASSERT_EQ(rig.b.machine.sink_adverts(), 1u);
  rig.b.machine.withdraw_receives(), rig.b.pump();
  rig.a.machine.shutdown(), rig.a.pump();
  ASSERT_TRUE(rig.settle());
  EXPECT_FALSE(rig.b.aborted) << rig.b.machine.failure().operation;
  EXPECT_TRUE(rig.b.closed && !*rig.b.closed);
}

struct BadMessage {
  const char* name;
  Way way;
  Mode mode;
  Message message;
};

TEST(SdpMachineFault, WhatIsAgainstTheProtocolAborts) {
  const BadMessage bad[]{
      {"an advert in Buffered", Way::bcopy, Mode::buffered, {.kind = Kind::source_available, .bytes = 9}},
      {"no first bytes", Way::bcopy, Mode::combined, {.kind = Kind::source_available, .bytes = 9}},
      {"all bytes", Way::bcopy, Mode::combined, {.kind = Kind::source_available, .payload_bytes = 9, .bytes = 9}},
      {"payload in Pipelined",
       Way::bcopy,
       Mode::pipelined,
       {.kind = Kind::source_available, .payload_bytes = 3, .bytes = 9}},
      {"a completion of nothing", Way::read_zcopy, Mode::combined, {.kind = Kind::read_completed, .bytes = 9}},
      {"a write to nothing", Way::write_zcopy, Mode::pipelined, {.kind = Kind::write_completed, .bytes = 9}},
      {"SendSm for nothing", Way::read_zcopy, Mode::combined, {.kind = Kind::send_small}},
      {"an advert in Combined", Way::bcopy, Mode::combined, {.kind = Kind::sink_available, .bytes = 900}},
      {"too small an advert", Way::bcopy, Mode::pipelined, {.kind = Kind::sink_available, .bytes = 99}},
      {"a future advert", Way::bcopy, Mode::pipelined, {.kind = Kind::sink_available, .bytes = 900, .non_discards = 1}},
      {"no change of mode",
       Way::bcopy,
       Mode::combined,
       {.kind = Kind::change_mode, .mode = Mode::combined, .send_half = true}},
      {"a change by the sink", Way::bcopy, Mode::combined, {.kind = Kind::change_mode, .mode = Mode::pipelined}},
      {"an unasked answer", Way::bcopy, Mode::combined, {.kind = Kind::sink_cancelled}},
      {"an unasked size", Way::bcopy, Mode::combined, {.kind = Kind::receive_size_changed, .bytes = 9}},
      {"an acknowledgement of nothing", Way::bcopy, Mode::combined, {.kind = Kind::data, .acknowledged = 3}},
  };
  for (const BadMessage& each : bad) {
    Settings settings = rig_settings(each.way);
    settings.first_mode = each.mode;
    Rig rig(settings);
    rig.b.deliver_bytes(wire_of(each.message));
    EXPECT_TRUE(rig.b.aborted) << each.name;
    EXPECT_EQ(rig.b.machine.failure().code, ErrorCode::internal) << each.name;
  }
}

TEST(SdpMachineFault, HeadersThatCannotBeAbort) {
  for (const std::uint32_t sequence : {0u, 2u, 0x80000000u}) {
    Rig rig(rig_settings(Way::bcopy));
    rig.b.deliver_bytes(wire_of({}, sequence));
    EXPECT_TRUE(rig.b.aborted) << sequence;
  }
  Rig rig(rig_settings(Way::bcopy));
  rig.b.deliver_bytes({std::byte{1}});
  EXPECT_TRUE(rig.b.aborted);
}

TEST(SdpMachineFault, DataWhileAnAdvertIsOutstandingAborts) {
  Rig rig(rig_settings(Way::read_zcopy));
  rig.b.deliver_bytes(wire_of({.kind = Kind::source_available, .payload_bytes = 4, .bytes = 9}));
  ASSERT_FALSE(rig.b.aborted);
  rig.b.deliver_bytes(wire_of({.kind = Kind::data, .payload_bytes = 4}, 2));
  EXPECT_TRUE(rig.b.aborted);
}

TEST(SdpMachineFault, DataBehindDisConnAborts) {
  Rig rig(rig_settings(Way::bcopy));
  rig.b.deliver_bytes(wire_of({.kind = Kind::disconnect}));
  EXPECT_TRUE(rig.b.closed);
  rig.b.deliver_bytes(wire_of({.kind = Kind::data, .payload_bytes = 4}, 2));
  EXPECT_TRUE(rig.b.aborted);
}

TEST(SdpMachineBroken, AnUnfencedReportComesBeforeTheRead) {
  Settings settings = rig_settings(Way::read_zcopy);
  settings.broken = Broken::fence;
  Rig rig(settings);
  rig.b.hold_reads = true;
  rig.b.offer(900);
  const Token op = rig.a.send(900);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.b.reads_posted(), 1u);
  EXPECT_NE(rig.a.released(op), nullptr) << "memory given back that is still to be read";
}

TEST(SdpMachineBroken, AnEarlyAnswerComesBeforeTheRead) {
  Settings settings = rig_settings(Way::read_zcopy);
  settings.broken = Broken::cancel_before_reads;
  Rig rig(settings);
  rig.b.hold_reads = true;
  rig.b.offer(300);
  const Token op = rig.a.send(900);
  ASSERT_TRUE(rig.settle());
  rig.a.machine.cancel(op);
  ASSERT_TRUE(rig.settle());
  EXPECT_EQ(rig.b.reads_posted(), 1u);
  EXPECT_EQ(rig.a.registrations(), 0u) << "memory given back that is still to be read";
}

TEST(SdpMachineBroken, TheAnswerToAnEarlierCancelIsTakenForAnother) {
  Settings settings = rig_settings(Way::read_zcopy);
  settings.broken = Broken::cancel_sequence;
  Rig rig(settings);
  rig.b.refuse_registration = 1;
  rig.b.offer(900);
  const Token op = rig.a.send(600);
  rig.b.deliver_one();
  rig.a.machine.cancel(op);
  rig.a.pump();
  ASSERT_TRUE(rig.settle());
  EXPECT_TRUE(rig.a.aborted) << "the second SendSm belongs to no advert";
}

TEST(SdpMachineValue, ACopyIsEqualAndGoesItsOwnWay) {
  Rig rig(rig_settings(Way::read_zcopy));
  rig.a.send(50);
  Machine copy = rig.a.machine;
  EXPECT_EQ(copy, rig.a.machine);
  std::vector<std::byte> one, other;
  copy.encode_state(one), rig.a.machine.encode_state(other);
  EXPECT_EQ(one, other);
  copy.shutdown();
  EXPECT_FALSE(copy == rig.a.machine);
  one.clear(), copy.encode_state(one);
  EXPECT_NE(one, other);
}

// What has come to rest looks the same, however many messages went before.
TEST(SdpMachineValue, TheCanonicalFormForgetsHistory) {
  Rig rig(rig_settings(Way::read_zcopy));
  std::vector<std::byte> first, later;
  for (int i = 0; i < 40; ++i) {
    rig.b.offer(900), rig.a.send(900);
    ASSERT_TRUE(rig.settle());
    if (i == 10) rig.a.machine.encode_state(first);
    if (i == 30) rig.a.machine.encode_state(later);
  }
  EXPECT_EQ(first, later);
}

}  // namespace
}  // namespace xover::sdp
