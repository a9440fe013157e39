// Where sockets bind and whom they reach, on addresses that are all of loopback; and links without receiver.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/socket_address.h"

namespace xover {
namespace {

const HostAddresses second_host{"127.0.0.2", "::1"}, third_host{"127.0.0.3", "::1"};

MonotonicNs in(MonotonicNs milliseconds) { return monotonic_now_ns() + milliseconds * 1'000'000; }

Result<std::unique_ptr<Session>> open_at(std::string_view id, const OptionText& text, OpenParameters parameters) {
  const Descriptor& row = *find_transport(id);
  auto options = Options::resolve(id, row.options, text);
  if (!options) return tl::make_unexpected(options.error());
  parameters.options = std::move(*options);
  parameters.depth = 4;
  return row.open(parameters);
}

// A plain socket of the test's own.
struct Bound {
  FileDescriptor socket;
  std::string address;
  int errno_value = 0;

  Bound(const char* host, std::uint16_t port, int type) : socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    inet_pton(AF_INET, host, &in.sin_addr);
    if (bind(socket.get(), reinterpret_cast<sockaddr*>(&in), sizeof in) != 0) errno_value = errno;
    const timeval patience{2, 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    address = SocketAddress::local_of(socket.get()).value().text();
  }
};

std::string host_of(const SocketAddress& address) {
  const std::string text = address.text();
  return text.substr(0, text.rfind(':'));
}

struct Row {
  const char* id;
  OptionText options;
};

const std::vector<Row> datagram_rows{{"udp.send", {}},
                                     {"udp.zerocopy", {}},
                                     {"uring.send", {{"protocol", "udp"}}},
                                     {"uring.send_zc", {{"protocol", "udp"}, {"receive", "multishot"}}},
                                     {"uring.send_zc_fixed", {{"protocol", "udp"}}}};

TEST(SocketsOfALink, ListenAtTheOwnEnd) {
  std::vector<Row> rows = datagram_rows;
  for (const char* id : {"tcp.send", "tcp.vmsplice", "uring.send"}) rows.push_back({id, {}});
  for (const Row& row : rows) {
    if (!find_transport(row.id)->probe({}).usable()) continue;
    const auto session = open_at(row.id, row.options, {.own = second_host});
    ASSERT_TRUE(session) << session.error().message();
    const auto address = (*session)->listen();
    ASSERT_TRUE(address) << address.error().message();
    EXPECT_EQ(address->substr(0, address->rfind(':')), "127.0.0.2") << row.id;
  }
}

TEST(SocketsOfALink, ConnectFromTheOwnEnd) {
  Bound listener("127.0.0.2", 0, SOCK_STREAM);
  ASSERT_EQ(::listen(listener.socket.get(), 4), 0);
  for (const char* id : {"tcp.send", "tcp.sendfile", "uring.send"}) {
    if (!find_transport(id)->probe({}).usable()) continue;
    const auto session = open_at(id, {}, {.own = third_host});
    ASSERT_TRUE(session) << session.error().message();
    ASSERT_TRUE((*session)->connect(listener.address, in(2'000)));
    const FileDescriptor accepted(accept(listener.socket.get(), nullptr, nullptr));
    EXPECT_EQ(host_of(SocketAddress::peer_of(accepted.get()).value()), "127.0.0.3") << id;
    // A channel that lends pages has a second connection.
    if (std::string_view(id) != "tcp.sendfile") continue;
    const FileDescriptor second(accept(listener.socket.get(), nullptr, nullptr));
    EXPECT_EQ(host_of(SocketAddress::peer_of(second.get()).value()), "127.0.0.3");
  }
}

TEST(SocketsOfALink, SayHelloFromTheOwnEnd) {
  Bound listener("127.0.0.2", 0, SOCK_DGRAM);
  const auto session = open_at("udp.send", {}, {.own = third_host});
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_FALSE((*session)->connect(listener.address, in(30)));  // nobody answers
  std::array<std::byte, 64> hello;
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  ASSERT_GT(recvfrom(listener.socket.get(), hello.data(), hello.size(), 0, reinterpret_cast<sockaddr*>(&from), &size),
            0);
  EXPECT_EQ(host_of(SocketAddress::of(from)), "127.0.0.3");
}

TEST(SocketsOfALink, SayWhichAddressIsNotTheirs) {
  for (const char* id : {"tcp.send", "udp.send"}) {
    const auto session = open_at(id, {}, {.own = {"192.0.2.1", ""}});  // RFC 5737: nobody's
    ASSERT_TRUE(session) << session.error().message();
    const auto address = (*session)->listen();
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().errno_value, EADDRNOTAVAIL);
    EXPECT_NE(address.error().message().find("192.0.2.1"), std::string::npos) << address.error().message();
  }
}

TEST(SocketsOfALink, SayThatALinkHasNoIPv6) {
  for (const char* id : {"tcp.send", "udp.send"}) {
    const auto session = open_at(id, {{"ip", "6"}}, {.own = {"127.0.0.1", ""}});
    if (!session) GTEST_SKIP() << session.error().message();
    const auto address = (*session)->listen();
    ASSERT_FALSE(address);
    EXPECT_EQ(address.error().code, ErrorCode::unsupported);
    EXPECT_NE(address.error().message().find("use ip=4"), std::string::npos) << address.error().message();
  }
}

TEST(SocketsOfALink, AreRefusedWhereTheyDoNotRun) {
  for (const char* id : {"tcp.send", "tcp.sendfile", "udp.send", "uring.send"}) {
    const auto session = open_at(id, {}, {.link = {.name = "ring"}});
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().code, ErrorCode::unsupported);
    EXPECT_NE(session.error().message().find("veth_dma"), std::string::npos) << session.error().message();
    EXPECT_EQ(find_transport(id)->probe({.name = "ring"}).status, Status::no_device);
  }
}

OpenParameters without_receiver(const HostAddresses& peer) {
  return {.link = {.name = "ifb"}, .peer = peer, .has_receiver = false};
}

TEST(LinksWithoutReceiver, AreNotForTcp) {
  const auto over_tcp = open_at("uring.send", {}, without_receiver(second_host));
  ASSERT_FALSE(over_tcp);
  EXPECT_EQ(over_tcp.error().code, ErrorCode::unsupported);
  EXPECT_NE(over_tcp.error().message().find("protocol=udp"), std::string::npos) << over_tcp.error().message();
  EXPECT_FALSE(open_at("tcp.send", {}, {.has_receiver = false}));
  EXPECT_FALSE(open_at("tcp.sendfile", {}, {.has_receiver = false}));
}

TEST(LinksWithoutReceiver, RefuseToListen) {
  for (const Row& row : datagram_rows) {
    if (!find_transport(row.id)->probe({}).usable()) continue;
    const auto session = open_at(row.id, row.options, without_receiver(second_host));
    ASSERT_TRUE(session) << session.error().message();
    EXPECT_EQ((*session)->limits().receive, Receive::none);
    EXPECT_EQ((*session)->limits().max_offered, 0u);
    const auto address = (*session)->listen();
    const auto channel = (*session)->accept(in(10));
    ASSERT_FALSE(address || channel);
    EXPECT_EQ(address.error().code, ErrorCode::unsupported);
    EXPECT_EQ(channel.error().code, ErrorCode::unsupported);
    EXPECT_NE(address.error().message().find("ifb"), std::string::npos) << address.error().message();
  }
}

// The peer is a socket that never answers; what it got shows where datagrams go.
TEST(LinksWithoutReceiver, TakeDatagramsAtThePortDiscard) {
  Bound sink("127.0.0.2", 9, SOCK_DGRAM);
  if (sink.errno_value != 0) GTEST_SKIP() << "port 9: " << std::strerror(sink.errno_value);
  for (const Row& row : datagram_rows) {
    if (!find_transport(row.id)->probe({}).usable()) continue;
    OpenParameters parameters = without_receiver(second_host);
    parameters.own = third_host;
    const auto session = open_at(row.id, row.options, parameters);
    ASSERT_TRUE(session) << session.error().message();
    const auto channel = (*session)->connect("", in(1'000));
    ASSERT_TRUE(channel) << channel.error().message();
    const auto arena = (*session)->arena(4096);
    ASSERT_TRUE(arena);
    const Segment segment{arena->front().data, 1000};
    const SendOp op{7, {&segment, 1}};
    ASSERT_EQ((*channel)->submit({&op, 1}).accepted, 1u);
    std::array<Completion, 4> completions;
    bool released = false;
    for (const MonotonicNs bound = in(5'000); !released && monotonic_now_ns() < bound;) {
      (*session)->waiter()->wait(in(20));
      const std::size_t count = (*session)->reap(completions);
      for (std::size_t i = 0; i < count; ++i) {
        if (!completions[i].moments.has(Moment::released)) continue;
        released = true;
        EXPECT_FALSE(completions[i].failure) << row.id << ": " << to_error(completions[i].failure).message();
        EXPECT_EQ(completions[i].bytes, 1000u);
      }
    }
    EXPECT_TRUE(released) << row.id;
    std::array<std::byte, 2000> arrived;
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    EXPECT_EQ(recvfrom(sink.socket.get(), arrived.data(), arrived.size(), 0, reinterpret_cast<sockaddr*>(&from), &size),
              1000)
        << row.id;
    EXPECT_EQ(host_of(SocketAddress::of(from)), "127.0.0.3") << row.id;
  }
}

TEST(SocketAddresses, AreReadAsTheyAreWritten) {
  for (const char* text : {"192.0.2.1:80", "[::1]:65535", "[2001:db8::7]:1"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_TRUE(address) << address.error().message();
    EXPECT_EQ(address->text(), text);
  }
  for (const char* text : {"", "192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "[::1:80", "::1:80", "host:80"}) {
    const auto address = SocketAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().code, ErrorCode::bad_input);
    EXPECT_NE(address.error().message().find("IPV4:PORT or [IPV6]:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace xover
