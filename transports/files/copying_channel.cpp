// How an op is begun, continued and ended; how a mapping and a buffer are sent.
#include "transports/files/copying_channel.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "transports/files/file_size.h"

namespace xover {

namespace {

constexpr Failure too_short = file_too_short("send: the file is shorter than the op");
constexpr Failure cut_while_sent = file_too_short("send: the file became shorter while the op was sent");

}  // namespace

SocketChannel::Attempt CopyingChannel::send_op(const SendOp& op) noexcept {
  if (!alive()) return Attempt::failed;
  out_ = Outgoing(op);
  assert(op.segments.size() <= shared_.max_segments && out_.size_bytes <= shared_.max_op_bytes);
  if (out_.size_bytes == 0) {
    complete_send(op.token, 0);
    return Attempt::accepted;
  }
  if (transmit_all(MSG_DONTWAIT)) return Attempt::accepted;
  const int refused_by = errno;
  sending_ = out_.sent_bytes != 0 || file_failure_;
  if (failed_by_file()) return Attempt::accepted;
  if (sending_ && was_partial_) return Attempt::accepted;
  const Attempt attempt = not_sent(refused_by, "send");
  if (out_.sent_bytes != 0) return Attempt::accepted;
  finished();
  return attempt;
}

// False: the socket took a part of what it was given, or nothing, and errno says why.
bool CopyingChannel::transmit_all(int flags) noexcept {
  while (!out_.done()) {
    const Step step = transmit(out_, flags);
    was_partial_ = step == Step::partial;
    if (step != Step::went) return false;
    flags |= MSG_DONTWAIT;
  }
  finish();
  return true;
}

void CopyingChannel::send_rest(int flags) noexcept {
  if (transmit_all(flags) || failed_by_file() || was_partial_) return;
  not_sent(errno, "send");
}

// What has gone of the op cannot be taken back and the rest cannot be sent: the stream is out of step for good.
bool CopyingChannel::failed_by_file() noexcept {
  if (!file_failure_) return false;
  disconnect();
  die(file_failure_);
  return true;
}

void CopyingChannel::finish() noexcept {
  sending_ = false;
  finished();
  const bool whole = FileSizes().reach(out_.segments);
  complete_send(out_.token, out_.size_bytes, whole ? Failure{} : cut_while_sent);
}

void CopyingChannel::drop_rest(Failure failure) noexcept {
  sending_ = false;
  finished();
  complete_send(out_.token, out_.sent_bytes, failure);
}

// --- mmap

MmapChannel::MmapChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket)
    : CopyingChannel(shared, file_shared, index, std::move(socket)),
      page_bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
      fields_(new iovec[max_segments]),
      mappings_(new iovec[max_segments]),
      vectors_(new iovec[max_segments]) {}

bool MmapChannel::map(const Outgoing& out) noexcept {
  for (const Segment& segment : out.segments) {
    assert(segment.file >= 0 || segment.size_bytes == 0);
    iovec& field = fields_[count_++] = {segment.data, segment.size_bytes};
    if (segment.data != nullptr || segment.size_bytes == 0) continue;
    const std::size_t before = segment.file_offset % page_bytes_;
    iovec& mapping = mappings_[mapped_] = {nullptr, before + segment.size_bytes};
    mapping.iov_base = mmap(nullptr, mapping.iov_len, PROT_READ, MAP_SHARED, segment.file,
                            static_cast<off_t>(segment.file_offset - before));
    if (mapping.iov_base == MAP_FAILED) {
      file_failure_ = failure_of_errno(errno, "mmap of the file range");
      return false;
    }
    ++mapped_;
    ++file_shared_.counters.mappings;
    field.iov_base = static_cast<std::byte*>(mapping.iov_base) + before;
  }
  return true;
}

CopyingChannel::Step MmapChannel::transmit(Outgoing& out, int flags) noexcept {
  if (count_ == 0 && !map(out)) return Step::failed;
  std::size_t count = 0;
  std::size_t skip = out.segment_offset;
  for (std::size_t i = out.segment; i < count_; ++i) {
    vectors_[count++] = {static_cast<std::byte*>(fields_[i].iov_base) + skip, fields_[i].iov_len - skip};
    skip = 0;
  }
  msghdr message{};
  message.msg_iov = vectors_.get();
  message.msg_iovlen = count;
  ++shared_.counters.send_calls;
  const ssize_t sent = sendmsg(socket_.get(), &message, flags | MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EFAULT) return Step::failed;
    const bool reaches = FileSizes().reach(out.segments);
    file_failure_ = reaches ? failure_of_errno(EFAULT, "send: the op's memory cannot be read") : too_short;
    return Step::failed;
  }
  bytes_went();
  out.take_and_send(static_cast<std::size_t>(sent));
  if (out.done()) return Step::went;
  ++shared_.counters.partial_sends;
  return Step::partial;
}

void MmapChannel::finished() noexcept {
  for (std::size_t i = 0; i < mapped_; ++i) munmap(mappings_[i].iov_base, mappings_[i].iov_len);
  count_ = mapped_ = 0;
}

// --- read and send

ReadSendChannel::ReadSendChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index,
                                 FileDescriptor socket, Pages buffer)
    : CopyingChannel(shared, file_shared, index, std::move(socket)), buffer_(std::move(buffer)) {}

// The bytes are read because user space asked for them in a buffer of its own: that copy is booked as the user's.
bool ReadSendChannel::read_more(Outgoing& out) noexcept {
  begin_ = end_ = 0;
  while (!out.all_taken() && end_ < buffer_bytes) {
    const std::size_t wanted = std::min(out.front_bytes(), buffer_bytes - end_);
    assert(out.front().file >= 0);
    ++file_shared_.counters.file_reads;
    const ssize_t got =
        pread(out.front().file, buffer_.data() + end_, wanted, static_cast<off_t>(out.front_file_offset()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      file_failure_ = got == 0 ? file_too_short("read: the file is shorter than the op")
                               : failure_of_errno(errno, "read of the file range");
      return false;
    }
    ledger_.user_copied_bytes += static_cast<std::uint64_t>(got);
    end_ += static_cast<std::size_t>(got);
    out.take(static_cast<std::size_t>(got));
  }
  return true;
}

CopyingChannel::Step ReadSendChannel::transmit(Outgoing& out, int flags) noexcept {
  if (begin_ == end_ && !read_more(out)) return Step::failed;
  ++shared_.counters.send_calls;
  const ssize_t sent = send(socket_.get(), buffer_.data() + begin_, end_ - begin_, flags | MSG_NOSIGNAL);
  if (sent < 0) return Step::failed;
  bytes_went();
  begin_ += static_cast<std::size_t>(sent);
  out.sent_bytes += static_cast<std::uint64_t>(sent);
  if (begin_ == end_) return Step::went;
  ++shared_.counters.partial_sends;
  return Step::partial;
}

}  // namespace xover
