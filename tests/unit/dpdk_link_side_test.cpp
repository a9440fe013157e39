// Two ends of a DPDK link meet and pass frames; what is wrong with either is told to both.
#include "transports/dpdk/link_side.h"

#include <sys/socket.h>

#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/dpdk_ends.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

using namespace test;

const Link ring{.name = "ring"};

class DpdkLinkSide : public DpdkEnds {
 protected:
  void SetUp() override { start_with(ring); }
};

TEST_F(DpdkLinkSide, RingPassesFramesBothWays) {
  const auto left = side_of(ring, LinkRole::sender);
  const auto right = side_of(ring, LinkRole::receiver, {1, 99});
  auto pair = meet(*left, *right);
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_EQ(pair->acceptor.connection, pair->connector.connection);
  EXPECT_EQ(pair->acceptor.peer, pair->connector.own);
  EXPECT_EQ(pair->acceptor.own, pair->connector.peer);
  EXPECT_EQ(pair->acceptor.peer_window_frames, 99u);
  EXPECT_EQ(pair->connector.peer_window_frames, 256u);
  EXPECT_EQ(left->payload_bytes(), 1500u - 44u);
  EXPECT_EQ(pair->acceptor.port->traits().driver, "net_ring");
  EXPECT_GE(pair->acceptor.port->traits().most_segments, 2u);
  EXPECT_EQ(send_frames(*pair->acceptor.port, *pool_, 500), 500u);
  EXPECT_EQ(receive_frames(*pair->connector.port, 500, in(second)), 500u);
  EXPECT_EQ(send_frames(*pair->connector.port, *pool_, 500), 500u);
  EXPECT_EQ(receive_frames(*pair->acceptor.port, 500, in(second)), 500u);
}

TEST_F(DpdkLinkSide, RingFreesWhatNobodyTookWhenBothEndsAreGone) {
  auto pair = meet(*side_of(ring, LinkRole::sender), *side_of(ring, LinkRole::receiver));
  ASSERT_TRUE(pair) << pair.error().message();
  pair->acceptor.port->keep(pool_);
  EXPECT_EQ(send_frames(*pair->acceptor.port, *pool_, 100), 100u);
  pair->acceptor = {};
  EXPECT_EQ(pool_->in_use(), 100u);
  EXPECT_EQ(receive_frames(*pair->connector.port, 10, in(second)), 10u);
  pair->connector = {};
  EXPECT_EQ(pool_->in_use(), 0u);
  EXPECT_EQ(pool_.use_count(), 1);
}

TEST_F(DpdkLinkSide, RingIsDrainedByTheSenderOnceThePeerReceivesNoMore) {
  auto pair = meet(*side_of(ring, LinkRole::sender), *side_of(ring, LinkRole::receiver));
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_EQ(send_frames(*pair->acceptor.port, *pool_, 100), 100u);
  pair->acceptor.port->drain_for_dead_peer();
  EXPECT_EQ(pool_->in_use(), 100u);
  pair->connector.port->stop_receiving();
  pair->acceptor.port->drain_for_dead_peer();
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(DpdkLinkSide, ManyMeetingsInARow) {
  for (int round = 0; round < 50; ++round) {
    auto pair = meet(*side_of(ring, LinkRole::sender), *side_of(ring, LinkRole::receiver));
    ASSERT_TRUE(pair) << round << ": " << pair.error().message();
    EXPECT_EQ(send_frames(*pair->acceptor.port, *pool_, 3), 3u);
    EXPECT_EQ(receive_frames(*pair->connector.port, 3, in(second)), 3u);
  }
}

TEST_F(DpdkLinkSide, LineCarriesNoticesAndTheHangingUp) {
  auto pair = meet(*side_of(ring, LinkRole::sender), *side_of(ring, LinkRole::receiver));
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_FALSE(pair->connector.line.hear());
  EXPECT_TRUE(pair->acceptor.line.say({Notice::Kind::finished, 7}));
  const auto heard = pair->connector.line.hear();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->kind, Notice::Kind::finished);
  EXPECT_EQ(heard->value, 7u);
  pair->acceptor = {};
  ASSERT_TRUE(pair->connector.line.hear());
  EXPECT_EQ(pair->connector.line.hear()->kind, Notice::Kind::gone);
  EXPECT_FALSE(pair->connector.line.say({Notice::Kind::aborted, 0}));
}

