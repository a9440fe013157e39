// The data path of the three TCP transports. At most one op is on its way in parts at any time: the next one is taken
// only when the last byte of the one before has gone, so order needs no queue.
#pragma once

#include <sys/uio.h>

#include <memory>

#include "transports/common/pages.h"
#include "transports/common/socket_channel.h"

namespace xover {

enum class TcpPath : std::uint8_t {
  send,      // several segments are serialised into one buffer first
  sendmsg,   // the kernel gathers the segments
  zerocopy,  // the same call with MSG_ZEROCOPY
};

class TcpChannel final : public SocketChannel {
 public:
  static constexpr std::size_t max_op_bytes = std::size_t{64} << 20;
  static constexpr std::size_t max_segments = 1024;  // IOV_MAX

  // `staging` holds one serialised op; empty except for TcpPath::send.
  TcpChannel(SocketShared& shared, std::uint32_t index, FileDescriptor socket, TcpPath path, Pages staging);

 private:
  // An op on its way: what has gone, and where the rest starts.
  struct Outgoing {
    Token token = 0;
    std::span<const Segment> segments;
    std::size_t size_bytes = 0;
    std::size_t sent_bytes = 0;
    std::size_t segment = 0;         // the first that has not gone entirely,
    std::size_t segment_offset = 0;  // and how much of it has

    bool done() const noexcept { return sent_bytes == size_bytes; }
    void advance(std::size_t bytes) noexcept;
  };

  Attempt send_op(const SendOp& op) noexcept override;
  bool sending() const noexcept override { return sending_; }
  void send_rest(int flags) noexcept override;
  void drop_rest(Failure failure) noexcept override;
  void receive(int flags) noexcept override;
  void end_sending() noexcept override;

  void serialise(Outgoing& out) noexcept;
  bool transmit(Outgoing& out, int flags) noexcept;  // one system call; false: errno says why
  ssize_t gather_and_send(const Outgoing& out, int flags) noexcept;
  void finish(const Outgoing& out) noexcept;

  TcpPath path_;
  bool sending_ = false;
  Outgoing rest_;
  Pages staging_;
  Segment staged_;  // the serialised op as the one segment of itself
  std::unique_ptr<iovec[]> vectors_;
};

}  // namespace xover
