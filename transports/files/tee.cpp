// Chunks loaded, teed and drained.
#include "transports/files/tee.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

namespace xover {

// --- one channel

TeeChannel::TeeChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, Parts parts,
                       TeeFanout& fanout)
    : PipeChannel(shared, file_shared, index, std::move(parts)), fanout_(fanout) {}

void TeeChannel::join(TeedOp& op) noexcept {
  accept_op();
  part_ = &op;
  part_begin_ = handed_bytes();
  held_back_ = true;
  if (op.first != this) return;
  ++fronted_;
  shared_.slowdown.before_send();
}

void TeeChannel::load(std::size_t bytes, bool more) noexcept {
  in_pipe_ = bytes;
  more_ = more;
  drain_part();
}

void TeeChannel::drain_part() noexcept {
  if (drain(more_) < 0) {
    not_sent(errno, operation_);
  } else if (in_pipe_ != 0) {
    ++shared_.counters.partial_sends;
    not_sent(EAGAIN, operation_);
  }
}

void TeeChannel::leave() noexcept {
  lend({part_->token, part_->segments, part_begin_, handed_bytes(), part_, {}});
  if (part_->first == this) complete_sent(part_->token, handed_bytes() - part_begin_);
  part_ = nullptr;
  held_back_ = false;
}

void TeeChannel::empty_op(Token token) noexcept {
  accept_op();
  complete_send(token, 0);
}

bool TeeChannel::sending() const noexcept { return part_ != nullptr ? in_pipe_ != 0 : PipeChannel::sending(); }

void TeeChannel::send_rest(int flags) noexcept {
  if (part_ == nullptr) return PipeChannel::send_rest(flags);
  drain_part();
  if (in_pipe_ == 0) fanout_.go_on();
}

void TeeChannel::drop_rest(Failure failure) noexcept {
  if (part_ == nullptr) return PipeChannel::drop_rest(failure);
  lend({part_->token, part_->segments, part_begin_, handed_bytes(), part_, failure});
  part_ = nullptr;
  held_back_ = false;
  fanout_.has_died(*this);
}

void TeeChannel::shared_released(const Lent& lent, std::uint64_t bytes, Failure failure) noexcept {
  TeedOp& op = *lent.shared;
  op.least_bytes = std::min(op.least_bytes, bytes);
  if (!op.failure) op.failure = failure;
  // Only the first channel's completion will be reaped; the others are done with the op now.
  if (op.first != this) released_was_reaped();
  if (--op.waiting != 0) return;
  --op.first->fronted_;
  op.first->complete_released(op.token, op.least_bytes, file_shared_.send_evidence, op.failure);
}

// --- the fanout

Result<std::unique_ptr<TeeFanout>> TeeFanout::make(FileShared& file_shared, const Limits& limits,
                                                   std::size_t pipe_size_bytes, bool gift) {
  auto source = Pipe::make(pipe_size_bytes);
  if (!source) return tl::make_unexpected(source.error());
  return std::unique_ptr<TeeFanout>(new TeeFanout(file_shared, limits, std::move(*source), gift));
}

TeeFanout::TeeFanout(FileShared& file_shared, const Limits& limits, Pipe source, bool gift)
    : file_shared_(file_shared),
      source_(std::move(source)),
      gift_(gift),
      vectors_(new iovec[FileChannel::max_segments]),
      shared_ops_(limits.max_channels * limits.depth) {
  parts_.reserve(limits.max_channels);
}

Submitted TeeFanout::submit(const SendOp& op, std::span<Channel* const> channels) noexcept {
  if (channels.empty()) return {0, Stop::failed};
  if (channels.size() == 1) return channels.front()->submit({&op, 1});
  if (current_ != nullptr) return {0, Stop::busy};
  for (Channel* channel : channels) {
    const Stop stop = static_cast<TeeChannel*>(channel)->obstacle();
    if (stop != Stop::none) return {0, stop};
  }
  auto* const first = static_cast<TeeChannel*>(channels.front());
  out_ = Outgoing(op);
  if (out_.size_bytes == 0) {
    first->empty_op(op.token);
    return {1, Stop::none};
  }
  const auto entry = std::ranges::find(shared_ops_, std::size_t{0}, &TeedOp::waiting);
  assert(entry != shared_ops_.end());  // each holds a place of its first channel's depth
  *entry = {op.token, op.segments, first, channels.size(), UINT64_MAX, {}};
  current_ = &*entry;
  parts_.clear();
  for (Channel* channel : channels) parts_.push_back(static_cast<TeeChannel*>(channel));
  for (TeeChannel* part : parts_) part->join(*current_);
  go_on();
  return {1, Stop::none};
}

// A channel that dies while this runs calls has_died(), which must not start it again.
void TeeFanout::go_on() noexcept {
  if (going_on_) return;
  going_on_ = true;
  const auto waits = [](const TeeChannel* part) { return part != nullptr && !part->pipe_is_empty(); };
  while (current_ != nullptr && std::ranges::none_of(parts_, waits)) {
    const bool all_died = std::ranges::all_of(parts_, [](const TeeChannel* part) { return part == nullptr; });
    if (all_died || out_.all_taken()) {
      finish();
    } else if (!load_chunk()) {
      fail_all(failure_of_errno(errno, "vmsplice of the op's memory"));
    }
  }
  going_on_ = false;
}

bool TeeFanout::load_chunk() noexcept {
  ++file_shared_.counters.vmsplice_calls;
  const ssize_t got = vmsplice_into(source_, out_, vectors_.get(), gift_);
  if (got <= 0) return got < 0 && errno == EINTR;
  const auto bytes = static_cast<std::size_t>(got);
  out_.take(bytes);
  if (!out_.all_taken()) ++file_shared_.counters.pipe_full;
  if (distribute(bytes) != bytes) {
    errno = EPIPE;
    return false;
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i] != nullptr) parts_[i]->load(bytes, !out_.all_taken());
  }
  return true;
}

// Into the empty pipes of all, which are as large as the source. Returns what the last one got.
std::size_t TeeFanout::distribute(std::size_t bytes) noexcept {
  TeeChannel* last = nullptr;
  for (TeeChannel* part : parts_) {
    if (part == nullptr) continue;
    if (last != nullptr) {
      ++file_shared_.counters.tee_calls;
      const ssize_t got = tee(source_.read_end.get(), last->pipe().write_end.get(), bytes, SPLICE_F_NONBLOCK);
      if (got != static_cast<ssize_t>(bytes)) return 0;
    }
    last = part;
  }
  std::size_t moved = 0;
  while (last != nullptr && moved < bytes) {
    ++file_shared_.counters.splice_calls;
    const ssize_t got = splice(source_.read_end.get(), nullptr, last->pipe().write_end.get(), nullptr, bytes - moved,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got <= 0) break;
    moved += static_cast<std::size_t>(got);
  }
  return moved;
}

void TeeFanout::finish() noexcept {
  current_ = nullptr;
  for (TeeChannel* part : parts_) {
    if (part != nullptr) part->leave();
  }
}

void TeeFanout::fail_all(Failure failure) noexcept {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i] != nullptr) parts_[i]->fail(failure);
  }
  current_ = nullptr;
}

void TeeFanout::has_died(const TeeChannel& channel) noexcept {
  std::ranges::replace(parts_, &channel, nullptr);
  go_on();
}

}  // namespace xover
