// What all channels of one DPDK session share: the settings, the pools that frames are made from, the counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/transport.h"
#include "transports/dpdk/dpdk_way.h"
#include "transports/dpdk/mbuf_pool.h"
#include "transports/dpdk/port.h"

namespace xover {

inline constexpr std::size_t most_burst = 256;
inline constexpr MonotonicNs microsecond = 1'000, millisecond = 1'000 * microsecond;

struct DpdkSettings {
  DpdkWay way = DpdkWay::copy;
  std::size_t burst = 32;             // frames given to a port in one call at most
  std::uint32_t window_frames = 512;  // that the peer of a channel may send without word from here
  std::size_t payload_bytes = 0;      // of one frame
  std::size_t most_segments = 1;      // mbufs of one frame at most
  bool lossless = true;
  bool frees_late = false;
  bool splits_at_pages = false;
  Handover sent = Handover::driver, received = Handover::driver;
};

struct DpdkCounters {
  std::uint64_t frames_sent = 0, frames_received = 0;
  std::uint64_t grants_sent = 0, grants_received = 0;  // frames that only grant
  std::uint64_t lost_frames = 0;                       // that were sent and never arrived here
  std::uint64_t cut_messages = 0;                      // of which some frames arrived and others did not
  std::uint64_t duplicate_frames = 0;                  // that came twice, or after they were counted as lost
  std::uint64_t stray_frames = 0;                      // that belong to no open channel, or are not xover's
  std::uint64_t busy = 0;                              // submit() calls that ended in Stop::busy
  std::uint64_t credit_stalls = 0;                     // times that sending stopped for want of the peer's grant
  std::uint64_t port_stalls = 0;                       // bursts that the port did not take whole
  std::uint64_t pool_dry = 0;                          // times that sending stopped for want of mbufs
  std::uint64_t stall_notices = 0;                     // times that the peer was asked for its grant
  std::uint64_t forced_releases = 0;                   // ops given back although the peer still held their frames

  void append_to(std::vector<Counter>& counters) const;
};

// Sets all fields, one by one; those that are not given to their defaults, and the lease to none.
inline void begin_completion(Completion& out, std::uint32_t channel, Moments moments, Handover evidence) noexcept {
  if (out.lease) out.lease = {};
  out.channel = channel;
  out.moments = moments;
  out.last = true;
  out.piece = 0;
  out.evidence = evidence;
  out.token = 0;
  out.bytes = 0;
  out.failure.code = ErrorCode::none;
  out.failure.errno_value = 0;
  out.failure.operation = "";
}

// Mbufs taken out of a pool in bulk and handed out one by one. One session owns it.
class MbufStash {
 public:
  explicit MbufStash(std::shared_ptr<MbufPool> pool) : pool_(std::move(pool)) {}
  MbufStash(const MbufStash&) = delete;
  MbufStash& operator=(const MbufStash&) = delete;
  ~MbufStash() { put_back(); }

  // With all fields as rte_pktmbuf_alloc() leaves them; null: the pool is dry.
  rte_mbuf* take() noexcept { return count_ != 0 || refill() ? mbufs_[--count_] : nullptr; }
  void put_back() noexcept;
  std::size_t missing() const noexcept { return pool_->in_use() - count_; }  // control plane

 private:
  static constexpr unsigned bulk = 32;
  bool refill() noexcept;

  std::shared_ptr<MbufPool> pool_;
  std::array<rte_mbuf*, bulk> mbufs_;
  unsigned count_ = 0;
};

class MbufArenas;
class ExternalMemory;

struct DpdkShared {
  DpdkShared(const Limits& session_limits, const DpdkSettings& session_settings);
  ~DpdkShared();

  const Limits& limits;
  const DpdkSettings settings;
  DpdkCounters counters;
  std::unique_ptr<MbufStash> headers;             // mbufs for headers alone, and for grants
  std::unique_ptr<MbufStash> frames;              // copy: for whole frames; extbuf: that memory is attached to
  std::unique_ptr<MbufArenas> arenas;             // mbuf
  std::unique_ptr<ExternalMemory> memory;         // extbuf
  std::vector<std::shared_ptr<const void>> kept;  // what frames may point to: every port keeps it
};

}  // namespace xover
