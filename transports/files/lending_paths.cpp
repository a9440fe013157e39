// sendfile, splice and vmsplice, and what their outcomes mean.
//
// None of these calls knows MSG_NOSIGNAL: a socket whose peer has gone raises SIGPIPE, which the thread has blocked.
#include "transports/files/lending_paths.h"

#include <fcntl.h>
#include <sys/sendfile.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "transports/files/file_size.h"

namespace xover {

namespace {

constexpr std::size_t most_of_one_call = 0x7ffff000;  // of sendfile(2)

}  // namespace

SendfileChannel::SendfileChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index,
                                 FileDescriptor socket, FileDescriptor acknowledgements)
    : LendingChannel(shared, file_shared, index, std::move(socket), std::move(acknowledgements)) {
  operation_ = "sendfile";
}

bool SendfileChannel::pass_on(Outgoing& out) noexcept {
  file_shared_.sigpipe.begin();
  while (!out.done()) {
    assert(out.front().file >= 0);
    off_t offset = static_cast<off_t>(out.front_file_offset());
    const std::size_t wanted = std::min(out.front_bytes(), most_of_one_call);
    ++shared_.counters.send_calls;
    ++file_shared_.counters.sendfile_calls;
    const ssize_t sent = sendfile(socket_.get(), out.front().file, &offset, wanted);
    if (sent < 0) return false;
    if (sent == 0) {
      file_failure_ = file_too_short("sendfile: the file is shorter than the op");
      return false;
    }
    out.take(static_cast<std::size_t>(sent));
    handed(out, static_cast<std::size_t>(sent));
    if (static_cast<std::size_t>(sent) == wanted) continue;
    // The socket is full, or the file has ended: the next call, when there is room, tells which.
    ++shared_.counters.partial_sends;
    errno = EAGAIN;
    return false;
  }
  return true;
}

PipeChannel::PipeChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, Parts parts)
    : LendingChannel(shared, file_shared, index, std::move(parts.socket), std::move(parts.acknowledgements)),
      pipe_(std::move(parts.pipe)),
      from_file_(parts.from_file),
      gift_(parts.gift),
      vectors_(parts.from_file ? nullptr : new iovec[max_segments]) {}

bool PipeChannel::pass_on(Outgoing& out) noexcept {
  while (!out.done()) {
    if (in_pipe_ == 0 && !fill(out)) return false;
    const ssize_t sent = drain(!out.all_taken());
    if (sent < 0) return false;
    out.sent_bytes += static_cast<std::uint64_t>(sent);
    if (in_pipe_ == 0) continue;
    ++shared_.counters.partial_sends;
    errno = EAGAIN;
    return false;
  }
  return true;
}

ssize_t PipeChannel::drain(bool more) noexcept {
  file_shared_.sigpipe.begin();
  ++shared_.counters.send_calls;
  ++file_shared_.counters.splice_calls;
  const unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK | (more ? SPLICE_F_MORE : 0u);
  const ssize_t sent = splice(pipe_.read_end.get(), nullptr, socket_.get(), nullptr, in_pipe_, flags);
  if (sent < 0) return sent;
  in_pipe_ -= static_cast<std::size_t>(sent);
  handed(static_cast<std::size_t>(sent));
  return sent;
}

// A call that takes less than it was given has filled the pipe, or has come to the end of the file, which the next call
// tells when the pipe is empty again.
bool PipeChannel::fill(Outgoing& out) noexcept {
  while (!out.all_taken()) {
    const std::uint64_t wanted = from_file_ ? out.front_bytes() : out.size_bytes - out.taken_bytes;
    if (!from_file_) ++file_shared_.counters.vmsplice_calls;
    const ssize_t got = from_file_ ? fill_from_file(out) : vmsplice_into(pipe_, out, vectors_.get(), gift_);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN && in_pipe_ != 0) break;
    if (got <= 0) {
      file_failure_ = got == 0     ? file_too_short("splice: the file is shorter than the op")
                      : from_file_ ? failure_of_errno(errno, "splice from the file")
                                   : failure_of_errno(errno, "vmsplice of the op's memory");
      return false;
    }
    in_pipe_ += static_cast<std::size_t>(got);
    out.take(static_cast<std::size_t>(got));
    if (static_cast<std::uint64_t>(got) < wanted) break;
  }
  if (!out.all_taken()) ++file_shared_.counters.pipe_full;
  return true;
}

ssize_t PipeChannel::fill_from_file(const Outgoing& out) noexcept {
  assert(out.front().file >= 0);
  off64_t offset = static_cast<off64_t>(out.front_file_offset());
  ++file_shared_.counters.splice_calls;
  return splice(out.front().file, &offset, pipe_.write_end.get(), nullptr, out.front_bytes(),
                SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t vmsplice_into(const Pipe& pipe, const Outgoing& out, iovec* vectors, bool gift) noexcept {
  std::size_t count = 0;
  std::size_t skip = out.segment_offset;
  for (const Segment& segment : out.segments.subspan(out.segment)) {
    assert(segment.data != nullptr || segment.size_bytes == 0);
    if (segment.size_bytes > skip) vectors[count++] = {segment.data + skip, segment.size_bytes - skip};
    skip = 0;
  }
  return vmsplice(pipe.write_end.get(), vectors, count, SPLICE_F_NONBLOCK | (gift ? SPLICE_F_GIFT : 0u));
}

}  // namespace xover
