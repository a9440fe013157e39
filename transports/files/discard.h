// Received bytes thrown away unseen: spliced from a socket into a pipe, and on into /dev/null, where the kernel drops
// the references. Nothing stays in the pipe between two calls, so one serves all channels of a session.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "core/error.h"
#include "transports/common/file_descriptor.h"
#include "transports/files/pipe.h"

namespace xover {

class Discard {
 public:
  static Result<Discard> make(std::size_t pipe_size_bytes);

  // What was in the socket, at most a pipe of it. 0: the stream has ended; -1: errno, EAGAIN when nothing was there.
  // The socket must be O_NONBLOCK: splice(2) knows no flag that spares it from waiting.
  ssize_t take(int socket, std::uint64_t& splice_calls) noexcept;

  std::size_t pipe_size_bytes() const noexcept { return pipe_.size_bytes; }

 private:
  Pipe pipe_;
  FileDescriptor null_;
};

}  // namespace xover
