// Whom a listening session takes connections from, and which port a connecting one comes from. All addresses are of
// loopback: 127.0.0.1 is the peer's, 127.0.0.2 a stranger's.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/session_pair.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/socket_address.h"
#include "transports/common/udp_handshake.h"

namespace xover {
namespace {

using test::counter;
using test::soon;

struct Row {
  const char* id;
  bool datagrams;
  bool in_pairs = false;  // two connections to a channel
};

constexpr Row rows[] = {{"tcp.send", false},   {"tcp.zerocopy", false}, {"tcp.sendfile", false, true},
                        {"uring.send", false}, {"udp.send", true},      {"uring.send", true}};

OptionText options_of(const Row& row) {
  return row.datagrams && std::string_view(row.id).starts_with("uring") ? OptionText{{"protocol", "udp"}}
                                                                        : OptionText{};
}

Result<std::unique_ptr<Session>> open_at(const Row& row, OpenParameters parameters) {
  const Descriptor& known = *find_transport(row.id);
  auto options = Options::resolve(row.id, known.options, options_of(row));
  if (!options) return tl::make_unexpected(options.error());
  parameters.options = std::move(*options);
  parameters.depth = 4;
  return known.open(parameters);
}

std::string name_of(const testing::TestParamInfo<Row>& test) {
  std::string name = std::string(test.param.id) + (test.param.datagrams ? "_udp" : "_tcp");
  name[name.find('.')] = '_';
  return name;
}

class PeerOfALink : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    const Availability there = find_transport(GetParam().id)->probe({});
    if (!there.usable()) GTEST_SKIP() << there.cause;
  }
};

