// Where two ends of a DPDK link meet when they are on two hosts: over TCP, where records and notices come in pieces,
// and where a dead host says nothing.
#include "transports/dpdk/meeting_place.h"

#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"
#include "tests/unit/dpdk_ends.h"
#include "transports/common/link_ends.h"
#include "transports/common/socket_address.h"
#include "transports/dpdk/dpdk_links.h"

namespace xover {
namespace {

using namespace test;
using Kind = MeetingRecord::Kind;

const MeetingHosts both_here{.two = true, .own = {}, .peer = {}};

struct Line {
  FileDescriptor acceptor, connector;
};

Line line_between_hosts() {
  auto listening = MeetingPlace::make(both_here).value(), connecting = MeetingPlace::make(both_here).value();
  const std::string address = listening->listen().value();
  auto accepted = std::async(std::launch::async, [&] { return listening->accept(in(5 * second)); });
  auto connected = connecting->connect(address, in(5 * second));
  return {std::move(accepted.get().value()), std::move(connected.value())};
}

std::string bytes_of(const MeetingRecord& record) { return {reinterpret_cast<const char*>(&record), sizeof record}; }

MeetingRecord hello_of(std::uint32_t connection) {
  MeetingRecord record;
  record.connection = connection;
  put_text(record.link, "pci");
  return record;
}

void put(int fd, const std::string& bytes) {
  ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

TEST(DpdkMeetingPlace, IsAnAddressOfTheOwnHost) {
  auto place = MeetingPlace::make(both_here).value();
  const std::string address = place->listen().value();
  EXPECT_TRUE(SocketAddress::parse(address)) << address;
  EXPECT_TRUE(address.starts_with("127.0.0.1:")) << address;
  EXPECT_EQ(place->listen().value(), address);
  auto v6 = MeetingPlace::make({.two = true, .own = {"", "::1"}, .peer = {}}).value();
  const auto listening = v6->listen();
  if (listening) {
    EXPECT_TRUE(listening->starts_with("[::1]:")) << *listening;
  }
}

TEST(DpdkMeetingPlace, TurnsStrangersAway) {
  auto place = MeetingPlace::make({.two = true, .own = {}, .peer = {"127.0.0.2", ""}}).value();
  auto stranger = MeetingPlace::make(both_here).value();
  auto peer = MeetingPlace::make({.two = true, .own = {"127.0.0.2", ""}, .peer = {}}).value();
  const std::string address = place->listen().value();
  auto accepted = std::async(std::launch::async, [&] { return place->accept(in(5 * second)); });
  const auto turned_away = stranger->connect(address, in(5 * second));
  ASSERT_TRUE(turned_away) << turned_away.error().message();
  EXPECT_EQ(receive_record(turned_away->get(), in(5 * second), Kind::welcome).error().code, ErrorCode::peer_died);
  const auto connected = peer->connect(address, in(5 * second));
  ASSERT_TRUE(connected) << connected.error().message();
  ASSERT_TRUE(accepted.get());
  EXPECT_EQ(place->strangers(), 1u);
}

TEST(DpdkMeetingPlace, SaysWhatIsNoAddress) {
  for (const bool two : {false, true}) {
    auto place = MeetingPlace::make({.two = two, .own = {}, .peer = {}}).value();
    const auto nowhere = place->connect(two ? "dpdk:xover-dpdk-1-1" : "127.0.0.1:80", in(second));
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, ErrorCode::bad_input) << nowhere.error().message();
  }
}

TEST(DpdkLineBetweenHosts, CarriesRecordsInPieces) {
  Line line = line_between_hosts();
  const std::string bytes = bytes_of(hello_of(7)) + bytes_of(hello_of(8));
  std::thread sender([&] {
    for (std::size_t at = 0; at < bytes.size(); at += 7) put(line.connector.get(), bytes.substr(at, 7));
  });
  for (const std::uint32_t expected : {7u, 8u}) {
    const auto record = receive_record(line.acceptor.get(), in(5 * second), Kind::hello);
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_EQ(record->connection, expected);
  }
  sender.join();
}

TEST(DpdkLineBetweenHosts, ReadsNoByteBeyondARecord) {
  Line line = line_between_hosts();
  PeerLine connector(std::move(line.connector));
  MeetingRecord accepted;
  accepted.kind = Kind::accepted;
  ASSERT_TRUE(send_record(connector.fd(), accepted));
  ASSERT_TRUE(connector.say({Notice::Kind::granted, 0x01020304}));
  ASSERT_TRUE(connector.say({Notice::Kind::finished, 7}));
  ASSERT_TRUE(receive_record(line.acceptor.get(), in(5 * second), Kind::accepted));
  PeerLine acceptor(std::move(line.acceptor));
  for (const Notice expected : {Notice{Notice::Kind::granted, 0x01020304}, Notice{Notice::Kind::finished, 7}}) {
    std::optional<Notice> heard;
    for (const MonotonicNs bound = in(5 * second); !heard && monotonic_now_ns() < bound;) heard = acceptor.hear();
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->kind, expected.kind);
    EXPECT_EQ(heard->value, expected.value);
  }
  EXPECT_FALSE(acceptor.hear());
}

TEST(DpdkLineBetweenHosts, CarriesNoticesInPieces) {
  Line line = line_between_hosts();
  PeerLine acceptor(std::move(line.acceptor));
  const std::string stalled("\1\0\0\0\0\0\0\0", 8);  // PeerLine::say() of `aborted`, value 0
  for (const char byte : stalled.substr(0, 7)) {
    put(line.connector.get(), std::string(1, byte));
    EXPECT_FALSE(acceptor.hear());
  }
  put(line.connector.get(), stalled.substr(7));
  std::optional<Notice> heard;
  for (const MonotonicNs bound = in(5 * second); !heard && monotonic_now_ns() < bound;) heard = acceptor.hear();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->kind, Notice::Kind::aborted);
  line.connector = {};
  do heard = acceptor.hear();
  while (!heard);
  EXPECT_EQ(heard->kind, Notice::Kind::gone);
}

