// Bulk allocation, and the names of what is counted.
#include "transports/dpdk/dpdk_shared.h"

#include <iterator>

#include "transports/dpdk/external_memory.h"
#include "transports/dpdk/mbuf_frames.h"

namespace xover {

bool MbufStash::refill() noexcept {
  for (const unsigned wanted : {bulk, bulk / 8, 1U}) {
    if (rte_pktmbuf_alloc_bulk(pool_->get(), mbufs_.data(), wanted) == 0) {
      count_ = wanted;
      return true;
    }
  }
  return false;
}

void MbufStash::put_back() noexcept {
  rte_pktmbuf_free_bulk(mbufs_.data(), count_);
  count_ = 0;
}

DpdkShared::DpdkShared(const Limits& session_limits, const DpdkSettings& session_settings)
    : limits(session_limits), settings(session_settings) {}

DpdkShared::~DpdkShared() = default;

void DpdkCounters::append_to(std::vector<Counter>& counters) const {
  const Counter own[] = {
      {"frames_sent", frames_sent},           {"frames_received", frames_received}, {"grants_sent", grants_sent},
      {"grants_received", grants_received},   {"lost_frames", lost_frames},         {"cut_messages", cut_messages},
      {"duplicate_frames", duplicate_frames}, {"stray_frames", stray_frames},       {"busy", busy},
      {"credit_stalls", credit_stalls},       {"port_stalls", port_stalls},         {"pool_dry", pool_dry},
      {"stall_notices", stall_notices},       {"forced_releases", forced_releases}};
  counters.insert(counters.end(), std::begin(own), std::end(own));
}

}  // namespace xover
