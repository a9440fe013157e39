// The ways by which a page gets into a socket by reference: sendfile, and splice out of a pipe that was filled from a
// file or from user memory.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>

#include "transports/files/lending_channel.h"
#include "transports/files/pipe.h"

namespace xover {

// One call for each segment while the socket has room: the kernel takes the page cache's pages.
class SendfileChannel final : public LendingChannel {
 public:
  SendfileChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket,
                  FileDescriptor acknowledgements);

 private:
  bool pass_on(Outgoing& out) noexcept override;
};

// Through the channel's own pipe, filled only when it is empty: two calls for each pipe of bytes.
class PipeChannel : public LendingChannel {
 public:
  struct Parts {
    FileDescriptor socket, acknowledgements;
    Pipe pipe;
    bool from_file = false;  // else from memory
    bool gift = false;       // SPLICE_F_GIFT
  };
  PipeChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, Parts parts);

 protected:
  ssize_t drain(bool more) noexcept;  // the pipe into the socket, as far as it takes it; -1: errno

  Pipe pipe_;
  std::size_t in_pipe_ = 0;

 private:
  bool pass_on(Outgoing& out) noexcept override;
  bool fill(Outgoing& out) noexcept;
  ssize_t fill_from_file(const Outgoing& out) noexcept;

  bool from_file_, gift_;
  std::unique_ptr<iovec[]> vectors_;
};

// What is left of an op into a pipe, as far as it has room. `vectors`: room for FileChannel::max_segments.
ssize_t vmsplice_into(const Pipe& pipe, const Outgoing& out, iovec* vectors, bool gift) noexcept;

}  // namespace xover
