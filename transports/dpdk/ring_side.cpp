// A pair of rings and what their frames point to live until both ports are gone. The acceptor makes the pair; the
// connector finds it by the connection's number.
#include "transports/dpdk/ring_side.h"

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ring.h>

#include "transports/dpdk/eal.h"

namespace xover {

namespace {

constexpr unsigned ring_frames = 2048;
constexpr unsigned drained_at_once = 32;

// Takes frames out of a ring that nobody else takes from.
void free_frames_in(rte_ring* ring) noexcept {
  std::array<void*, drained_at_once> frames;
  for (;;) {
    const unsigned got = rte_ring_dequeue_burst(ring, frames.data(), drained_at_once, nullptr);
    if (got == 0) return;
    for (unsigned at = 0; at < got; ++at) rte_pktmbuf_free(static_cast<rte_mbuf*>(frames[at]));
  }
}

// rings[end] is the one that this end sends into. One thread sends and one receives, each end its own.
struct RingPair {
  std::array<rte_ring*, 2> rings{};
  std::array<std::atomic<bool>, 2> receives{true, true};  // each end
  std::shared_ptr<MbufPool> unused_pool;                  // the driver asks for a pool, and never uses it
  std::mutex mutex;
  std::vector<std::shared_ptr<const void>> kept;  // behind the rings, because frames in them may point into it

  ~RingPair() {
    for (rte_ring* ring : rings) {
      if (ring == nullptr) continue;
      free_frames_in(ring);
      rte_ring_free(ring);
    }
  }
};

// Pairs whose second port has not been made. Entries of meetings that failed go with the next one.
struct Registry {
  std::mutex mutex;
  std::map<std::uint32_t, std::weak_ptr<RingPair>> pairs;
};

Registry& registry() {
  static Registry registry;
  return registry;
}

tl::unexpected<Error> ring_error(const char* operation) {
  std::string context = rte_strerror(rte_errno);
  if (const std::string said = take_eal_messages(); !said.empty()) context += ": " + said;
  return make_error(ErrorCode::no_memory, operation, std::move(context),
                    "open fewer connections: DPDK has room for " + std::to_string(RTE_MAX_ETHPORTS) +
                        " ports in a process, and a ring takes two");
}

Result<std::shared_ptr<RingPair>> make_pair_of_rings() {
  static std::atomic<unsigned> number{0};
  auto pair = std::make_shared<RingPair>();
  const std::string name = "xover_ring_" + std::to_string(++number);
  for (std::size_t end = 0; end < pair->rings.size(); ++end) {
    pair->rings[end] = rte_ring_create((name + (end == 0 ? "a" : "b")).c_str(), ring_frames, SOCKET_ID_ANY,
                                       RING_F_SP_ENQ | RING_F_SC_DEQ);
    if (pair->rings[end] == nullptr) return ring_error("rte_ring_create");
  }
  auto pool = MbufPool::make({.mbufs = 2, .data_bytes = 64});
  if (!pool) return tl::make_unexpected(std::move(pool.error()));
  pair->unused_pool = std::move(*pool);
  return pair;
}

class RingPort final : public Port {
 public:
  static Result<std::shared_ptr<Port>> make(std::shared_ptr<RingPair> pair, std::size_t end, const PortTraits& traits);
  ~RingPort() override;

  bool link_up() const noexcept override { return true; }
  void stop_receiving() noexcept override { pair_->receives[end_].store(false, std::memory_order_release); }
  void drain_for_dead_peer() noexcept override;
  void keep(std::shared_ptr<const void> memory) override;

 private:
  RingPort(std::shared_ptr<RingPair> pair, std::size_t end) : pair_(std::move(pair)), end_(end) {}

  const std::shared_ptr<RingPair> pair_;
  const std::size_t end_;
};

Result<std::shared_ptr<Port>> RingPort::make(std::shared_ptr<RingPair> pair, std::size_t end,
                                             const PortTraits& traits) {
  static std::atomic<unsigned> number{0};
  std::shared_ptr<RingPort> port(new RingPort(pair, end));
  const std::string name = "xover_port_" + std::to_string(++number);
  rte_ring* out = pair->rings[end];
  rte_ring* in = pair->rings[1 - end];
  {
    const auto lock = lock_control_plane();
    port->id_ = rte_eth_from_rings(name.c_str(), &in, 1, &out, 1, 0);
  }
  if (port->id_ < 0) return ring_error("rte_eth_from_rings");
  port->device_ = "net_ring_" + name;  // as the driver names it
  port->traits_ = traits;
  port->sending_order_ = out;
  port->receiving_order_ = in;
  if (auto started = port->start({}, *pair->unused_pool); !started) {
    return tl::make_unexpected(std::move(started.error()));
  }
  return std::shared_ptr<Port>(std::move(port));
}

RingPort::~RingPort() {
  close();
  stop_receiving();
}

void RingPort::drain_for_dead_peer() noexcept {
  if (!pair_->receives[1 - end_].load(std::memory_order_acquire)) free_frames_in(pair_->rings[end_]);
}

void RingPort::keep(std::shared_ptr<const void> memory) {
  const std::scoped_lock lock(pair_->mutex);
  pair_->kept.push_back(std::move(memory));
}

class RingSide final : public LinkSide {
 public:
  RingSide(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes) : LinkSide(link, shape) {
    traits_.driver = "net_ring";
    traits_.mtu_bytes = mtu_bytes;
    traits_.most_segments = most_segments;
    traits_.lossless = true;
    traits_.sent = traits_.received = Handover::zero_copied;
  }

 private:
  static constexpr std::size_t most_segments = 64;

  bool one_process() const noexcept override { return true; }

  Result<std::shared_ptr<Port>> make_acceptor_port(MeetingRecord& welcome) override {
    auto pair = make_pair_of_rings();
    if (!pair) return tl::make_unexpected(std::move(pair.error()));
    {
      const std::scoped_lock lock(registry().mutex);
      std::erase_if(registry().pairs, [](const auto& entry) { return entry.second.expired(); });
      registry().pairs[welcome.connection] = *pair;
    }
    return RingPort::make(std::move(*pair), 0, traits_);
  }

  Result<std::shared_ptr<Port>> make_connector_port(const MeetingRecord& welcome) override {
    std::shared_ptr<RingPair> pair;
    {
      const std::scoped_lock lock(registry().mutex);
      if (auto found = registry().pairs.extract(welcome.connection)) pair = found.mapped().lock();
    }
    if (!pair) return make_error(ErrorCode::peer_died, "connect", "the acceptor's ring has gone");
    return RingPort::make(std::move(pair), 1, traits_);
  }
};

}  // namespace

Result<std::unique_ptr<LinkSide>> open_ring_side(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes) {
  return std::make_unique<RingSide>(link, shape, mtu_bytes);
}

}  // namespace xover