TEST(DpdkLineBetweenHosts, TakesNonsenseForTheEnd) {
  Line line = line_between_hosts();
  PeerLine acceptor(std::move(line.acceptor));
  put(line.connector.get(), std::string(8, '\xff'));
  std::optional<Notice> heard;
  for (const MonotonicNs bound = in(5 * second); !heard && monotonic_now_ns() < bound;) heard = acceptor.hear();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->kind, Notice::Kind::gone);
}

// Until the peer listens again what is said must be whole or not said at all.
TEST(DpdkLineBetweenHosts, SaysWhenNobodyHasListenedForLong) {
  Line line = line_between_hosts();
  PeerLine connector(std::move(line.connector)), acceptor(std::move(line.acceptor));
  std::uint32_t said = 0;
  while (said < 10'000'000 && connector.say({Notice::Kind::stalled, said})) ++said;
  ASSERT_LT(said, 10'000'000u) << "no end of room";
  std::uint32_t heard_number = 0;
  for (const MonotonicNs bound = in(10 * second); heard_number < said && monotonic_now_ns() < bound;) {
    const auto heard = acceptor.hear();
    if (!heard) continue;
    ASSERT_EQ(heard->kind, Notice::Kind::stalled);
    ASSERT_EQ(heard->value, heard_number++);
  }
  EXPECT_EQ(heard_number, said);
}

TEST(DpdkLineBetweenHosts, HasABoundForHalfARecord) {
  Line line = line_between_hosts();
  put(line.connector.get(), bytes_of(hello_of(7)).substr(0, 100));
  EXPECT_EQ(receive_record(line.acceptor.get(), in(second / 20), Kind::hello).error().code, ErrorCode::timed_out);
}

TEST(DpdkLineBetweenHosts, KnowsARecordThatIsCut) {
  Line line = line_between_hosts();
  put(line.connector.get(), bytes_of(hello_of(7)).substr(0, 100));
  line.connector = {};
  EXPECT_EQ(receive_record(line.acceptor.get(), in(5 * second), Kind::hello).error().code, ErrorCode::peer_died);
}

