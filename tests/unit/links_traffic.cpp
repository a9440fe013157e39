// TCP across the namespaces of a link, in one thread, and what became of zero-copy sends.
#include "tests/unit/links_traffic.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "transports/common/error_queue.h"
#include "transports/common/sockets.h"

namespace xover::test {

namespace {

constexpr std::size_t chunk_bytes = 65536;
constexpr int poll_bound_ms = 5000;

std::vector<char> pattern(std::size_t size) {
  std::vector<char> bytes(size);
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 131 + at / 256);
  return bytes;
}

}  // namespace

Result<TcpPair> connect_over(const MadeLink& link, IpVersion version) {
  const auto receiver = SocketAddress::of_host(link.receiver, version);
  if (!receiver) return tl::make_unexpected(receiver.error());
  if (auto there = enter_namespaces(-1, link.receiver_net.get()); !there) return tl::make_unexpected(there.error());
  auto listener = make_socket(version, SOCK_STREAM);
  if (!listener) return tl::make_unexpected(listener.error());
  if (auto bound = bind_to(listener->get(), *receiver); !bound) return tl::make_unexpected(bound.error());
  if (listen(listener->get(), 1) != 0) return system_error("listen");
  const auto address = SocketAddress::local_of(listener->get());
  if (!address) return tl::make_unexpected(address.error());
  if (auto back = enter_namespaces(-1, link.sender_net.get()); !back) return tl::make_unexpected(back.error());
  TcpPair pair;
  auto sender = make_socket(version, SOCK_STREAM);
  if (!sender) return tl::make_unexpected(sender.error());
  pair.sender = std::move(*sender);
  if (connect(pair.sender.get(), address->data(), address->size()) != 0)
    return system_error("connect", address->text());
  pair.receiver = FileDescriptor(accept(listener->get(), nullptr, nullptr));
  if (!pair.receiver) return system_error("accept");
  return pair;
}

Transfer transfer(const TcpPair& pair, std::size_t total_bytes, int send_flags) {
  static const std::vector<char> source = pattern(chunk_bytes);  // outlives what the kernel holds of it
  std::vector<char> received(chunk_bytes);
  Transfer done;
  std::size_t sent = 0;
  while (done.arrived_bytes < total_bytes) {
    const std::size_t at = sent % chunk_bytes;
    const std::size_t size = std::min(chunk_bytes - at, total_bytes - sent);
    if (size > 0) {
      const ssize_t taken = send(pair.sender.get(), source.data() + at, size, send_flags | MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) {
        sent += static_cast<std::size_t>(taken);
        ++done.calls;
      }
    }
    pollfd readable{pair.receiver.get(), POLLIN, 0};
    if (poll(&readable, 1, poll_bound_ms) <= 0) return done;
    const std::size_t from = done.arrived_bytes % chunk_bytes;
    const ssize_t size_now = recv(pair.receiver.get(), received.data(), chunk_bytes - from, MSG_DONTWAIT);
    if (size_now <= 0 || std::memcmp(received.data(), source.data() + from, static_cast<std::size_t>(size_now)) != 0)
      return done;
    done.arrived_bytes += static_cast<std::size_t>(size_now);
  }
  return done;
}

std::string zerocopy_verdict(int fd, std::size_t calls) {
  std::size_t answered = 0, copied = 0;
  while (answered < calls) {
    const ErrorQueueRecord record = read_error_queue(fd);
    if (record.kind == ErrorQueueRecord::Kind::none) {
      pollfd ready{fd, 0, 0};  // POLLERR comes unasked
      if (poll(&ready, 1, poll_bound_ms) <= 0) break;
      continue;
    }
    if (record.kind == ErrorQueueRecord::Kind::error) return std::strerror(record.errno_value);
    const std::size_t ids = record.last_id - record.first_id + 1;
    answered += ids;
    if (record.copied) copied += ids;
  }
  if (answered != calls) return std::to_string(answered) + " notifications of " + std::to_string(calls);
  if (copied == 0) return "none copied";
  return copied == calls ? "all copied" : std::to_string(copied) + " of " + std::to_string(calls) + " copied";
}

std::string zerocopy_verdict_of(const MadeLink& link) {
  constexpr std::size_t total_bytes = 4 << 20;
  const auto pair = connect_over(link, IpVersion::v4);
  if (!pair) return pair.error().message();
  const auto allowed = set_option(pair->sender.get(), SOL_SOCKET, SO_ZEROCOPY, 1, "SO_ZEROCOPY");
  if (!allowed) return allowed.error().message();
  const Transfer done = transfer(*pair, total_bytes, MSG_ZEROCOPY);
  if (done.arrived_bytes != total_bytes) return "only " + std::to_string(done.arrived_bytes) + " bytes arrived";
  return zerocopy_verdict(pair->sender.get(), done.calls);
}

}  // namespace xover::test
