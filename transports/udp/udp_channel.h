// The data path of the UDP transports: an op is a datagram, which goes whole or not at all. udp.zerocopy differs from
// udp.send by MSG_ZEROCOPY alone.
#pragma once

#include <sys/uio.h>

#include <array>

#include "transports/common/socket_channel.h"
#include "transports/udp/udp_send_errors.h"

namespace xover {

class UdpChannel final : public SocketChannel {
 public:
  static constexpr std::size_t max_segments = 256;

  // `errors` belongs to the session and outlives the channel.
  UdpChannel(SocketShared& shared, std::uint32_t index, FileDescriptor socket, bool zerocopy, UdpSendErrors& errors)
      : SocketChannel(shared, index, std::move(socket), zerocopy), errors_(errors) {}

 private:
  Attempt send_op(const SendOp& op) noexcept override;
  void receive(int flags) noexcept override;
  bool tells_end() const noexcept override { return false; }
  void network_reported(int errno_value) noexcept override;

  Attempt refused(const SendOp& op, int errno_value) noexcept;

  UdpSendErrors& errors_;
  std::array<iovec, max_segments> vectors_;
};

}  // namespace xover
