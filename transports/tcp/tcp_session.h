// Sessions of the three TCP transports: connections made, configured and told about.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transports/common/socket_session.h"
#include "transports/common/sockets.h"
#include "transports/tcp/tcp_channel.h"

namespace xover {

class TcpSession final : public SocketSession {
 public:
  TcpSession(const OpenParameters& parameters, TcpPath path);

  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  std::vector<Fact> facts() const override;

  // Everything that the options ask for and the path needs, on one socket; before listen and connect, because the
  // window scale is agreed on in the handshake.
  Result<void> configure(int fd) const;

 private:
  Result<Channel*> adopt_connection(FileDescriptor socket);
  Result<void> set_congestion_control(int fd) const;

  TcpPath path_;
  Options options_;
  FileDescriptor listener_;
  std::vector<Fact> facts_;  // as they were when the latest connection was made
};

}  // namespace xover
