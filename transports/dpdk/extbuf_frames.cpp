// While an op is being built, the owner counts as one holder of its shared info, so that it cannot come back early. It
// lets go when the last frame is built and nobody else has the info's cache line yet.
#include "transports/dpdk/extbuf_frames.h"

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace xover {

namespace {

constexpr std::size_t page_bytes = 4096;  // of every page size a part

}  // namespace

ExtbufFrames::Table::Table(std::size_t ops) : returned(ops), counted(new Counted[ops]) {
  for (std::size_t i = 0; i < ops; ++i) {
    counted[i].info.free_cb = free_callback;
    counted[i].info.fcb_opaque = &counted[i];
    counted[i].table = this;
    counted[i].place = static_cast<std::uint32_t>(i);
  }
}

ExtbufFrames::ExtbufFrames(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route)
    : DpdkSending(shared, channel, ledger, route), table_(std::make_shared<Table>(ops_.size())), places_(ops_.size()) {
  port_->keep(table_);
}

ExtbufFrames::~ExtbufFrames() { forget(returned_, next_); }

// Any thread. DPDK finds itself to be the last holder by a plain look where nobody else is left, so the order of what
// others did before is made here.
void ExtbufFrames::free_callback(void*, void* counted) {
  std::atomic_thread_fence(std::memory_order_acquire);
  const auto* last = static_cast<const Counted*>(counted);
  last->table->returned.push(last->place);
}

void ExtbufFrames::build(std::size_t frames) noexcept {
  for (; frames != 0 && building_ != next_ && !broken_; --frames) {
    Op& entry = op(building_);
    const std::size_t place = place_of(building_);
    if (entry.part == 0 && entry.segment == 0 && entry.offset == 0) {
      rte_mbuf_ext_refcnt_set(&table_->counted[place].info, 1);
      places_[place].held = true;
    }
    Chain chain;
    if (!gather(entry, chain)) {
      dry_ = true;
      return;
    }
    if (entry.built_bytes + chain.payload_bytes == entry.bytes) drop_hold(place);
    add_frame(chain.first, chain.payload_bytes, chain.mbufs);
  }
}

// One frame, with as many mbufs as it may have, or full, or with all that is left of the op: so the number of parts has
// a bound. False: mbufs ran out, and nothing has happened.
bool ExtbufFrames::gather(Op& entry, Chain& chain) noexcept {
  chain.first = chain.last = take_headers();
  if (chain.first == nullptr) return false;
  chain.mbufs = 1;
  const std::uint32_t segment = entry.segment;
  const std::uint64_t offset = entry.offset;
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(payload_bytes_, entry.bytes - entry.built_bytes));
  while (chain.payload_bytes < wanted && chain.mbufs < shared_.settings.most_segments) {
    rte_mbuf* mbuf = attach(entry, wanted - chain.payload_bytes);
    if (mbuf == nullptr) {
      rte_pktmbuf_free(chain.first);
      entry.segment = segment;
      entry.offset = offset;
      return false;
    }
    chain.last->next = mbuf;
    chain.last = mbuf;
    ++chain.mbufs;
    chain.payload_bytes += mbuf->data_len;
  }
  return true;
}

// The next run of the op, of one segment. Null: no mbuf, or the memory cannot be registered now, or never (broken_).
rte_mbuf* ExtbufFrames::attach(Op& entry, std::size_t most_bytes) noexcept {
  while (entry.offset == entry.segments[entry.segment].size_bytes) {
    entry.offset = 0;
    ++entry.segment;
  }
  const Segment& segment = entry.segments[entry.segment];
  const std::size_t place = place_of(building_);
  if (const Failure failure = shared_.memory->hold(segment, places_[place].holds)) {
    if (failure.errno_value != EAGAIN) broken_ = failure;
    return nullptr;
  }
  rte_mbuf* mbuf = shared_.frames->take();
  if (mbuf == nullptr) return nullptr;
  std::byte* data = segment.data + entry.offset;
  if (shared_.settings.splits_at_pages) {
    most_bytes = std::min(most_bytes, page_bytes - reinterpret_cast<std::uintptr_t>(data) % page_bytes);
  }
  const auto size_bytes =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(most_bytes, segment.size_bytes - entry.offset));
  rte_mbuf_ext_shared_info* info = &table_->counted[place].info;
  rte_mbuf_ext_refcnt_update(info, 1);
  rte_pktmbuf_attach_extbuf(mbuf, data, reinterpret_cast<rte_iova_t>(data), size_bytes, info);
  mbuf->data_len = size_bytes;
  entry.offset += size_bytes;
  return mbuf;
}

void ExtbufFrames::give_up(std::uint64_t first, std::uint64_t end) noexcept {
  for (; first != end; ++first) {
    const std::size_t place = place_of(first);
    if (places_[place].held) {
      drop_hold(place);
    } else if (op(first).part == 0) {
      places_[place].back = true;  // nothing was built
    }
  }
}

// DPDK's own function finds the last holder by a look that orders nothing.
void ExtbufFrames::drop_hold(std::size_t place) noexcept {
  places_[place].held = false;
  if (__atomic_sub_fetch(&table_->counted[place].info.refcnt, 1, __ATOMIC_ACQ_REL) == 0) places_[place].back = true;
}

void ExtbufFrames::take_back() noexcept {
  for (std::uint32_t place; (place = table_->returned.pop()) != ReturnRing::none;) places_[place].back = true;
  const std::uint64_t first = returned_;
  while (returned_ != handed_ && places_[place_of(returned_)].back) ++returned_;
  forget(first, returned_);
}

void ExtbufFrames::forget(std::uint64_t first, std::uint64_t end) noexcept {
  for (; first != end; ++first) {
    Place& place = places_[place_of(first)];
    shared_.memory->release(place.holds);
    place.back = false;
  }
}

}  // namespace xover