TEST(DpdkLineBetweenHosts, KnowsAnotherVersionByItsFirstBytes) {
  Line line = line_between_hosts();
  put(line.connector.get(), "GET ");
  const auto record = receive_record(line.acceptor.get(), in(5 * second), Kind::hello);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::bad_input);
  EXPECT_NE(record.error().message().find("another version"), std::string::npos) << record.error().message();
}

TEST(DpdkLineBetweenHosts, TellsWhyItHungUp) {
  Line line = line_between_hosts();
  send_refusal(line.connector.get(), Error{ErrorCode::no_device, 0, "open the card", "it is gone\033[2J", ""});
  line.connector = {};
  const auto waited = pause_beside(line.acceptor.get(), second / 2, "wait");
  ASSERT_FALSE(waited) << "the peer's end was not seen";
  EXPECT_EQ(waited.error().code, ErrorCode::no_device);
  EXPECT_NE(waited.error().message().find("it is gone?[2J"), std::string::npos) << waited.error().message();
}

bool ip(const std::vector<std::string>& words) {
  std::vector<std::string> arguments{"ip"};
  arguments.insert(arguments.end(), words.begin(), words.end());
  return run_program(arguments).exit_code == 0;
}

// A host that answers no more: here the loopback of a namespace that is switched off. The bound is the line's own, 8 s,
// and as much again for a slow machine.
TEST(DpdkLineBetweenHosts, NoticesADeadHost) {
  std::string missing;
  bool noticed = false;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0 || !ip({"link", "set", "lo", "up"})) {
      missing = "no network namespaces here";
      return;
    }
    Line line = line_between_hosts();
    PeerLine acceptor(std::move(line.acceptor));
    ASSERT_TRUE(ip({"link", "set", "lo", "down"}));
    for (const MonotonicNs bound = in(16 * second); !noticed && monotonic_now_ns() < bound;) {
      const auto heard = acceptor.hear();
      noticed = heard && heard->kind == Notice::Kind::gone;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }).join();
  if (!missing.empty()) GTEST_SKIP() << missing;
  EXPECT_TRUE(noticed);
}

TEST(DpdkLinksBetweenHosts, AreThoseOfDevices) {
  for (const char* name : {"ring", "memif"}) {
    const auto side = LinkSide::open({.name = name}, LinkRole::sender, {1, 1}, both_here);
    ASSERT_FALSE(side) << name;
    EXPECT_EQ(side.error().code, ErrorCode::unsupported);
    EXPECT_NE(side.error().message().find("memory of one host"), std::string::npos) << side.error().message();
  }
}

TEST(DpdkLinksBetweenHosts, MayNameTheSameDeviceAtBoth) {
  const Link same{.name = "pci", .argument = "01:00.0+01:00.0"}, alone{.name = "pci", .argument = "01:00.0"};
  for (const Link& link : {same, alone}) {
    EXPECT_FALSE(parse_device_names(link)) << link.text();
    const auto names = parse_device_names(link, true);
    ASSERT_TRUE(names) << names.error().message();
    EXPECT_EQ(names->sender, "0000:01:00.0");
    EXPECT_EQ(names->receiver, "0000:01:00.0");
  }
  EXPECT_FALSE(parse_device_names({.name = "pci", .argument = "eth0"}, true));
  EXPECT_FALSE(parse_device_names({.name = "af_packet", .argument = "left+"}, true));
  EXPECT_FALSE(parse_device_names({.name = "af_packet"}, true));
}

TEST(DpdkLinksBetweenHosts, LookForTheirOwnDeviceAlone) {
  const Link link{.name = "af_packet", .argument = "nobody0+nobody1"};
  for (const auto& [role, own] : {std::pair{LinkRole::sender, "nobody0"}, std::pair{LinkRole::receiver, "nobody1"}}) {
    const auto side = LinkSide::open(link, role, {1, 1}, both_here);
    ASSERT_FALSE(side);
    EXPECT_NE(side.error().message().find(own), std::string::npos) << side.error().message();
    EXPECT_EQ(end_of(link, role).argument, own);
  }
  EXPECT_EQ(end_of({.name = "wire", .argument = "a+b"}, LinkRole::sender).argument, "a+b");
  EXPECT_EQ(end_of({.name = "verbs", .argument = "a"}, LinkRole::receiver).argument, "a");
}

}  // namespace
}  // namespace xover
