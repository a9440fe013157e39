// Sessions of the UDP transports: sockets connected to each other by a handshake.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "transports/common/socket_session.h"
#include "transports/common/sockets.h"
#include "transports/udp/handshake.h"
#include "transports/udp/udp_channel.h"

namespace xover {

class UdpSession final : public SocketSession {
 public:
  UdpSession(const OpenParameters& parameters, bool zerocopy);

  // connect returns only after the peer's accept has answered, so both must not be called by the same thread.
  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

  // Everything that the options ask for and the path needs, on one socket.
  Result<void> configure(int fd) const;

 private:
  struct Hello {
    SocketAddress from;
    std::uint64_t nonce = 0;
  };

  Result<FileDescriptor> make_bound_socket(IpVersion version) const;
  Result<Hello> await_hello(MonotonicNs deadline);
  Result<void> welcome(int fd, const Hello& hello, MonotonicNs deadline);
  Result<SocketAddress> await_welcome(int fd, const SocketAddress& listener, MonotonicNs deadline);
  Result<Channel*> adopt_pair(FileDescriptor socket);

  bool zerocopy_;
  Options options_;
  FileDescriptor listener_;
  std::vector<std::uint64_t> answered_;  // nonces of the peers that have been welcomed
  std::uint64_t hello_retries_ = 0;
  UdpSendErrors errors_;
  std::vector<Fact> facts_;  // as they were when the latest channel was made
};

}  // namespace xover
