// tcp.mmap and tcp.read_send: the kernel copies the bytes when they are sent, so an op is released with its last byte.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>

#include "transports/common/pages.h"
#include "transports/files/file_channel.h"
#include "transports/files/outgoing.h"

namespace xover {

class CopyingChannel : public FileChannel {
 protected:
  using FileChannel::FileChannel;

  // One send call, of what has been read or mapped for it. `went`: the socket took all that it was given; `partial`: it
  // is full; `failed`: errno says why, or `file_failure_` where the file could not give the op's bytes.
  enum class Step : std::uint8_t { went, partial, failed };
  virtual Step transmit(Outgoing& out, int flags) noexcept = 0;
  virtual void finished() noexcept {}  // the op is over, and what it needed can go

  Failure file_failure_;

 private:
  Attempt send_op(const SendOp& op) noexcept override;
  bool sending() const noexcept override { return sending_; }
  void send_rest(int flags) noexcept override;
  void drop_rest(Failure failure) noexcept override;
  bool transmit_all(int flags) noexcept;
  void finish() noexcept;
  bool failed_by_file() noexcept;

  bool sending_ = false;
  bool was_partial_ = false;
  Outgoing out_;
};

// Sends from the file's mapping. The kernel alone touches it, so that a file which was cut is an EFAULT, not a SIGBUS.
class MmapChannel final : public CopyingChannel {
 public:
  MmapChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket);
  ~MmapChannel() override { finished(); }

 private:
  Step transmit(Outgoing& out, int flags) noexcept override;
  void finished() noexcept override;
  bool map(const Outgoing& out) noexcept;

  std::size_t page_bytes_;
  std::unique_ptr<iovec[]> fields_;    // of the op, in memory; count_ of them, as many as it has segments
  std::unique_ptr<iovec[]> mappings_;  // made for the op
  std::unique_ptr<iovec[]> vectors_;   // of one call
  std::size_t count_ = 0, mapped_ = 0;
};

// Reads into a buffer, a piece at a time, and sends that.
class ReadSendChannel final : public CopyingChannel {
 public:
  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

  ReadSendChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket,
                  Pages buffer);

 private:
  Step transmit(Outgoing& out, int flags) noexcept override;
  void finished() noexcept override { begin_ = end_ = 0; }
  bool read_more(Outgoing& out) noexcept;

  Pages buffer_;
  std::size_t begin_ = 0, end_ = 0;  // of what was read and not sent
};

}  // namespace xover
