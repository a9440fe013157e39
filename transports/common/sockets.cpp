// Thin wrappers over socket(2), setsockopt(2) and poll(2) that say what failed.
#include "transports/common/sockets.h"
#include "transports/common/timespec.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace xover {

namespace {

constexpr long call_timeout_us = 10'000;

}  // namespace

IpVersion ip_version(const Options& options) { return options.choice("ip") == "6" ? IpVersion::v6 : IpVersion::v4; }

Result<FileDescriptor> make_socket(IpVersion version, int type) {
  FileDescriptor fd(socket(version == IpVersion::v6 ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0));
  if (!fd) {
    return system_error("socket", version == IpVersion::v6 ? "IPv6" : "IPv4",
                        errno == EAFNOSUPPORT ? "choose the other ip version with ip=4 or ip=6" : "");
  }
  return fd;
}

Result<void> bind_to(int fd, const SocketAddress& own) {
  if (bind(fd, own.data(), own.size()) == 0) return {};
  return system_error("bind", own.text(),
                      errno == EADDRNOTAVAIL ? "no interface of this network namespace has this address: see `ip addr`"
                      : errno == EADDRINUSE  ? "another socket has this port: see `ss -tuanp`, or choose another port"
                                             : "");
}

Result<void> set_option(int fd, int level, int name, int value, const char* what, std::string remedy) {
  if (setsockopt(fd, level, name, &value, sizeof value) == 0) return {};
  return system_error("setsockopt", std::string(what) + "=" + std::to_string(value), std::move(remedy));
}

int get_option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

Result<void> set_call_timeouts(int fd) {
  const timeval timeout{0, call_timeout_us};
  for (const int name : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    if (setsockopt(fd, SOL_SOCKET, name, &timeout, sizeof timeout) != 0) {
      return system_error("setsockopt", "SO_RCVTIMEO, SO_SNDTIMEO");
    }
  }
  return {};
}

Result<void> set_blocking(int fd) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) return system_error("fcntl", "O_NONBLOCK");
  return {};
}

void dissolve_connection(int fd) noexcept {
  sockaddr unspecified{};
  unspecified.sa_family = AF_UNSPEC;
  // Refused where the connection is gone already.
  (void)!connect(fd, &unspecified, sizeof unspecified);
}

Result<void> room_for_channel(std::size_t channels, std::size_t max_channels, const char* operation) {
  if (channels < max_channels) return {};
  return make_error(ErrorCode::no_memory, operation,
                    "the session was opened for " + std::to_string(max_channels) + " channels");
}

Result<void> await(int fd, short events, MonotonicNs deadline, const char* operation, const std::string& context) {
  for (;;) {
    const timespec timeout = to_timespec(deadline - monotonic_now_ns());
    pollfd watched{fd, events, 0};
    const int ready = ppoll(&watched, 1, &timeout, nullptr);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return system_error("poll", context);
    if (ready == 0) return make_error(ErrorCode::timed_out, operation, context, "is the other side running?");
  }
}

Availability availability_of_option(int fd, int level, int name, const char* what, const char* needs) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof on) == 0) return {};
  const int refused_by = errno;
  const std::string cause = std::string(what) + ": " + std::strerror(refused_by);
  if (refused_by == EPERM || refused_by == EACCES) {
    return {Status::not_permitted, cause, "run as a user who may, or outside of the sandbox that forbids it"};
  }
  return {Status::kernel_too_old, cause, std::string("boot ") + needs};
}

}  // namespace xover
