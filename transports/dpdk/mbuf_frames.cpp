// A frame is a chain of the mbufs of consecutive fields. What the receiver on a ring has done to them (cut the chain,
// moved the start of the data) is overwritten here each time they go again.
#include "transports/dpdk/mbuf_frames.h"

#include <algorithm>
#include <cassert>
#include <string>

#include <rte_prefetch.h>

namespace xover {

namespace {

constexpr std::uint64_t ops_ahead = 4;  // ops whose mbufs are fetched into the cache before they are looked at

std::byte* buffer_of(const rte_mbuf& mbuf) noexcept {
  return static_cast<std::byte*>(mbuf.buf_addr) + RTE_PKTMBUF_HEADROOM;
}

// Acquire: what other holders read is before what the caller writes once it is the only one.
std::uint16_t holders_of(const rte_mbuf& mbuf) noexcept { return __atomic_load_n(&mbuf.refcnt, __ATOMIC_ACQUIRE); }

void set_data(rte_mbuf& mbuf, const std::byte* data, std::size_t size_bytes) noexcept {
  mbuf.data_off = static_cast<std::uint16_t>(data - static_cast<std::byte*>(mbuf.buf_addr));
  mbuf.data_len = static_cast<std::uint16_t>(size_bytes);
}

}  // namespace

// --- arenas

// Only references go: an mbuf that a receiver still holds may be in the middle of a frame, and whoever frees it last
// takes it out of its chain.
MbufArenas::~MbufArenas() {
  for (const auto& pool : pools_) {
    for (std::size_t i = 0; i < pool->size(); ++i) rte_pktmbuf_free_seg(pool->at(i));
  }
}

Result<std::vector<Segment>> MbufArenas::add(std::size_t size_bytes, PageKind pages, int port) {
  const std::size_t count = std::max<std::size_t>(1, (size_bytes + buffer_bytes_ - 1) / buffer_bytes_);
  auto pool = MbufPool::make({.mbufs = count, .data_bytes = buffer_bytes_, .pages = pages}, port);
  if (!pool) return tl::make_unexpected(pool.error());
  std::vector<Segment> segments;
  segments.reserve(count);
  std::vector<rte_mbuf*> all(count);
  if (rte_pktmbuf_alloc_bulk((*pool)->get(), all.data(), static_cast<unsigned>(count)) != 0) {
    return make_error(ErrorCode::no_memory, "arena",
                      std::to_string(count) + " mbufs could not be taken from their pool");
  }
  for (std::size_t i = 0; i < count; ++i) segments.push_back({buffer_of(*(*pool)->at(i)), buffer_bytes_});
  pools_.push_back(std::move(*pool));
  return segments;
}

rte_mbuf* MbufArenas::holder_of(const std::byte* data) noexcept {
  for (std::size_t tried = 0; tried < pools_.size(); ++tried) {
    if (rte_mbuf* mbuf = pools_[last_found_]->holder_of(data)) return mbuf;
    last_found_ = last_found_ + 1 < pools_.size() ? last_found_ + 1 : 0;
  }
  assert(!"a segment that lies in no arena");
  return nullptr;
}

std::size_t MbufArenas::missing() const noexcept {
  std::size_t missing = 0;
  for (const auto& pool : pools_) {
    for (std::size_t i = 0; i < pool->size(); ++i) missing += holders_of(*pool->at(i)) != 1 ? 1 : 0;
  }
  return missing;
}

// --- frames

MbufFrames::MbufFrames(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route)
    : DpdkSending(shared, channel, ledger, route), awaited_(ops_.size()) {}

void MbufFrames::build(std::size_t frames) noexcept {
  for (; frames != 0 && building_ != next_; --frames) {
    Op& entry = op(building_);
    const bool begins = entry.part == 0;
    Chain chain;
    if (!gather(entry, chain)) {
      dry_ = true;
      return;
    }
    if (begins) awaited_[place_of(building_)] = {chain.begin, chain.begin_segment};
    add_frame(chain.first, chain.payload_bytes, chain.mbufs);
  }
}

// Takes the next fields that fit one frame. False: there is no mbuf for the headers, or somebody still holds the next
// field's, as a peer may that died while another channel was sending from it. Nothing has happened then.
bool MbufFrames::gather(Op& entry, Chain& chain) noexcept {
  const std::uint32_t before = entry.segment;
  const std::size_t most = shared_.settings.most_segments;
  for (; entry.segment < entry.segments.size(); ++entry.segment) {
    const Segment& segment = entry.segments[entry.segment];
    if (segment.size_bytes == 0) continue;
    assert(segment.size_bytes <= payload_bytes_);
    if (chain.payload_bytes + segment.size_bytes > payload_bytes_ || chain.mbufs >= most) break;
    rte_mbuf* mbuf = shared_.arenas->holder_of(segment.data);
    assert(segment.data + segment.size_bytes <= buffer_of(*mbuf) + shared_.limits.buffer_bytes);
    if (holders_of(*mbuf) != 1) break;
    // With a gathering port the headers of a field that does not begin its buffer need an mbuf of their own.
    if (chain.first == nullptr && segment.data != buffer_of(*mbuf) && most > 1) {
      chain.first = chain.last = take_headers();
      if (chain.first == nullptr) break;
      chain.mbufs = 1;
    }
    set_data(*mbuf, segment.data, segment.size_bytes);
    if (mbuf->next != nullptr) mbuf->next = nullptr;
    mbuf->nb_segs = 1;
    mbuf->ol_flags = 0;
    rte_mbuf_refcnt_set(mbuf, 2);
    if (chain.payload_bytes == 0) {
      chain.begin = mbuf;
      chain.begin_segment = entry.segment;
    }
    if (chain.first == nullptr) {
      set_data(*mbuf, segment.data - all_header_bytes, all_header_bytes + segment.size_bytes);
      chain.first = mbuf;
    } else {
      chain.last->next = mbuf;
    }
    chain.last = mbuf;
    ++chain.mbufs;
    chain.payload_bytes += segment.size_bytes;
  }
  if (chain.payload_bytes != 0) return true;
  if (entry.bytes == 0 && put_headers_before(chain)) return true;
  entry.segment = before;
  return false;
}

// An empty op is a frame of headers alone.
bool MbufFrames::put_headers_before(Chain& chain) noexcept {
  chain.first = take_headers();
  if (chain.first == nullptr) return false;
  chain.mbufs = 1;
  return true;
}

// Of an op of several mbufs the one that is waited for.
bool MbufFrames::seems_back(std::uint64_t ops) noexcept {
  const rte_mbuf* mbuf = awaited_[place_of(returned_ + ops - 1)].mbuf;
  return mbuf == nullptr || holders_of(*mbuf) == 1;
}

// In order.
void MbufFrames::take_back() noexcept {
  while (returned_ != handed_ && has_returned(returned_)) {
    ++returned_;
    if (returned_ + ops_ahead < handed_) rte_prefetch0(awaited_[place_of(returned_ + ops_ahead)].mbuf);
  }
}

bool MbufFrames::has_returned(std::uint64_t number) noexcept {
  const Op& entry = op(number);
  Awaited& awaited = awaited_[place_of(number)];
  if (entry.part == 0) return true;  // nothing was built
  for (; awaited.segment < entry.segments.size(); ++awaited.segment) {
    const Segment& segment = entry.segments[awaited.segment];
    if (segment.size_bytes == 0) continue;
    if (awaited.mbuf == nullptr) awaited.mbuf = shared_.arenas->holder_of(segment.data);
    if (holders_of(*awaited.mbuf) != 1) return false;
    awaited.mbuf = nullptr;
  }
  return true;
}

}  // namespace xover
