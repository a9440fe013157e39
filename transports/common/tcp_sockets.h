// Connected TCP sockets, made and configured as the common TCP options ask: what every transport over TCP begins with.
// Control plane only. Sockets that come out are in blocking mode, and their calls block for at most
// set_call_timeouts().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/transport.h"
#include "transports/common/sockets.h"

namespace xover {

// The options that TcpSockets reads; a transport's table begins with them.
inline constexpr std::array tcp_options{
    OptionSpec{"ip", OptionKind::choice, "4", "4|6", 0, 0, "IP version"},
    OptionSpec{"congestion_control", OptionKind::choice, "system", "system|cubic|reno|bbr", 0, 0,
               "TCP congestion control; system leaves the kernel's default"},
    OptionSpec{"nodelay", OptionKind::boolean, "off", "", 0, 1, "send small messages at once (TCP_NODELAY)"},
    OptionSpec{"send_buffer", OptionKind::size, "0", "", 0, INT32_MAX, "SO_SNDBUF; 0 leaves it to the kernel's tuning"},
    OptionSpec{"receive_buffer", OptionKind::size, "0", "", 0, INT32_MAX,
               "SO_RCVBUF; 0 leaves it to the kernel's tuning"},
};

class TcpSockets {
 public:
  // `own`: the end of the link that connections begin and end at.
  explicit TcpSockets(const Options& options, HostAddresses own = {}) : options_(options), own_(std::move(own)) {}

  // Makes a socket and asks everything of it, so that what the kernel refuses is said when the session opens.
  Result<void> try_out() const;

  // At a port that the kernel chooses; the address for the peer's connect().
  Result<std::string> listen(std::size_t max_channels);
  Result<FileDescriptor> accept(MonotonicNs deadline);
  int listener() const noexcept { return listener_.get(); }  // to poll for connections; -1: not listening
  // `address` also tells the IP version, so the two ends need not have the same options.
  Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline) const;

  // What the kernel granted; what it granted to the latest socket once `fd` is closed (-1).
  std::vector<Fact> facts(int fd) const;

 private:
  Result<void> configure(int fd) const;
  Result<void> bind_connecting(int fd, IpVersion version) const;
  Result<void> set_congestion_control(int fd) const;
  Result<FileDescriptor> configured(FileDescriptor socket) const;

  Options options_;
  HostAddresses own_;
  FileDescriptor listener_;
  mutable std::vector<Fact> latest_facts_;
};

}  // namespace xover
