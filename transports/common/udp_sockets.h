// Connected UDP sockets, found by a handshake and configured as the common UDP options ask: what every transport over
// UDP begins with. Control plane only. connect() returns only after the peer's accept() has answered, so both must not
// be called by the same thread. Sockets are in blocking mode, and their calls block for at most set_call_timeouts().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/sockets.h"

namespace xover {

// The options that UdpSockets reads; a transport's table begins with them.
inline constexpr std::array udp_options{
    OptionSpec{"ip", OptionKind::choice, "4", "4|6", 0, 0, "IP version"},
    OptionSpec{"send_buffer", OptionKind::size, "4M", "", 0, INT32_MAX,
               "SO_SNDBUF, beyond the system's limit where permitted; 0 leaves the default"},
    OptionSpec{"receive_buffer", OptionKind::size, "4M", "", 0, INT32_MAX,
               "SO_RCVBUF, beyond the system's limit where permitted; 0 leaves the default"},
    OptionSpec{"gso", OptionKind::size, "0", "", 0, 65507,
               "the kernel cuts each op into datagrams of this size (UDP_SEGMENT); 0: an op is a datagram"},
    OptionSpec{"gro", OptionKind::boolean, "off", "", 0, 1, "the kernel joins received datagrams (UDP_GRO)"},
};

// What a datagram, or a train of them under gso, can hold.
std::size_t largest_datagram_bytes(const Options& options);

class UdpSockets {
 public:
  // `options` are of udp_options; of the parameters those that say where the link's ends are. `report_errors`: the
  // kernel tells of datagrams that were dropped or refused (IP_RECVERR).
  UdpSockets(const Options& options, const OpenParameters& parameters, bool report_errors)
      : options_(options),
        link_(parameters.link),
        own_(parameters.own),
        peer_(parameters.peer),
        own_port_(parameters.own_port),
        has_receiver_(parameters.has_receiver),
        report_errors_(report_errors) {}

  // Makes a socket and asks everything of it, so that what the kernel refuses is said when the session opens.
  Result<void> try_out() const;

  Result<std::string> listen();
  // From the peer's host alone: hellos from elsewhere are dropped, and the wait goes on.
  Result<FileDescriptor> accept(MonotonicNs deadline);
  // On a link without receiver nobody is asked, `address` means nothing, and datagrams go to the peer's port discard.
  Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline);

  std::uint64_t hello_retries() const { return hello_retries_; }
  std::uint64_t strangers() const { return strangers_; }  // hellos that were dropped so
  // What the kernel granted; what it granted to the latest socket once `fd` is closed (-1).
  std::vector<Fact> facts(int fd) const;

 private:
  struct Hello {
    SocketAddress from;
    std::uint64_t nonce = 0;
  };

  Result<FileDescriptor> make_bound_socket(IpVersion version, std::uint16_t port = 0) const;
  Result<void> receiver_there(const char* operation) const;
  Result<FileDescriptor> connect_to_nobody();
  Result<FileDescriptor> shake_hands(const SocketAddress& listener, MonotonicNs deadline);
  Result<Hello> await_hello(MonotonicNs deadline);
  Result<void> welcome(int fd, const Hello& hello, MonotonicNs deadline);
  Result<SocketAddress> await_welcome(int fd, const SocketAddress& listener, MonotonicNs deadline);
  Result<void> configure(int fd) const;

  Options options_;
  Link link_;
  HostAddresses own_, peer_;
  std::uint16_t own_port_;
  bool has_receiver_;
  bool report_errors_;
  FileDescriptor listener_;
  std::vector<std::uint64_t> answered_;  // nonces of the peers that have been welcomed
  std::uint64_t hello_retries_ = 0, strangers_ = 0;
  mutable std::vector<Fact> latest_facts_;
};

}  // namespace xover
