// What the channels of this family have in common: how they receive. Into buffers that were offered, by recv, or, when
// the session was opened so, into /dev/null by splice.
#pragma once

#include <cstddef>

#include "transports/common/socket_channel.h"
#include "transports/files/file_shared.h"

namespace xover {

class FileChannel : public SocketChannel {
 public:
  static constexpr std::size_t max_op_bytes = std::size_t{1} << 30;
  static constexpr std::size_t max_segments = 1024;  // IOV_MAX

  // With file_shared.discard the socket must be O_NONBLOCK.
  FileChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket);

  // For the session's end, in this order: drops what is unsent and tells the peer; then whether the peer, or nothing,
  // still has the memory of an op (a descriptor to poll for reading until it may be asked again, else -1).
  virtual void part() noexcept {}
  virtual int still_lent() noexcept { return -1; }

 protected:
  // Bytes were taken out of the socket. False: they must not be handed out, and the channel has died of it.
  virtual bool took(std::size_t bytes) noexcept {
    (void)bytes;
    return true;
  }
  virtual void found_empty() noexcept {}                 // the socket had nothing more
  virtual void waited_in_vain() noexcept {}              // it was asked, and had nothing at all
  virtual Failure end_failure() noexcept { return {}; }  // why the end of the stream is none in order

  FileShared& file_shared_;

 private:
  void receive(int flags) noexcept override;
  void end_sending() noexcept override;
  void discard() noexcept;
  void nothing_came(ssize_t result, const char* operation) noexcept;
};

}  // namespace xover