// Says to `listener` what a peer would say, from 127.0.0.2.
FileDescriptor knock(const std::string& listener, bool datagrams) {
  FileDescriptor fd(socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.2", &own.sin_addr);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
  const SocketAddress to = SocketAddress::parse(listener).value();
  EXPECT_EQ(connect(fd.get(), to.data(), to.size()), 0) << std::strerror(errno);
  UdpHandshake hello;
  hello.nonce = 77;
  if (datagrams) {
    EXPECT_EQ(send(fd.get(), &hello, sizeof hello, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof hello));
  }
  const timeval patience{5, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

TEST_P(PeerOfALink, IsTheOnlyOneWhoIsTaken) {
  auto listening = open_at(GetParam(), {}).value();
  auto connecting = open_at(GetParam(), {}).value();
  const std::string address = listening->listen().value();
  const FileDescriptor first = knock(address, GetParam().datagrams), second = knock(address, GetParam().datagrams);
  Result<Channel*> accepted = nullptr;
  std::thread accepting([&] { accepted = listening->accept(soon()); });
  const auto connected = connecting->connect(address, soon());
  accepting.join();
  ASSERT_TRUE(connected) << connected.error().message();
  ASSERT_TRUE(accepted) << accepted.error().message();
  EXPECT_EQ(counter(*listening, "strangers"), 2u);
  EXPECT_EQ(counter(*connecting, "strangers"), 0u);
  if (GetParam().datagrams) return;
  char byte;
  EXPECT_EQ(recv(first.get(), &byte, 1, 0), 0) << "closed at once";
}

TEST_P(PeerOfALink, IsWaitedForNoLongerThanTheBoundWhoeverElseComes) {
  auto listening = open_at(GetParam(), {}).value();
  const FileDescriptor stranger = knock(listening->listen().value(), GetParam().datagrams);
  const auto nobody = listening->accept(monotonic_now_ns() + test::second / 20);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ErrorCode::timed_out);
  EXPECT_EQ(counter(*listening, "strangers"), 1u);
}

TEST_P(PeerOfALink, MayBeAnotherThanTheOwnHost) {
  auto listening = open_at(GetParam(), {.peer = {"127.0.0.2", ""}}).value();
  auto stranger = open_at(GetParam(), {}).value();
  auto connecting = open_at(GetParam(), {.own = {"127.0.0.2", ""}}).value();
  const std::string address = listening->listen().value();
  Result<Channel*> accepted = nullptr;
  std::thread accepting([&] { accepted = listening->accept(soon()); });
  if (GetParam().datagrams) {
    EXPECT_FALSE(stranger->connect(address, monotonic_now_ns() + test::second / 10));
  } else {
    (void)stranger->connect(address, soon());  // the kernel accepts it, and the session closes it
  }
  const auto connected = connecting->connect(address, soon());
  accepting.join();
  EXPECT_TRUE(connected) << connected.error().message();
  EXPECT_TRUE(accepted) << accepted.error().message();
  EXPECT_GE(counter(*listening, "strangers"), 1u);
}

TEST_P(PeerOfALink, MustHaveAnAddressOfTheSameKind) {
  auto listening = open_at(GetParam(), {.peer = {"", "::1"}}).value();
  const auto address = listening->listen();
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::unsupported);
}

// Of the kernel's choice, and free again.
std::uint16_t free_port(bool datagrams) {
  FileDescriptor fd(socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.1", &any.sin_addr);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  const std::string text = SocketAddress::local_of(fd.get()).value().text();
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

// A peer of the test's own, which sees where a connection comes from.
std::string port_seen_by(int listener, bool datagrams) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  if (datagrams) {
    std::byte hello[64];
    EXPECT_GT(recvfrom(listener, hello, sizeof hello, 0, reinterpret_cast<sockaddr*>(&from), &size), 0);
  } else {
    const FileDescriptor accepted(accept(listener, reinterpret_cast<sockaddr*>(&from), &size));
    EXPECT_TRUE(accepted);
  }
  const std::string text = SocketAddress::of(from).text();
  return text.substr(text.rfind(':') + 1);
}

FileDescriptor plain_listener(bool datagrams, std::string& address) {
  FileDescriptor fd(socket(AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  sockaddr_in own{};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, "127.0.0.1", &own.sin_addr);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
  EXPECT_TRUE(datagrams || listen(fd.get(), 8) == 0);
  const timeval patience{5, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  address = SocketAddress::local_of(fd.get()).value().text();
  return fd;
}

TEST_P(PeerOfALink, SeesThePortThatWasAskedFor) {
  const bool datagrams = GetParam().datagrams;
  std::string address;
  const FileDescriptor listener = plain_listener(datagrams, address);
  const std::uint16_t port = free_port(datagrams);
  auto session = open_at(GetParam(), {.own_port = port}).value();
  // Nobody answers a hello.
  const auto connected = session->connect(address, datagrams ? monotonic_now_ns() + test::second / 10 : soon());
  EXPECT_EQ(connected.has_value(), !datagrams);
  EXPECT_EQ(port_seen_by(listener.get(), datagrams), std::to_string(port));
  if (GetParam().in_pairs) {
    EXPECT_NE(port_seen_by(listener.get(), datagrams), std::to_string(port));
  }
}

TEST_P(PeerOfALink, HearsOfAPortThatIsTaken) {
  std::string address, taken;
  const FileDescriptor listener = plain_listener(GetParam().datagrams, address);
  const FileDescriptor holder = plain_listener(GetParam().datagrams, taken);
  const auto port = static_cast<std::uint16_t>(std::stoi(taken.substr(taken.rfind(':') + 1)));
  auto session = open_at(GetParam(), {.own_port = port}).value();
  const auto connected = session->connect(address, soon());
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().errno_value, EADDRINUSE);
  EXPECT_NE(connected.error().message().find(taken), std::string::npos) << connected.error().message();
  EXPECT_NE(connected.error().remedy.find("another socket has this port"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Sockets, PeerOfALink, testing::ValuesIn(rows), name_of);

TEST(PortOfALink, TakesTheNextConnectionOnceTheLastHasEnded) {
  std::string address;
  const FileDescriptor listener = plain_listener(false, address);
  const std::uint16_t port = free_port(false);
  for (int round = 0; round < 3; ++round) {
    auto session = open_at(rows[0], {.own_port = port}).value();
    const auto connected = session->connect(address, soon());
    ASSERT_TRUE(connected) << round << ": " << connected.error().message();
    EXPECT_EQ(port_seen_by(listener.get(), false), std::to_string(port));
  }
}

TEST(PortOfALink, CannotHaveTwoConnectionsToOneAddress) {
  std::string address;
  const FileDescriptor listener = plain_listener(false, address);
  const std::uint16_t port = free_port(false);
  auto one = open_at(rows[0], {.own_port = port}).value();
  auto two = open_at(rows[0], {.own_port = port}).value();
  ASSERT_TRUE(one->connect(address, soon()));
  const auto connected = two->connect(address, soon());
  ASSERT_FALSE(connected);
  EXPECT_FALSE(connected.error().remedy.empty()) << connected.error().message();
}

}  // namespace
}  // namespace xover
