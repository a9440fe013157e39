// Sockets of type SOCK_SEQPACKET in the abstract name space, and TCP with keepalive.
#include "transports/dpdk/meeting_place.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>
#include <utility>

#include "core/quote.h"
#include "transports/common/abstract_name.h"
#include "transports/common/sockets.h"
#include "transports/common/tcp_keepalive.h"
#include "transports/common/tcp_sockets.h"

namespace xover {

namespace {

constexpr std::string_view address_prefix = "dpdk:";
constexpr int backlog = 64;

class PlaceOnOneHost final : public MeetingPlace {
 public:
  Result<std::string> listen() override;
  Result<FileDescriptor> accept(MonotonicNs deadline) override;
  Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline) override;

 private:
  FileDescriptor listener_;
  std::string address_;
};

Result<FileDescriptor> unix_socket() {
  FileDescriptor fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return system_error("socket", "SOCK_SEQPACKET");
  return fd;
}

Result<std::string> PlaceOnOneHost::listen() {
  static std::atomic<unsigned> number{0};
  if (listener_) return address_;
  auto fd = unix_socket();
  if (!fd) return tl::make_unexpected(std::move(fd.error()));
  const std::string name = "xover-dpdk-" + std::to_string(getpid()) + "-" + std::to_string(++number);
  const AbstractName bound(name);
  if (bind(fd->get(), bound.address(), bound.size()) != 0) return system_error("bind", name);
  if (::listen(fd->get(), backlog) != 0) return system_error("listen", name);
  listener_ = std::move(*fd);
  address_ = std::string(address_prefix) + name;
  return address_;
}

Result<FileDescriptor> PlaceOnOneHost::accept(MonotonicNs deadline) {
  if (!listener_) return make_error(ErrorCode::refused, "accept", "listen() comes first");
  for (;;) {
    if (auto ready = await(listener_.get(), POLLIN, deadline, "accept", address_); !ready) {
      return tl::make_unexpected(std::move(ready.error()));
    }
    FileDescriptor line(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (line) return line;
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) return system_error("accept", address_);
  }
}

Result<FileDescriptor> PlaceOnOneHost::connect(const std::string& address, MonotonicNs deadline) {
  if (!address.starts_with(address_prefix) || address.size() == address_prefix.size()) {
    return make_error(ErrorCode::bad_input, "connect", in_quotes(address) + " is no address of a DPDK link");
  }
  const std::string name = address.substr(address_prefix.size());
  const AbstractName there(name);
  auto fd = unix_socket();
  if (!fd) return fd;
  while (::connect(fd->get(), there.address(), there.size()) != 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return system_error("connect", name, "is the other end listening?");
    // The queue of the listener is full: a Unix socket says so at once and cannot be waited for.
    if (monotonic_now_ns() >= deadline) {
      return make_error(ErrorCode::timed_out, "connect", name + ": too many peers wait for it");
    }
    (void)poll(nullptr, 0, 1);
  }
  return fd;
}

Result<FileDescriptor> kept_alive(Result<FileDescriptor> line) {
  if (!line) return line;
  if (auto done = keep_alive(line->get()); !done) return tl::make_unexpected(std::move(done.error()));
  return line;
}

class PlaceBetweenHosts final : public MeetingPlace {
 public:
  PlaceBetweenHosts(const Options& options, const OpenParameters& ends) : sockets_(options, ends) {}

  Result<std::string> listen() override {
    if (!address_.empty()) return address_;
    auto listening = sockets_.listen(backlog);
    if (listening) address_ = *listening;
    return listening;
  }
  Result<FileDescriptor> accept(MonotonicNs deadline) override { return kept_alive(sockets_.accept(deadline)); }
  Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline) override {
    return kept_alive(sockets_.connect(address, deadline));
  }
  std::uint64_t strangers() const noexcept override { return sockets_.strangers(); }

 private:
  TcpSockets sockets_;
  std::string address_;
};

}  // namespace

Result<std::unique_ptr<MeetingPlace>> MeetingPlace::make(const MeetingHosts& hosts) {
  if (!hosts.two) return std::make_unique<PlaceOnOneHost>();
  const bool v6 = hosts.own.ipv4.empty() || hosts.peer.ipv4.empty();
  auto options = Options::resolve("meeting", tcp_options, {{"nodelay", "on"}, {"ip", v6 ? "6" : "4"}});
  if (!options) return tl::make_unexpected(std::move(options.error()));
  return std::make_unique<PlaceBetweenHosts>(*options, OpenParameters{.own = hosts.own, .peer = hosts.peer});
}

}  // namespace xover
