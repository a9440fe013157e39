// Two splices.
#include "transports/files/discard.h"

#include <fcntl.h>

#include <utility>

namespace xover {

Result<Discard> Discard::make(std::size_t pipe_size_bytes) {
  auto pipe = Pipe::make(pipe_size_bytes);
  if (!pipe) return tl::make_unexpected(pipe.error());
  Discard discard;
  discard.pipe_ = std::move(*pipe);
  discard.null_ = FileDescriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!discard.null_) return system_error("open", "/dev/null");
  return discard;
}

ssize_t Discard::take(int socket, std::uint64_t& splice_calls) noexcept {
  ++splice_calls;
  const ssize_t taken =
      splice(socket, nullptr, pipe_.write_end.get(), nullptr, pipe_.size_bytes, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  for (ssize_t left = taken; left > 0;) {
    ++splice_calls;
    const ssize_t gone =
        splice(pipe_.read_end.get(), nullptr, null_.get(), nullptr, static_cast<std::size_t>(left), SPLICE_F_NONBLOCK);
    if (gone <= 0) return -1;
    left -= gone;
  }
  return taken;
}

}  // namespace xover
