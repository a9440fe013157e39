// The handshake, and setsockopt.
#include "transports/common/udp_sockets.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "transports/common/udp_handshake.h"

namespace xover {

namespace {

constexpr MonotonicNs hello_interval_ns = 20'000'000;
constexpr std::size_t max_payload_v4 = 65507;  // 65535 less the headers of IPv4 and UDP
constexpr std::size_t max_payload_v6 = 65527;  // IPv6 does not count its own header
constexpr std::uint16_t discard_port = 9;      // RFC 863
constexpr std::size_t max_gso_segments = 64;   // UDP_MAX_SEGMENTS of the kernels before 6.9; later ones allow 128

std::vector<Fact> facts_of(int fd) {
  return {{"send_buffer_bytes", std::to_string(get_option(fd, SOL_SOCKET, SO_SNDBUF))},
          {"receive_buffer_bytes", std::to_string(get_option(fd, SOL_SOCKET, SO_RCVBUF))},
          {"gso_bytes", std::to_string(get_option(fd, SOL_UDP, UDP_SEGMENT))},
          {"gro", get_option(fd, SOL_UDP, UDP_GRO) > 0 ? "on" : "off"}};
}

// Beyond the system's limit where permitted (CAP_NET_ADMIN), else as much as the limit gives; facts() tells how much.
Result<void> set_buffer(int fd, int forced_name, int name, std::size_t size_bytes, const char* what) {
  if (size_bytes == 0) return {};
  const int value = static_cast<int>(size_bytes);
  if (setsockopt(fd, SOL_SOCKET, forced_name, &value, sizeof value) == 0) return {};
  return set_option(fd, SOL_SOCKET, name, value, what);
}

Result<void> report_network_errors(int fd, bool on) {
  const bool v6 = get_option(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6;
  return v6 ? set_option(fd, SOL_IPV6, IPV6_RECVERR, on, "IPV6_RECVERR")
            : set_option(fd, SOL_IP, IP_RECVERR, on, "IP_RECVERR");
}

std::uint64_t random_nonce() {
  std::uint64_t nonce = 0;
  if (getrandom(&nonce, sizeof nonce, GRND_NONBLOCK) != sizeof nonce) nonce = ticks_now();
  return nonce;
}

// The next datagram if it is a handshake of this program's version; others are dropped.
std::optional<UdpHandshake> take_handshake(int fd, sockaddr_storage& from) {
  UdpHandshake handshake;
  socklen_t size = sizeof from;
  const ssize_t received =
      recvfrom(fd, &handshake, sizeof handshake, MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&from), &size);
  if (received != sizeof handshake || handshake.magic != UdpHandshake::magic_value) return std::nullopt;
  if (handshake.version != UdpHandshake::version_value) return std::nullopt;
  return handshake;
}

bool send_handshake(int fd, UdpHandshake::Kind kind, std::uint64_t nonce, const SocketAddress* to) {
  UdpHandshake handshake;
  handshake.kind = kind;
  handshake.nonce = nonce;
  return sendto(fd, &handshake, sizeof handshake, MSG_NOSIGNAL, to == nullptr ? nullptr : to->data(),
                to == nullptr ? 0 : to->size()) == sizeof handshake;
}

// Takes the datagram at the head of the queue off if it is a handshake; data stays.
void drop_ready(int fd) {
  std::byte begin[sizeof(UdpHandshake)];
  const ssize_t size = recv(fd, begin, sizeof begin, MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
  if (size == sizeof begin && is_handshake(sizeof begin, begin)) recv(fd, begin, sizeof begin, MSG_DONTWAIT);
}

}  // namespace

std::size_t largest_datagram_bytes(const Options& options) {
  const std::size_t gso = options.size_bytes("gso");
  const std::size_t largest = ip_version(options) == IpVersion::v6 ? max_payload_v6 : max_payload_v4;
  return gso == 0 ? largest : std::min(largest, gso * max_gso_segments);
}

Result<void> UdpSockets::try_out() const {
  const auto trial = make_socket(ip_version(options_), SOCK_DGRAM);
  if (!trial) return tl::make_unexpected(trial.error());
  return configure(trial->get());
}

Result<FileDescriptor> UdpSockets::make_bound_socket(IpVersion version, std::uint16_t port) const {
  const auto own = SocketAddress::of_host(own_, version, port);
  if (!own) return tl::make_unexpected(own.error());
  auto socket = make_socket(version, SOCK_DGRAM);
  if (!socket) return socket;
  if (auto done = configure(socket->get()); !done) return tl::make_unexpected(done.error());
  if (auto bound = bind_to(socket->get(), *own); !bound) return tl::make_unexpected(bound.error());
  return socket;
}

Result<void> UdpSockets::receiver_there(const char* operation) const {
  if (has_receiver_) return {};
  return make_error(ErrorCode::unsupported, operation, "link " + link_.text() + " has no receiver",
                    "only the sender's side can be measured there");
}

Result<std::string> UdpSockets::listen() {
  if (auto there = receiver_there("listen"); !there) return tl::make_unexpected(there.error());
  const auto expected = SocketAddress::of_host(peer_, ip_version(options_));
  if (!expected) return tl::make_unexpected(expected.error());
  auto socket = make_bound_socket(ip_version(options_));
  if (!socket) return tl::make_unexpected(socket.error());
  auto bound = SocketAddress::local_of(socket->get());
  if (!bound) return tl::make_unexpected(bound.error());
  listener_ = std::move(*socket);
  return bound->text();
}

Result<FileDescriptor> UdpSockets::accept(MonotonicNs deadline) {
  if (auto there = receiver_there("accept"); !there) return tl::make_unexpected(there.error());
  if (!listener_) return make_error(ErrorCode::bad_input, "accept", "this session does not listen");
  const auto hello = await_hello(deadline);
  if (!hello) return tl::make_unexpected(hello.error());
  auto socket = make_bound_socket(ip_version(options_));
  if (!socket) return tl::make_unexpected(socket.error());
  if (::connect(socket->get(), hello->from.data(), hello->from.size()) != 0) {
    return system_error("connect", hello->from.text());
  }
  answered_.push_back(hello->nonce);
  if (auto done = welcome(socket->get(), *hello, deadline); !done) return tl::make_unexpected(done.error());
  latest_facts_ = facts_of(socket->get());
  return socket;
}

Result<UdpSockets::Hello> UdpSockets::await_hello(MonotonicNs deadline) {
  const auto expected = SocketAddress::of_host(peer_, ip_version(options_));
  if (!expected) return tl::make_unexpected(expected.error());
  for (;;) {
    auto ready = await(listener_.get(), POLLIN, deadline, "accept", "no peer came");
    if (!ready) return tl::make_unexpected(ready.error());
    sockaddr_storage from{};
    const auto handshake = take_handshake(listener_.get(), from);
    const bool is_stranger = handshake && !SocketAddress::of(from).same_host(*expected);
    strangers_ += is_stranger ? 1 : 0;
    const bool is_new = handshake && !is_stranger && handshake->kind == UdpHandshake::Kind::hello &&
                        std::ranges::find(answered_, handshake->nonce) == answered_.end();
    if (is_new) return Hello{SocketAddress::of(from), handshake->nonce};
    // What came was something else, which does not stretch the bound.
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "accept", "no peer came");
  }
}

// Repeats the welcome until the peer shows that it has it, by `ready` or by data.
Result<void> UdpSockets::welcome(int fd, const Hello& hello, MonotonicNs deadline) {
  for (;;) {
    send_handshake(fd, UdpHandshake::Kind::welcome, hello.nonce, nullptr);
    const MonotonicNs now = monotonic_now_ns();
    const MonotonicNs until = std::min(deadline, now + hello_interval_ns);
    const auto answered = await(fd, POLLIN, until, "accept", hello.from.text() + " did not answer");
    if (answered) {
      drop_ready(fd);
      return {};
    }
    if (answered.error().code != ErrorCode::timed_out || until == deadline) return answered;
  }
}

Result<FileDescriptor> UdpSockets::connect(const std::string& address, MonotonicNs deadline) {
  if (!has_receiver_) return connect_to_nobody();
  const auto listener = SocketAddress::parse(address);
  if (!listener) return tl::make_unexpected(listener.error());
  auto socket = shake_hands(*listener, deadline);
  if (socket) latest_facts_ = facts_of(socket->get());
  return socket;
}

Result<FileDescriptor> UdpSockets::connect_to_nobody() {
  const auto peer = SocketAddress::of_host(peer_, ip_version(options_), discard_port);
  if (!peer) return tl::make_unexpected(peer.error());
  auto socket = make_bound_socket(peer->version(), own_port_);
  if (!socket) return socket;
  if (::connect(socket->get(), peer->data(), peer->size()) != 0) return system_error("connect", peer->text());
  latest_facts_ = facts_of(socket->get());
  return socket;
}

Result<FileDescriptor> UdpSockets::shake_hands(const SocketAddress& listener, MonotonicNs deadline) {
  auto socket = make_bound_socket(listener.version(), own_port_);
  if (!socket) return socket;
  const auto peer = await_welcome(socket->get(), listener, deadline);
  if (!peer) return tl::make_unexpected(peer.error());
  if (::connect(socket->get(), peer->data(), peer->size()) != 0) return system_error("connect", peer->text());
  if (!send_handshake(socket->get(), UdpHandshake::Kind::ready, 0, nullptr)) return system_error("send", peer->text());
  return socket;
}

Result<SocketAddress> UdpSockets::await_welcome(int fd, const SocketAddress& listener, MonotonicNs deadline) {
  // Else nobody would tell a socket without a peer that its hello was refused.
  if (auto done = report_network_errors(fd, true); !done) return tl::make_unexpected(done.error());
  const std::uint64_t nonce = random_nonce();
  for (;; ++hello_retries_) {
    if (!send_handshake(fd, UdpHandshake::Kind::hello, nonce, &listener)) {
      return system_error("connect", listener.text(), "is the other side running?");
    }
    const MonotonicNs until = std::min(deadline, monotonic_now_ns() + hello_interval_ns);
    const auto ready = await(fd, POLLIN, until, "connect", listener.text());
    if (!ready) {
      if (ready.error().code != ErrorCode::timed_out || until == deadline) return tl::make_unexpected(ready.error());
      continue;
    }
    errno = get_option(fd, SOL_SOCKET, SO_ERROR);
    if (errno != 0) return system_error("connect", listener.text(), "is the other side running?");
    sockaddr_storage from{};
    const auto handshake = take_handshake(fd, from);
    const bool welcomed = handshake && handshake->kind == UdpHandshake::Kind::welcome && handshake->nonce == nonce;
    if (welcomed && SocketAddress::of(from).same_host(listener)) {
      if (auto done = report_network_errors(fd, report_errors_); !done) return tl::make_unexpected(done.error());
      return SocketAddress::of(from);
    }
    // What came was something else, which does not stretch the bound.
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "connect", listener.text());
  }
}

Result<void> UdpSockets::configure(int fd) const {
  const auto first_error = [](std::initializer_list<Result<void>> results) {
    const auto failed = std::ranges::find_if(results, [](const Result<void>& result) { return !result; });
    return failed == results.end() ? Result<void>{} : *failed;
  };
  const int gso = static_cast<int>(options_.size_bytes("gso"));
  const bool gro = options_.boolean("gro");
  const char* const newer = "boot Linux 5.0 or newer, or leave this option out";
  return first_error({
      set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, options_.size_bytes("send_buffer"), "SO_SNDBUF"),
      set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, options_.size_bytes("receive_buffer"), "SO_RCVBUF"),
      gso != 0 ? set_option(fd, SOL_UDP, UDP_SEGMENT, gso, "UDP_SEGMENT", newer) : Result<void>{},
      gro ? set_option(fd, SOL_UDP, UDP_GRO, 1, "UDP_GRO", newer) : Result<void>{},
      report_network_errors(fd, report_errors_),
      set_call_timeouts(fd),
  });
}

std::vector<Fact> UdpSockets::facts(int fd) const { return fd >= 0 ? facts_of(fd) : latest_facts_; }

}  // namespace xover
