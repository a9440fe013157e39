// Credit, registration, posting, completions, whatever the way.
#include "transports/rdma/rdma_sending.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cerrno>

namespace xover {

RdmaSending::RdmaSending(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, QueuePair& queue_pair)
    : shared_(shared),
      queue_pair_(queue_pair),
      channel_(channel),
      ledger_(ledger),
      ops_(std::bit_ceil(shared.limits.depth)),
      mask_(ops_.size() - 1),
      places_(ops_.size() * shared.settings.max_segments),
      pieces_(shared.settings.max_segments) {}

RdmaSending::~RdmaSending() {
  for (; done_ != next_; ++done_) release_places(done_);
}

void RdmaSending::meet(const RdmaHello& peer) { window_ = peer.window; }

// --- taking

RdmaSending::Taken RdmaSending::take(const SendOp& given) noexcept {
  const std::uint64_t bytes = total_bytes(given.segments);
  assert(in_flight() < ops_.size() && given.segments.size() <= shared_.limits.max_segments);
  assert(bytes <= shared_.limits.max_op_bytes);
  if (next_ - granted_ == window_ || !has_room(bytes)) {
    ++shared_.counters.credit_stalls;
    return Taken::busy;
  }
  Op& entry = op(next_);
  entry = {.token = given.token, .bytes = bytes};
  const bool inline_data = goes_inline(bytes);
  if (const Failure failure = gather(given, entry, inline_data)) return registration_failed(failure);
  stall_.is_over();
  const Posted posted = post(next_, std::span(pieces_).first(piece_count_), inline_data);
  if (posted != Posted::ok) {
    release_places(next_);
    if (posted == Posted::failed) return Taken::failed;
    ++shared_.counters.queue_stalls;
    return Taken::busy;
  }
  ++shared_.counters.messages_sent;
  if (inline_data) ++shared_.counters.inline_sends;
  if (inline_data) ledger_.user_copied_bytes += bytes;
  const std::uint64_t number = next_++;
  if (inline_data) finish(number, State::done);
  return Taken::yes;
}

Failure RdmaSending::gather(const SendOp& given, Op& entry, bool inline_data) noexcept {
  piece_count_ = 0;
  for (const Segment& segment : given.segments) {
    if (segment.size_bytes == 0) continue;
    LocalPiece& piece = pieces_[piece_count_];
    piece = {.data = segment.data, .size_bytes = static_cast<std::uint32_t>(segment.size_bytes)};
    if (!inline_data) {
      const auto place = shared_.memory->place({segment.data, segment.size_bytes});
      if (!place) {
        release_places(next_);
        return place.error();
      }
      places_[(next_ & mask_) * shared_.settings.max_segments + piece_count_] = *place;
      piece.key = place->key;
      ++entry.places;
    }
    ++piece_count_;
  }
  return {};
}

// Room in the cache comes back with ops that are under way; without any, none will.
RdmaSending::Taken RdmaSending::registration_failed(const Failure& why) noexcept {
  if (why.errno_value == EAGAIN) {
    ++shared_.counters.registration_stalls;
    if (!stall_.lasts_too_long(!idle())) return Taken::busy;
    failure_ = {ErrorCode::no_memory, ENOBUFS, "register: two seconds without room in the cache of registered memory"};
  } else {
    failure_ = why;
  }
  return Taken::failed;
}

void RdmaSending::release_places(std::uint64_t number) noexcept {
  Op& entry = op(number);
  for (std::size_t i = 0; i < entry.places; ++i) shared_.memory->release(place_of(number, i));
  entry.places = 0;
}

// --- what comes back

bool RdmaSending::take_grant(std::uint32_t immediate) noexcept {
  const std::uint64_t count = count_from(granted_, immediate);
  if (count > next_) return false;
  const std::uint64_t from = granted_;
  granted_ = count;
  note_granted(from, count);
  return true;
}

// An op that went inline has ended when its result comes, and may have been reported.
void RdmaSending::finish(std::uint64_t number, State state) noexcept {
  assert(number < next_);
  if (number < done_ || op(number).state != State::under_way) return;
  op(number).state = state;
  release_places(number);
  while (done_ != next_ && op(done_).state != State::under_way) ++done_;
}

bool RdmaSending::next_completion(Completion& out) noexcept {
  if (report_released(out)) return true;
  if (sent_ >= next_ || stopped_) return false;
  begin_completion(out, channel_, Moment::sent, Handover::unverified);
  out.token = op(sent_++).token;
  return true;
}

bool RdmaSending::report_released(Completion& out) noexcept {
  if (!has_released()) return false;
  const Op& entry = op(oldest_);
  const bool whole = entry.state == State::done;
  const bool sent_now = whole && sent_ <= oldest_;
  const Handover handover = shared_.settings.handover;
  begin_completion(out, channel_, sent_now ? Moment::sent | Moment::released : Moments(Moment::released), handover);
  out.token = entry.token;
  if (whole) {
    out.bytes = entry.bytes;
    ledger_.complete(handover, entry.bytes);
  } else {
    out.failure = stopped_;
  }
  ++oldest_;
  sent_ = std::max(sent_, oldest_);
  return true;
}

void RdmaSending::stop(const Failure& why) noexcept {
  if (stopped_) return;
  stopped_ = why;
  give_up();
}

}  // namespace xover
