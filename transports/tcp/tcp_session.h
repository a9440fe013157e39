// Sessions of the three TCP transports: connections made, and told about.
#pragma once

#include <string>
#include <vector>

#include "transports/common/socket_session.h"
#include "transports/common/tcp_sockets.h"
#include "transports/tcp/tcp_channel.h"

namespace xover {

class TcpSession final : public SocketSession {
 public:
  TcpSession(const OpenParameters& parameters, TcpPath path);

  Result<void> try_out() const { return sockets_.try_out(); }
  Result<std::string> listen() override { return sockets_.listen(limits_.max_channels); }
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override { return sockets_.facts(first_open_socket()); }

 private:
  Result<Channel*> adopt_connection(Result<FileDescriptor> socket);

  TcpPath path_;
  TcpSockets sockets_;
};

}  // namespace xover
