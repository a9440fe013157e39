// Bursts, grants and completions, whatever the frames are made of.
#include "transports/dpdk/dpdk_sending.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "transports/dpdk/copy_frames.h"
#include "transports/dpdk/extbuf_frames.h"
#include "transports/dpdk/mbuf_frames.h"

namespace xover {

namespace {

// What comes back is looked for in batches: so many times at the last of one before at the first.
constexpr std::uint64_t return_batch = 16;
constexpr unsigned return_patience = 8;
constexpr std::uint64_t checksum_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_UDP_CKSUM;

}  // namespace

std::unique_ptr<DpdkSending> DpdkSending::make(DpdkShared& shared, std::uint32_t channel, Ledger& ledger,
                                               const SendingRoute& route) {
  switch (shared.settings.way) {
    case DpdkWay::copy: return std::make_unique<CopyFrames>(shared, channel, ledger, route);
    case DpdkWay::mbuf: return std::make_unique<MbufFrames>(shared, channel, ledger, route);
    case DpdkWay::extbuf: return std::make_unique<ExtbufFrames>(shared, channel, ledger, route);
  }
  return nullptr;
}

DpdkSending::DpdkSending(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route)
    : shared_(shared),
      channel_(channel),
      ledger_(ledger),
      port_(route.port),
      connection_(route.connection),
      template_(route.own, route.peer, route.port->traits().checksums),
      payload_bytes_(shared.settings.payload_bytes),
      ops_(std::bit_ceil(shared.limits.depth)),
      mask_(ops_.size() - 1),
      granted_(route.peer_window_frames),
      peer_window_(route.peer_window_frames),
      own_grant_(shared.settings.window_frames),
      told_grant_(shared.settings.window_frames) {}

DpdkSending::~DpdkSending() { rte_pktmbuf_free_bulk(frames_.data(), built_count_); }

void DpdkSending::take_grant(std::uint32_t granted) noexcept {
  const auto ahead_of_sent = static_cast<std::int32_t>(granted - frames_sent());
  if (ahead_of_sent > static_cast<std::int32_t>(peer_window_)) return;
  if (static_cast<std::int32_t>(granted - granted_) > 0) granted_ = granted;
}

std::uint32_t DpdkSending::credits() const noexcept {
  const auto left = static_cast<std::int32_t>(granted_ - number_);
  return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

void DpdkSending::take(const SendOp& given) noexcept {
  assert(in_flight() < ops_.size());
  Op& entry = op(next_++);
  // Field by field, here and below: a temporary would be written in small pieces and read in large ones, which stalls.
  entry.token = given.token;
  entry.segments = given.segments;
  entry.bytes = total_bytes(given.segments);
  entry.built_bytes = entry.handed_bytes = entry.offset = 0;
  entry.segment = 0;
  entry.part = 0;
  assert(given.segments.size() <= shared_.limits.max_segments && entry.bytes <= shared_.limits.max_op_bytes);
}

// --- frames

void DpdkSending::write_headers(rte_mbuf* first, FrameHeader header, std::size_t payload_bytes) const noexcept {
  assert(first->data_off + all_header_bytes <= first->buf_len);
  template_.write(rte_pktmbuf_mtod(first, std::byte*), header, payload_bytes);
  if (!template_.checksums_in_port()) return;
  first->ol_flags |= checksum_flags;
  first->tx_offload = 0;
  first->l2_len = ethernet_header_bytes;
  first->l3_len = 20;
}

void DpdkSending::add_frame(rte_mbuf* first, std::size_t payload_bytes, std::size_t segments) noexcept {
  Op& entry = op(building_);
  entry.built_bytes += payload_bytes;
  const bool last = entry.built_bytes == entry.bytes;
  first->nb_segs = static_cast<std::uint16_t>(segments);
  first->pkt_len = static_cast<std::uint32_t>(all_header_bytes + payload_bytes);
  write_headers(
      first,
      {.connection = connection_, .last = last, .part = entry.part++, .number = number_++, .granted = own_grant_},
      payload_bytes);
  frames_[built_count_] = first;
  notes_[built_count_++] = {static_cast<std::uint32_t>(payload_bytes), own_grant_, last};
  if (last) ++building_;
}

bool DpdkSending::pump() noexcept {
  bool moved = false;
  while (building_ != next_ || built_count_ != 0) {
    const bool was_dry = dry_;
    dry_ = false;
    const std::size_t room = std::min<std::size_t>(shared_.settings.burst - built_count_, credits());
    if (room != 0 && building_ != next_ && !broken_) build(room);
    note_stalls(was_dry);
    if (built_count_ == 0) break;
    const auto count = static_cast<std::uint16_t>(built_count_);
    const std::uint16_t taken = port_->send(frames_.data(), count);
    if (taken != 0) {
      note_taken(taken);
      moved = true;
    }
    if (taken == count) continue;
    ++shared_.counters.port_stalls;
    break;
  }
  collect(false);
  return moved;
}

void DpdkSending::note_stalls(bool was_dry) noexcept {
  if (dry_ && !was_dry) ++shared_.counters.pool_dry;
  const bool stalled = awaits_grant();
  if (stalled && !grant_stalled_) ++shared_.counters.credit_stalls;
  grant_stalled_ = stalled;
}

void DpdkSending::note_taken(std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    op(handed_).handed_bytes += notes_[i].bytes;
    handed_ += notes_[i].last ? 1 : 0;
  }
  told_grant_ = notes_[count - 1].granted;
  shared_.counters.frames_sent += count;
  built_count_ -= static_cast<std::uint32_t>(count);
  if (built_count_ == 0) return;
  std::copy_n(frames_.begin() + static_cast<std::ptrdiff_t>(count), built_count_, frames_.begin());
  std::copy_n(notes_.begin() + static_cast<std::ptrdiff_t>(count), built_count_, notes_.begin());
}

rte_mbuf* DpdkSending::take_headers() noexcept {
  rte_mbuf* const mbuf = shared_.headers->take();
  if (mbuf != nullptr) mbuf->data_len = all_header_bytes;
  return mbuf;
}

bool DpdkSending::send_grant() noexcept {
  rte_mbuf* frame = take_headers();
  if (frame == nullptr) return false;
  frame->pkt_len = all_header_bytes;
  write_headers(frame, {.connection = connection_, .kind = FrameKind::grant, .granted = own_grant_}, 0);
  if (port_->send(&frame, 1) == 0) {
    rte_pktmbuf_free(frame);
    return false;
  }
  own_grant_was_told();
  ++shared_.counters.grants_sent;
  return true;
}

// --- completions

// Right behind the receiver each look would take a line out of the cache that is about to write to it, so an op further
// on is looked at first, though not for ever: once that is back, those before it most likely are.
void DpdkSending::collect(bool thoroughly) noexcept {
  const std::uint64_t waiting = handed_ - returned_;
  if (waiting == 0) return;
  if (!thoroughly && put_off_ < return_patience && !seems_back(std::min(waiting, return_batch))) {
    ++put_off_;
    return;
  }
  put_off_ = 0;
  take_back();
}

bool DpdkSending::next_completion(Completion& out) noexcept { return report_released(out) || report_sent(out); }

bool DpdkSending::report_released(Completion& out) noexcept {
  if (oldest_ == returned_) return false;
  const Op& entry = op(oldest_);
  const bool whole = oldest_ < intact_;
  const bool sent_now = whole && sent_ <= oldest_;
  ledger_.complete(shared_.settings.sent, entry.handed_bytes);
  begin_completion(out, channel_, sent_now ? Moment::sent | Moment::released : Moments(Moment::released),
                   shared_.settings.sent);
  out.token = entry.token;
  out.bytes = entry.handed_bytes;
  if (!whole) out.failure = stopped_;
  ++oldest_;
  sent_ = std::max(sent_, oldest_);
  return true;
}

bool DpdkSending::report_sent(Completion& out) noexcept {
  if (sent_ >= sent_due_ || stopped_) return false;
  begin_completion(out, channel_, Moment::sent, Handover::unverified);
  out.token = op(sent_++).token;
  return true;
}

// --- the end

void DpdkSending::stop(const Failure& why) noexcept {
  if (stopped_) return;
  collect(true);
  stopped_ = why;
  intact_ = returned_;
  rte_pktmbuf_free_bulk(frames_.data(), built_count_);
  number_ -= built_count_;
  built_count_ = 0;
  const std::uint64_t first = handed_;
  handed_ = building_ = next_;
  give_up(first, handed_);
  collect(true);
}

void DpdkSending::abandon() noexcept {
  shared_.counters.forced_releases += handed_ - returned_;
  forget(returned_, handed_);
  returned_ = handed_ = next_;
}

}  // namespace xover
