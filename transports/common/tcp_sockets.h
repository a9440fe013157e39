// Connected TCP sockets, made and configured as the common TCP options ask: what every transport over TCP begins with.
// Control plane only. Sockets that come out are in blocking mode, and their calls block for at most
// set_call_timeouts().
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/socket_address.h"
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
  // `options` are of tcp_options; of the parameters those that say where the link's ends are.
  explicit TcpSockets(const Options& options, const OpenParameters& parameters = {})
      : options_(options), own_(parameters.own), peer_(parameters.peer), own_port_(parameters.own_port) {}

  // Makes a socket and asks everything of it, so that what the kernel refuses is said when the session opens.
  Result<void> try_out() const;

  // At a port that the kernel chooses; the address for the peer's connect().
  Result<std::string> listen(std::size_t max_channels);
  // From the peer's host alone: other connections are closed, and the wait goes on.
  Result<FileDescriptor> accept(MonotonicNs deadline);
  std::uint64_t strangers() const noexcept { return strangers_; }  // connections that were closed so
  int listener() const noexcept { return listener_.get(); }        // to poll for connections; -1: not listening
  // `address` also tells the IP version, so the two ends need not have the same options.
  Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline) const {
    return connect_from(own_port_, address, deadline);
  }
  // A second connection beside the one at the own port, which two to one address cannot share.
  Result<FileDescriptor> connect_beside(const std::string& address, MonotonicNs deadline) const {
    return connect_from(0, address, deadline);
  }

  // What the kernel granted; what it granted to the latest socket once `fd` is closed (-1).
  std::vector<Fact> facts(int fd) const;

 private:
  Result<void> configure(int fd) const;
  Result<FileDescriptor> connect_from(std::uint16_t port, const std::string& address, MonotonicNs deadline) const;
  Result<void> bind_connecting(int fd, IpVersion version, std::uint16_t port) const;
  Result<void> set_congestion_control(int fd) const;
  Result<FileDescriptor> configured(FileDescriptor socket) const;

  Options options_;
  HostAddresses own_, peer_;
  std::uint16_t own_port_;
  FileDescriptor listener_;
  SocketAddress expected_;  // the peer's host, once this listens
  std::uint64_t strangers_ = 0;
  mutable std::vector<Fact> latest_facts_;
};

}  // namespace xover
