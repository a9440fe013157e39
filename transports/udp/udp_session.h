// Sessions of the UDP transports: sockets connected to each other by a handshake.
#pragma once

#include <string>
#include <vector>

#include "transports/common/socket_session.h"
#include "transports/common/udp_sockets.h"
#include "transports/udp/udp_channel.h"

namespace xover {

class UdpSession final : public SocketSession {
 public:
  UdpSession(const OpenParameters& parameters, bool zerocopy);

  Result<void> try_out() const { return sockets_.try_out(); }
  // connect returns only after the peer's accept has answered, so both must not be called by the same thread.
  Result<std::string> listen() override { return sockets_.listen(); }
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override { return sockets_.facts(first_open_socket()); }

 private:
  Result<Channel*> adopt_pair(Result<FileDescriptor> socket);

  bool zerocopy_;
  UdpSockets sockets_;
  UdpSendErrors errors_;
};

}  // namespace xover
