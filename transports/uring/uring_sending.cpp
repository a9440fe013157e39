// Chains made of ops, and ops found again in what became of a chain.
#include "transports/uring/uring_sending.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "transports/uring/uring_trials.h"

namespace xover {

namespace {

constexpr MonotonicNs stall_pause_ns = 1'000'000;
constexpr Failure out_of_memory{ErrorCode::no_memory, ENOMEM, "io_uring send: RLIMIT_MEMLOCK (ulimit -l) is exhausted"};

UringNotifications::Asked asked_by(const UringSettings& settings) {
  if (!asks_for_zero_copy(settings.path)) return UringNotifications::Asked::copy;
  return settings.report_usage ? UringNotifications::Asked::zero_copy_and_report : UringNotifications::Asked::zero_copy;
}

// Requests of which some entry is still to come: a chain, and notifications of those before.
std::size_t max_requests(const Limits& limits) {
  return std::min(UringSending::max_chain + 4 * limits.depth, UringNotifications::most_requests);
}

}  // namespace

UringSending::UringSending(UringShared& shared, std::uint32_t channel, Ledger& ledger)
    : shared_(shared),
      channel_(channel),
      ledger_(ledger),
      notifications_(shared.limits.depth, max_requests(shared.limits), asked_by(shared.settings)),
      queue_(shared.limits.depth),
      chain_place_(max_requests(shared.limits)),
      vectors_(shared.limits.max_segments),
      headers_(max_chain) {
  chain_.reserve(max_chain);
  if (!shared.settings.device_gathers) notifications_.distrust();
  if (shared.fixed == nullptr) return;
  places_.resize(shared.limits.depth * shared.limits.max_segments);
  cached_segments_.resize(shared.limits.depth);
}

UringSending::~UringSending() {
  for (std::uint32_t op = 0; op < cached_segments_.size(); ++op) release_places(op, cached_segments_[op]);
}

void UringSending::Position::advance(std::span<const Segment> segments, std::size_t bytes) noexcept {
  sent_bytes += bytes;
  segment_offset += bytes;
  while (segment < segments.size() && segment_offset >= segments[segment].size_bytes) {
    segment_offset -= segments[segment].size_bytes;
    ++segment;
  }
}

// --- taking ops

UringSending::Taken UringSending::take(const SendOp& op, Failure& failure) noexcept {
  assert(op.segments.size() <= shared_.limits.max_segments);
  unplaced_ = false;
  Outgoing out;
  out.token = op.token;
  out.segments = op.segments;
  out.size_bytes = total_bytes(op.segments);
  assert(out.size_bytes <= shared_.limits.max_op_bytes);
  out.gone.advance(out.segments, 0);
  out.number = notifications_.begin(op.token);
  if (shared_.fixed != nullptr && !place_segments(out, failure)) {
    notifications_.forget(out.number);
    return not_placed(failure);
  }
  if (shared_.settings.datagrams && !in_one_buffer(out)) {
    notifications_.seal(out.number, {ErrorCode::unsupported, 0, "a datagram from several registered buffers"});
    return Taken::yes;
  }
  if (out.size_bytes == 0 && !shared_.settings.datagrams) {
    if (asks_for_zero_copy(shared_.settings.path)) push(Moment::sent, op.token, 0, Handover::unverified, {});
    notifications_.seal(out.number);
    return Taken::yes;
  }
  queue_[(first_ + queued_++) % queue_.size()] = out;
  return Taken::yes;
}

// Own ops that are released give back what they hold; where there are none, others may let go of the memory that is
// missing, and that is waited for with a bound.
UringSending::Taken UringSending::not_placed(Failure& failure) noexcept {
  if (failure.code != ErrorCode::no_memory && failure.errno_value != EAGAIN) return Taken::failed;
  if (outstanding() != 0 || queued_ != 0) return Taken::busy;
  unplaced_ = true;
  if (!stalled_for_long()) return Taken::busy;
  failure = out_of_memory;
  return Taken::failed;
}

bool UringSending::in_one_buffer(const Outgoing& op) noexcept {
  if (shared_.fixed == nullptr || op.size_bytes == 0) return true;
  for (std::size_t i = op.gone.segment; i < op.segments.size(); ++i) {
    if (op.segments[i].size_bytes != 0 && place_of(op.number, i).slot != place_of(op.number, op.gone.segment).slot) {
      return false;
    }
  }
  return true;
}

FixedBuffers::Place& UringSending::place_of(std::uint32_t op, std::size_t segment) noexcept {
  return places_[op * shared_.limits.max_segments + segment];
}

bool UringSending::place_segments(const Outgoing& op, Failure& failure) noexcept {
  std::size_t placed = 0;
  for (; placed < op.segments.size(); ++placed) {
    FixedBuffers::Place& place = place_of(op.number, placed);
    place = {};
    if (op.segments[placed].size_bytes == 0) continue;
    const auto found = shared_.fixed->place(op.segments[placed]);
    if (!found) {
      failure = found.error();
      release_places(op.number, placed);
      return false;
    }
    place = *found;
  }
  cached_segments_[op.number] = static_cast<std::uint16_t>(placed);
  return true;
}

void UringSending::release_places(std::uint32_t op, std::size_t count) noexcept {
  for (std::size_t segment = 0; segment < count; ++segment) shared_.fixed->release(place_of(op, segment));
  cached_segments_[op] = 0;
}

// --- chains

bool UringSending::chain_has_room() const noexcept {
  return chain_.size() < link_limit_ && notifications_.room() && shared_.ring.sqe_room() != 0;
}

bool UringSending::fill() noexcept {
  if (chain_under_way()) return true;
  if (retry_at_ != 0) {
    if (monotonic_now_ns() < retry_at_) return true;
    retry_at_ = 0;
  }
  if (queued_ == 0) return true;
  if (!notifications_.room()) return true;  // notifications that come will make some
  if (shared_.ring.sqe_room() == 0 || shared_.budget == 0) return false;
  if (!chain_broken_) link_limit_ = std::min(2 * link_limit_, max_chain);
  chain_.clear();
  chain_done_ = vectors_used_ = 0;
  chain_broken_ = false;
  io_uring_sqe* last = nullptr;
  for (std::size_t i = 0; i < queued_ && shared_.budget != 0; ++i) {
    --shared_.budget;
    if (!link_op(queued(i), last)) break;
  }
  if (last != nullptr) last->flags &= static_cast<__u8>(~IOSQE_IO_LINK);
  shared_.ring.expect_chain(chain_.size());
  return true;
}

// Links what is left of one op; false: the chain can take no more.
bool UringSending::link_op(Outgoing& op, io_uring_sqe*& last) noexcept {
  Position position = op.gone;
  do {
    if (!chain_has_room()) return false;
    const std::size_t vectors_before = vectors_used_;
    const std::size_t wanted = std::min(op.segments.size() - position.segment, vectors_.size());
    if (vectors_.size() - vectors_used_ < wanted) return false;
    io_uring_sqe& entry = *shared_.ring.next_sqe();
    const std::size_t size_bytes = prepare(entry, op, position);
    if (vectors_used_ == vectors_before + 1) vectors_used_ = vectors_before;  // a single range went into the entry
    const std::uint32_t request = notifications_.request(op.number);
    entry.fd = static_cast<__s32>(channel_);
    entry.flags = IOSQE_FIXED_FILE | IOSQE_IO_LINK;
    entry.user_data = RequestName{RequestName::Kind::send, channel_, request}.pack();
    chain_place_[UringNotifications::slot(request)] = static_cast<std::uint16_t>(chain_.size());
    chain_.push_back({request, size_bytes, 0, false});  // within its capacity: no allocation
    last = &entry;
    position.advance(op.segments, size_bytes);
  } while (position.sent_bytes < op.size_bytes);
  return true;
}

// One request for as much of the op as one request can carry; returns how much.
std::size_t UringSending::prepare(io_uring_sqe& entry, const Outgoing& op, Position from) noexcept {
  if (op.size_bytes == 0) {  // an empty datagram, which no memory is lent for
    io_uring_prep_send(&entry, 0, nullptr, 0, MSG_NOSIGNAL);
    return 0;
  }
  const bool gathers = shared_.fixed == nullptr || shared_.settings.gathers_fixed;
  const std::size_t start = vectors_used_;
  const std::size_t size_bytes = gather(op, from, gathers ? vectors_.size() : 1);
  const std::span<iovec> ranges(&vectors_[start], vectors_used_ - start);
  if (ranges.size() == 1) {
    prepare_one(entry, ranges[0], op, from.segment);
  } else {
    prepare_many(entry, ranges, op, from.segment);
  }
  return size_bytes;
}

// Non-empty ranges from a position on, all of one registered buffer where memory is registered.
std::size_t UringSending::gather(const Outgoing& op, Position from, std::size_t limit) noexcept {
  std::size_t bytes = 0, count = 0;
  std::size_t skip = from.segment_offset;
  for (std::size_t i = from.segment; i < op.segments.size() && count < limit; ++i) {
    const Segment& segment = op.segments[i];
    if (segment.size_bytes == 0) continue;
    if (shared_.fixed != nullptr && place_of(op.number, i).slot != place_of(op.number, from.segment).slot) break;
    vectors_[vectors_used_++] = {segment.data + skip, segment.size_bytes - skip};
    bytes += segment.size_bytes - skip;
    skip = 0;
    ++count;
  }
  return bytes;
}

void UringSending::prepare_one(io_uring_sqe& entry, const iovec& range, const Outgoing& op,
                               std::size_t segment) noexcept {
  const int flags = MSG_NOSIGNAL | (shared_.settings.datagrams ? 0 : MSG_WAITALL);
  const unsigned usage = shared_.settings.report_usage ? IORING_SEND_ZC_REPORT_USAGE : 0;
  const auto slot = shared_.fixed == nullptr ? 0u : unsigned{place_of(op.number, segment).slot};
  switch (shared_.settings.path) {
    case UringPath::send: return io_uring_prep_send(&entry, 0, range.iov_base, range.iov_len, flags);
    case UringPath::write_fixed:
      return io_uring_prep_write_fixed(&entry, 0, range.iov_base, static_cast<unsigned>(range.iov_len), 0,
                                       static_cast<int>(slot));
    case UringPath::send_zc: return io_uring_prep_send_zc(&entry, 0, range.iov_base, range.iov_len, flags, usage);
    case UringPath::send_zc_fixed:
      return io_uring_prep_send_zc_fixed(&entry, 0, range.iov_base, range.iov_len, flags, usage, slot);
  }
}

void UringSending::prepare_many(io_uring_sqe& entry, std::span<iovec> ranges, const Outgoing& op,
                                std::size_t segment) noexcept {
  const unsigned flags = MSG_NOSIGNAL | (shared_.settings.datagrams ? 0 : MSG_WAITALL);
  const auto slot = shared_.fixed == nullptr ? __u16{0} : place_of(op.number, segment).slot;
  if (shared_.settings.path == UringPath::write_fixed) {
    io_uring_prep_writev(&entry, 0, ranges.data(), static_cast<unsigned>(ranges.size()), 0);
    entry.opcode = opcode_writev_fixed;
    entry.buf_index = slot;
    return;
  }
  msghdr& header = headers_[chain_.size()];
  header = {};
  header.msg_iov = ranges.data();
  header.msg_iovlen = ranges.size();
  if (shared_.settings.path == UringPath::send) return io_uring_prep_sendmsg(&entry, 0, &header, flags);
  io_uring_prep_sendmsg_zc(&entry, 0, &header, flags);
  if (shared_.settings.report_usage) entry.ioprio |= IORING_SEND_ZC_REPORT_USAGE;
  if (shared_.settings.path == UringPath::send_zc) return;
  entry.ioprio |= IORING_RECVSEND_FIXED_BUF;
  entry.buf_index = slot;
}

// --- what became of them

Failure UringSending::first_entry(std::uint32_t request, int result, bool more) noexcept {
  Link& link = chain_[chain_place_[UringNotifications::slot(request)]];
  assert(link.request == request && !link.done);
  link.result = result;
  link.done = true;
  notifications_.first_entry(request, static_cast<std::uint64_t>(std::max(result, 0)), more, ledger_);
  Failure failure;
  while (chain_done_ < chain_.size() && chain_[chain_done_].done) {
    const Failure found = apply(chain_[chain_done_++]);
    if (found && !failure) failure = found;
  }
  return failure;
}

void UringSending::notification(std::uint32_t request, bool copied) noexcept {
  if (!notifications_.notification(request, copied, ledger_)) {
    ++shared_.counters.notifications_unannounced;
    return;
  }
  ++shared_.counters.notifications;
  shared_.counters.notifications_copied += copied ? 1 : 0;
}

// Takes the outcomes in the order of the stream, so each speaks of the foremost op.
Failure UringSending::apply(const Link& link) noexcept {
  Outgoing& op = queued(0);
  if (link.result < 0) {
    const bool cancelled_before = chain_broken_;
    chain_broken_ = true;
    if (link.result == -ECANCELED) return {};
    if (!cancelled_before) return refused(-link.result);
    // Refused before anything was started, which cancels also what stands in front of it. The next chain ends in front
    // of it, so that in the end it stands first and its failure speaks for itself.
    if (link.result == -ENOMEM || link.result == -ENOBUFS) ++shared_.counters.memory_stalls;
    link_limit_ = std::min(link_limit_, chain_done_ - 1);
    return {};
  }
  const auto bytes = static_cast<std::size_t>(link.result);
  if (chain_broken_ && bytes != 0) return {ErrorCode::internal, 0, "io_uring went on behind a broken link"};
  memory_stall_.is_over();
  op.gone.advance(op.segments, bytes);
  if (bytes < link.size_bytes) {
    ++shared_.counters.short_sends;
    chain_broken_ = true;
    if (shared_.settings.datagrams) finish_front({ErrorCode::internal, 0, "send: a datagram went in part"});
    return {};
  }
  if (op.gone.sent_bytes == op.size_bytes) finish_front({});
  return {};
}

Failure UringSending::refused(int errno_value) noexcept {
  if (errno_value == EAGAIN || errno_value == EINTR) {
    ++shared_.counters.busy;
    return {};
  }
  if (errno_value == ENOMEM || errno_value == ENOBUFS) return stall();
  const char* operation = shared_.settings.path == UringPath::write_fixed ? "io_uring write" : "io_uring send";
  if (!shared_.settings.datagrams) return failure_of_errno(errno_value, operation);
  if (errno_value == ECONNREFUSED) return {ErrorCode::peer_died, errno_value, operation};
  ++shared_.counters.send_errors;
  finish_front(failure_of_errno(errno_value, operation));  // costs this datagram alone
  return {};
}

// The user's locked memory or the device's queue is used up, by this channel or by others.
Failure UringSending::stall() noexcept {
  retry_at_ = monotonic_now_ns() + stall_pause_ns;
  return stalled_for_long() ? out_of_memory : Failure{};
}

// What is outstanding gives some memory back; where nothing is, only others can.
bool UringSending::stalled_for_long() noexcept {
  ++shared_.counters.memory_stalls;
  return memory_stall_.lasts_too_long(notifications_.awaited_bytes() != 0);
}

void UringSending::finish_front(Failure failure) noexcept {
  const Outgoing& op = queued(0);
  if (!failure && asks_for_zero_copy(shared_.settings.path)) {
    push(Moment::sent, op.token, op.size_bytes, Handover::unverified, {});
  }
  notifications_.seal(op.number, failure);
  first_ = (first_ + 1) % queue_.size();
  --queued_;
}

// --- giving back

void UringSending::hand_back_released() noexcept {
  for (UringNotifications::Released released; notifications_.pop_released(released);) {
    if (shared_.fixed != nullptr) release_places(released.op, cached_segments_[released.op]);
    const bool tells_sent = !asks_for_zero_copy(shared_.settings.path) && !released.failure;
    push(tells_sent ? Moment::sent | Moment::released : Moments(Moment::released), released.token, released.bytes,
         released.evidence, released.failure);
  }
}

void UringSending::drop(Failure failure) noexcept {
  assert(!chain_under_way());
  while (queued_ != 0) finish_front(failure);
}

void UringSending::abandon(Failure failure) noexcept {
  chain_.clear();
  chain_done_ = 0;
  drop(failure);
  notifications_.abandon(failure, ledger_);
}

void UringSending::push(Moments moments, Token token, std::uint64_t bytes, Handover evidence,
                        Failure failure) noexcept {
  Completion completion;
  completion.channel = channel_;
  completion.moments = moments;
  completion.evidence = evidence;
  completion.token = token;
  completion.bytes = bytes;
  completion.failure = failure;
  shared_.push(std::move(completion));
}

}  // namespace xover
