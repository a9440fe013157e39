// Frames filled exactly. The headers stand in the headroom, so that payload begins where a cache line does.
#include "transports/dpdk/copy_frames.h"

#include <algorithm>

namespace xover {

void CopyFrames::build(std::size_t frames) noexcept {
  for (; frames != 0 && building_ != next_; --frames) {
    rte_mbuf* frame = shared_.frames->take();
    if (frame == nullptr) {
      dry_ = true;
      return;
    }
    Op& entry = op(building_);
    const auto size_bytes =
        static_cast<std::size_t>(std::min<std::uint64_t>(payload_bytes_, entry.bytes - entry.built_bytes));
    copy(entry, rte_pktmbuf_mtod(frame, std::byte*), size_bytes);
    frame->data_off = static_cast<std::uint16_t>(frame->data_off - all_header_bytes);
    frame->data_len = static_cast<std::uint16_t>(all_header_bytes + size_bytes);
    add_frame(frame, size_bytes, 1);
  }
}

void CopyFrames::copy(Op& entry, std::byte* to, std::size_t size_bytes) noexcept {
  while (size_bytes != 0) {
    const Segment& segment = entry.segments[entry.segment];
    const auto run = static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, segment.size_bytes - entry.offset));
    if (run != 0) counted_copy(ledger_, to, segment.data + entry.offset, run);
    to += run;
    size_bytes -= run;
    entry.offset += run;
    if (entry.offset != segment.size_bytes) continue;
    entry.offset = 0;
    ++entry.segment;
  }
}

}  // namespace xover
