// Every mbuf with payload is leased by itself: a chain is cut, so that each piece can go back alone.
#include "transports/dpdk/dpdk_receiving.h"

#include <algorithm>
#include <cassert>
#include <memory>
#include <utility>

namespace xover {

namespace {

constexpr std::uint32_t sole = 0;  // slot of frames with one lease

std::uint32_t grant_step(std::uint32_t window_frames) { return std::max<std::uint32_t>(1, window_frames / 4); }

}  // namespace

DpdkReceiving::DpdkReceiving(DpdkShared& shared, std::uint32_t channel, Ledger& ledger)
    : shared_(shared),
      channel_(channel),
      ledger_(ledger),
      queue_(shared.settings.window_frames),
      leases_(shared.settings.window_frames + 1),
      grant_step_(grant_step(shared.settings.window_frames)) {
  free_slots_.reserve(leases_.size());
  for (std::uint32_t slot = 1; slot < leases_.size(); ++slot) free_slots_.push_back(slot);
}

Failure DpdkReceiving::take(rte_mbuf* frame, const FrameHeader& header, std::size_t payload_bytes) noexcept {
  const auto ahead = static_cast<std::int32_t>(header.number - expected_);
  if (ahead < 0 || header.number - consumed_ >= shared_.settings.window_frames) {
    ++(ahead < 0 ? shared_.counters.duplicate_frames : shared_.counters.stray_frames);
    rte_pktmbuf_free(frame);
    return {};
  }
  if (ahead > 0 && !note_gap(header.number)) {
    rte_pktmbuf_free(frame);
    return {ErrorCode::internal, 0, "receive: a frame is missing on a link that loses none"};
  }
  ++expected_;
  ++shared_.counters.frames_received;
  if (header.part == 0) {
    if (inside_message_) cut_message();
    skipping_ = false;
  } else if (!inside_message_ && !skipping_) {
    cut_message();  // of which the beginning is missing
    skipping_ = true;
  }
  if (skipping_) {
    if (header.last != 0) skipping_ = false;
    rte_pktmbuf_free(frame);
    ++consumed_;
    return {};
  }
  inside_message_ = header.last == 0;
  const bool cut = frame->nb_segs != 1;
  rte_mbuf* const chain = payload_of(frame, payload_bytes);
  queue_.push({chain, header.part == 0, header.last != 0, cut ? slot_for(chain) : sole});
  return {};
}

// False: this link loses no frames.
bool DpdkReceiving::note_gap(std::uint32_t number) noexcept {
  if (shared_.settings.lossless) return false;
  skip_to(number);
  return true;
}

void DpdkReceiving::skip_to(std::uint32_t number) noexcept {
  const auto missing = static_cast<std::int32_t>(number - expected_);
  if (missing <= 0 || number - consumed_ > shared_.settings.window_frames) return;
  shared_.counters.lost_frames += static_cast<std::uint32_t>(missing);
  consumed_ += static_cast<std::uint32_t>(missing);
  expected_ = number;
  if (!inside_message_) return;
  cut_message();
  inside_message_ = false;
  skipping_ = true;
}

void DpdkReceiving::cut_message() noexcept { ++shared_.counters.cut_messages; }

// Takes the headers off, and padding behind the payload. Mbufs that held nothing else are freed. The pointer to the
// next one lies in another line of the cache, which a frame of one mbuf leaves alone.
rte_mbuf* DpdkReceiving::payload_of(rte_mbuf* frame, std::size_t payload_bytes) noexcept {
  frame->data_off = static_cast<std::uint16_t>(frame->data_off + all_header_bytes);
  frame->data_len = static_cast<std::uint16_t>(frame->data_len - all_header_bytes);
  if (frame->nb_segs == 1 && payload_bytes != 0) {
    frame->data_len = static_cast<std::uint16_t>(payload_bytes);
    return frame;
  }
  rte_mbuf* first = nullptr;
  rte_mbuf** link = &first;
  for (rte_mbuf* mbuf = frame; mbuf != nullptr;) {
    rte_mbuf* const next = mbuf->next;
    const std::size_t size_bytes = std::min<std::size_t>(mbuf->data_len, payload_bytes);
    mbuf->next = nullptr;
    mbuf->nb_segs = 1;
    if (size_bytes == 0) {
      rte_pktmbuf_free_seg(mbuf);
    } else {
      mbuf->data_len = static_cast<std::uint16_t>(size_bytes);
      payload_bytes -= size_bytes;
      *link = mbuf;
      link = &mbuf->next;
    }
    mbuf = next;
  }
  return first;
}

std::uint32_t DpdkReceiving::slot_for(const rte_mbuf* chain) noexcept {
  if (chain == nullptr || chain->next == nullptr) return sole;
  assert(!free_slots_.empty());
  const std::uint32_t slot = free_slots_.back();
  free_slots_.pop_back();
  leases_[slot] = 0;
  for (; chain != nullptr; chain = chain->next) ++leases_[slot];
  return slot;
}

bool DpdkReceiving::next_completion(Completion& out) noexcept {
  if (queue_.empty()) return false;
  Queued& front = queue_.front();
  rte_mbuf* const mbuf = front.chain;
  std::span<std::byte> bytes;
  rte_mbuf* next = nullptr;
  if (mbuf != nullptr) {
    bytes = {rte_pktmbuf_mtod(mbuf, std::byte*), mbuf->data_len};
    if (front.slot != sole) next = std::exchange(mbuf->next, nullptr);
    mbuf->hash.usr = front.slot;
  }
  if (front.first) piece_ = 0;
  front.first = false;
  ledger_.complete(shared_.settings.received, bytes.size());
  begin_completion(out, channel_, Moment::received, shared_.settings.received);
  out.last = front.last && next == nullptr;
  out.piece = piece_++;
  out.bytes = bytes.size();
  std::construct_at(&out.lease, this, reinterpret_cast<std::uint64_t>(mbuf), bytes);  // in place of an empty one
  front.chain = next;
  if (next == nullptr) queue_.pop();
  return true;
}

void DpdkReceiving::give_back(std::uint64_t handle) noexcept {
  auto* const mbuf = reinterpret_cast<rte_mbuf*>(handle);
  std::uint32_t slot = sole;
  if (mbuf != nullptr) {
    slot = mbuf->hash.usr;
    rte_pktmbuf_free_seg(mbuf);
  }
  if (slot != sole) {
    if (--leases_[slot] != 0) return;
    free_slots_.push_back(slot);  // within its capacity
  }
  ++consumed_;
}

void DpdkReceiving::drop() noexcept {
  for (; !queue_.empty(); queue_.pop()) rte_pktmbuf_free(queue_.front().chain);
}

}  // namespace xover