TEST_F(DpdkLinkSide, BothEndsLearnThatTheirMtuDiffers) {
  const Link large{.name = "ring", .options = {{"mtu", "9000"}}};
  const auto left = side_of(ring, LinkRole::sender);
  const auto right = side_of(large, LinkRole::receiver);
  EXPECT_EQ(right->payload_bytes(), 9000u - 44u);
  const auto address = left->listen();
  ASSERT_TRUE(address);
  auto accepted = std::async(std::launch::async, [&] { return left->accept(in(2 * second)); });
  const auto connected = right->connect(*address, in(2 * second));
  const auto other = accepted.get();
  ASSERT_FALSE(connected);
  ASSERT_FALSE(other);
  EXPECT_NE(connected.error().message().find("mtu 1500 at the acceptor and 9000"), std::string::npos);
  EXPECT_NE(other.error().message().find("mtu 1500 at the acceptor and 9000"), std::string::npos);
}

TEST_F(DpdkLinkSide, AnMtuThatLeavesNoRoomIsRefused) {
  const auto side = LinkSide::open({.name = "ring", .options = {{"mtu", "40"}}}, LinkRole::sender, {1, 1});
  ASSERT_FALSE(side);
  EXPECT_EQ(side.error().code, ErrorCode::bad_input);
  EXPECT_NE(side.error().message().find("mtu 40 leaves no room"), std::string::npos) << side.error().message();
}

TEST_F(DpdkLinkSide, AnMtuBelowThatOfIPv4IsRefusedBeforeACardIsOpened) {
  const Link cards{.name = "pci", .argument = "0000:00:1e.6+0000:00:1e.7", .options = {{"mtu", "50"}}};
  const auto side = LinkSide::open(cards, LinkRole::sender, {1, 1});
  ASSERT_FALSE(side);
  EXPECT_EQ(side.error().code, ErrorCode::bad_input);
  EXPECT_NE(side.error().message().find("mtu 50 is less than the 68 bytes that IPv4 asks for"), std::string::npos)
      << side.error().message();
}

struct VirtualDevice : Port {
  using Port::make_device;
};

// As the driver of packet sockets does, whatever is wrong.
TEST_F(DpdkLinkSide, ADriverThatGivesNoReasonIsNotTakenForAMissingRight) {
  const auto device = VirtualDevice::make_device("net_af_packet_xover_nobody", "iface=nobody");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, ErrorCode::internal);
  const std::string said = device.error().message();
  EXPECT_NE(said.find("iface=nobody: the driver gave no reason: "), std::string::npos) << said;
}

// The peer's refusal lies behind records that nobody has read, and the peer left one unread itself.
TEST(DpdkMeeting, TheLastWordOfAPeerThatHungUpIsItsRefusal) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const FileDescriptor here(ends[0]);
  {
    const FileDescriptor there(ends[1]);
    MeetingRecord record;
    record.kind = MeetingRecord::Kind::ready;
    ASSERT_TRUE(send_record(here.get(), record));
    ASSERT_TRUE(send_record(there.get(), record));
    send_refusal(there.get(), Error{ErrorCode::no_device, 0, "open the card", "it is gone", ""});
  }
  const Error said = why_it_hung_up(here.get(), "meet").value();
  EXPECT_EQ(said.code, ErrorCode::no_device);
  EXPECT_NE(said.message().find("it is gone"), std::string::npos) << said.message();
  EXPECT_EQ(why_it_hung_up(here.get(), "meet").value().code, ErrorCode::peer_died);
}

TEST_F(DpdkLinkSide, NobodyComesWithinTheBound) {
  const auto side = side_of(ring, LinkRole::sender);
  ASSERT_TRUE(side->listen());
  const auto nobody = side->accept(in(second / 20));
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::timed_out);
  const auto none = side->connect("dpdk:xover-dpdk-0-0", in(second / 20));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::refused) << none.error().message();
  EXPECT_FALSE(side->connect("elsewhere", in(second / 20)));
}

TEST_F(DpdkLinkSide, NoMoreConnectionsThanItWasOpenedFor) {
  const auto left = side_of(ring, LinkRole::sender);
  const auto right = side_of(ring, LinkRole::receiver);
  const auto pair = meet(*left, *right);
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_FALSE(left->accept(in(second)));
  EXPECT_FALSE(right->connect(*left->listen(), in(second)));
}

}  // namespace
}  // namespace xover
