// Entries made of offers, and bytes found in entries.
#include "transports/uring/uring_receiving.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "transports/common/udp_handshake.h"

namespace xover {

UringReceiving::UringReceiving(UringShared& shared, std::uint32_t channel, Ledger& ledger)
    : shared_(shared), channel_(channel), ledger_(ledger), offered_(shared.limits.max_offered) {}

RxBuffer& UringReceiving::offered(std::size_t index) noexcept {
  return offered_[(first_offered_ + index) % offered_.size()];
}

void UringReceiving::push_offered(const RxBuffer& buffer) noexcept { offered(offered_count_++) = buffer; }

RxBuffer UringReceiving::pop_offered() noexcept {
  const RxBuffer buffer = offered(0);
  first_offered_ = (first_offered_ + 1) % offered_.size();
  --offered_count_;
  return buffer;
}

std::size_t UringReceiving::offer(std::span<const RxBuffer> buffers) noexcept {
  if (ended_ || stopped_) return 0;
  std::size_t taken = 0;
  for (; taken < buffers.size() && offered_count_ < offered_.size(); ++taken) push_offered(buffers[taken]);
  return taken;
}

bool UringReceiving::fill() noexcept {
  if (under_way() || ended_ || stopped_) return true;
  return shared_.settings.multishot ? arm() : fill_posted();
}

// --- posted

// A receive that fills its buffer in part is no failure to the kernel, so the link goes on to the next one.
bool UringReceiving::fill_posted() noexcept {
  if (idle()) return true;
  if (shared_.ring.sqe_room() == 0) return false;
  const int flags = shared_.settings.datagrams ? MSG_TRUNC : 0;
  chain_size_ = std::min<std::size_t>({offered_count_, max_chain, shared_.ring.sqe_room()});
  chain_done_ = 0;
  for (std::size_t i = 0; i < chain_size_; ++i) {
    const RxBuffer& buffer = offered(i);
    assert(buffer.size_bytes > 0);
    io_uring_sqe& entry = *shared_.ring.next_sqe();
    io_uring_prep_recv(&entry, static_cast<int>(channel_), buffer.data, buffer.size_bytes, flags);
    entry.flags = IOSQE_FIXED_FILE | (i + 1 < chain_size_ ? IOSQE_IO_LINK : 0);
    entry.user_data = RequestName{RequestName::Kind::receive, channel_, static_cast<std::uint32_t>(i)}.pack();
    chain_[i] = {};
  }
  return true;
}

Failure UringReceiving::posted_entry(std::uint32_t place, int result) noexcept {
  assert(place < chain_size_ && !chain_[place].done);
  chain_[place] = {result, true};
  Failure failure;
  while (chain_done_ < chain_size_ && chain_[chain_done_].done) {
    const Failure found = apply(chain_[chain_done_++].result);
    if (found && !failure) failure = found;
  }
  return failure;
}

// The outcome of the foremost buffer.
Failure UringReceiving::apply(int result) noexcept {
  if (result < 0) return refused(-result);
  const auto size_bytes = static_cast<std::size_t>(result);
  if (!shared_.settings.datagrams) {
    if (size_bytes == 0) {
      ended_ = true;
      return {};
    }
    complete(pop_offered().token, size_bytes, {}, {});
    return {};
  }
  const RxBuffer buffer = pop_offered();
  const std::size_t filled = std::min(size_bytes, buffer.size_bytes);
  if (is_handshake(size_bytes, {buffer.data, filled})) {
    push_offered(buffer);
    return {};
  }
  const bool cut = size_bytes > buffer.size_bytes;
  complete(buffer.token, filled,
           cut ? failure_of_errno(EMSGSIZE, "recv: the datagram is longer than the buffer") : Failure{}, {});
  return {};
}

// The buffer stays offered, and stays foremost.
Failure UringReceiving::refused(int errno_value) noexcept {
  if (errno_value == ECANCELED || errno_value == EAGAIN || errno_value == EINTR) return {};
  if (!shared_.settings.datagrams) return failure_of_errno(errno_value, "recv");
  if (errno_value == ECONNREFUSED) return {ErrorCode::peer_died, errno_value, "recv"};
  return {};  // an error of the network that concerned a datagram sent before
}

// --- multishot

bool UringReceiving::arm() noexcept {
  const ProvidedBuffers& provided = *shared_.provided;
  if (starved_ && provided.lent() == provided.count()) return true;
  if (provided.lent_empty() >= provided.count()) return true;  // so that empty datagrams do not pile up
  if (shared_.ring.sqe_room() == 0) return false;
  io_uring_sqe& entry = *shared_.ring.next_sqe();
  io_uring_prep_recv_multishot(&entry, static_cast<int>(channel_), nullptr, 0, 0);
  entry.flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  entry.buf_group = ProvidedBuffers::group;
  entry.user_data = RequestName{RequestName::Kind::multishot, channel_, 0}.pack();
  if (was_armed_) ++shared_.counters.multishot_rearms;
  armed_ = was_armed_ = true;
  starved_ = false;
  return true;
}

Failure UringReceiving::multishot_entry(int result, unsigned flags) noexcept {
  if ((flags & IORING_CQE_F_MORE) == 0) armed_ = false;
  if (result == -ENOBUFS) {
    ++shared_.counters.provided_buffer_stalls;
    starved_ = true;
    return {};
  }
  if (result < 0) return refused(-result);
  const auto size_bytes = static_cast<std::size_t>(result);
  if ((flags & IORING_CQE_F_BUFFER) == 0) {
    assert(size_bytes == 0);
    if (!shared_.settings.datagrams) {
      ended_ = true;
    } else {
      complete(0, 0, {}, shared_.provided->lend_nothing());
    }
    return {};
  }
  const unsigned buffer = flags >> IORING_CQE_BUFFER_SHIFT;
  if (size_bytes == 0 && !shared_.settings.datagrams) ended_ = true;
  const bool unwanted =
      ended_ || (shared_.settings.datagrams && is_handshake(size_bytes, shared_.provided->filled(buffer, size_bytes)));
  if (unwanted) {
    shared_.provided->lend(buffer, 0);  // and back at once
  } else {
    complete(0, size_bytes, {}, shared_.provided->lend(buffer, size_bytes));
  }
  return {};
}

// --- both

void UringReceiving::return_buffers(Failure failure) noexcept {
  assert(!under_way());
  while (!idle()) complete(pop_offered().token, 0, failure, {});
}

void UringReceiving::complete(Token token, std::size_t bytes, Failure failure, Lease lease) noexcept {
  ledger_.complete(Handover::kernel_by_design, bytes);
  Completion completion;
  completion.channel = channel_;
  completion.moments = Moment::received;
  completion.evidence = Handover::kernel_by_design;
  completion.token = token;
  completion.bytes = bytes;
  completion.failure = failure;
  completion.lease = std::move(lease);
  shared_.push(std::move(completion));
}

}  // namespace xover
