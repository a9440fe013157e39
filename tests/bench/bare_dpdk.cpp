// Two ports that share a ring, and the two threads of the loop.
#include "tests/bench/bare_dpdk.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <rte_bus_vdev.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "core/clock.h"
#include "harness/placement/placement.h"
#include "harness/workloads/touch.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/frame.h"
#include "transports/dpdk/mbuf_pool.h"

namespace xover::bench {

namespace {

constexpr std::uint16_t burst = 32;
constexpr unsigned ring_entries = 1024;

tl::unexpected<Error> failed(const char* operation) {
  return make_error(ErrorCode::internal, operation, "bare DPDK loop: " + take_eal_messages());
}

// What is sent on one of the two ports is received on the other.
class RingPair {
 public:
  RingPair() = default;
  RingPair(const RingPair&) = delete;
  RingPair& operator=(const RingPair&) = delete;
  ~RingPair() {
    for (const Port& port : ports_) {
      if (port.id < 0) continue;
      rte_eth_dev_stop(static_cast<std::uint16_t>(port.id));
      rte_vdev_uninit(("net_ring_" + port.name).c_str());
    }
    for (rte_ring* ring : rings_) rte_ring_free(ring);
  }

  Result<void> set_up(rte_mempool* pool) {
    const char* names[] = {"bare_there", "bare_back"};
    for (std::size_t i = 0; i < rings_.size(); ++i) {
      rings_[i] = rte_ring_create(names[i], ring_entries, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
      if (rings_[i] == nullptr) return failed("rte_ring_create");
    }
    if (!add_port(ports_[0], "bare_sender", rings_[1], rings_[0], pool)) return failed("net_ring port of the sender");
    if (!add_port(ports_[1], "bare_receiver", rings_[0], rings_[1], pool))
      return failed("net_ring port of the receiver");
    return {};
  }

  std::uint16_t sender() const { return static_cast<std::uint16_t>(ports_[0].id); }
  std::uint16_t receiver() const { return static_cast<std::uint16_t>(ports_[1].id); }

 private:
  struct Port {
    int id = -1;
    std::string name;
  };

  static bool add_port(Port& port, const char* name, rte_ring* receive, rte_ring* send, rte_mempool* pool) {
    port.name = name;
    port.id = rte_eth_from_rings(name, &receive, 1, &send, 1, SOCKET_ID_ANY);
    if (port.id < 0) return false;
    const auto id = static_cast<std::uint16_t>(port.id);
    const rte_eth_conf configuration{};
    return rte_eth_dev_configure(id, 1, 1, &configuration) == 0 &&
           rte_eth_rx_queue_setup(id, 0, ring_entries, SOCKET_ID_ANY, nullptr, pool) == 0 &&
           rte_eth_tx_queue_setup(id, 0, ring_entries, SOCKET_ID_ANY, nullptr) == 0 && rte_eth_dev_start(id) == 0;
  }

  std::array<rte_ring*, 2> rings_{};
  std::array<Port, 2> ports_{};
};

// What the two threads and the one that watches them share.
struct Progress {
  std::atomic<bool> stop_sending{false}, stop_receiving{false};
  alignas(64) std::atomic<std::uint64_t> payload_bytes{0};
  std::atomic<std::uint64_t> sum{0};  // of what was read, so that the reads are needed
};

void begin_thread(unsigned core) {
  (void)pin_this_thread(core);
  register_with_eal();
}

FrameTemplate headers_of_frames() {
  const FrameAddress from{.mac = {2, 0, 0, 0, 0, 1}, .ipv4 = 0x0a000001, .udp_port = 1};
  const FrameAddress to{.mac = {2, 0, 0, 0, 0, 2}, .ipv4 = 0x0a000002, .udp_port = 2};
  return FrameTemplate(from, to, false);
}

void send(const BareDpdkRun& run, MbufPool& pool, std::uint16_t port, Progress& progress) {
  begin_thread(run.sender_core);
  const FrameTemplate headers = headers_of_frames();
  const auto payload_bytes = static_cast<std::uint16_t>(run.payload_bytes);
  FrameHeader header{.connection = 1, .last = 1};
  std::array<rte_mbuf*, burst> frames;
  while (!progress.stop_sending.load(std::memory_order_relaxed)) {
    if (rte_pktmbuf_alloc_bulk(pool.get(), frames.data(), burst) != 0) continue;  // all are on their way
    for (rte_mbuf* frame : frames) {
      rte_pktmbuf_append(frame, payload_bytes);
      char* front = rte_pktmbuf_prepend(frame, all_header_bytes);
      headers.write(reinterpret_cast<std::byte*>(front), header, payload_bytes);
      ++header.number;
    }
    std::uint16_t sent = 0;
    while (sent < burst && !progress.stop_sending.load(std::memory_order_relaxed))
      sent = static_cast<std::uint16_t>(sent + rte_eth_tx_burst(port, 0, &frames[sent], burst - sent));
    rte_pktmbuf_free_bulk(&frames[sent], burst - sent);
  }
}

// Goes on, once it is told to stop, until the ring is empty: so it looks for the word first, and into the ring behind
// it.
void receive(const BareDpdkRun& run, std::uint16_t port, Progress& progress) {
  begin_thread(run.receiver_core);
  std::array<rte_mbuf*, burst> frames;
  std::uint64_t sum = 0, payload_bytes = 0;
  for (;;) {
    const bool nothing_will_follow = progress.stop_receiving.load(std::memory_order_acquire);
    const std::uint16_t count = rte_eth_rx_burst(port, 0, frames.data(), burst);
    if (count == 0 && nothing_will_follow) break;
    if (count == 0) continue;
    for (std::uint16_t i = 0; i < count; ++i) {
      const std::size_t size_bytes = rte_pktmbuf_data_len(frames[i]) - all_header_bytes;
      sum += read_every_byte({rte_pktmbuf_mtod_offset(frames[i], std::byte*, all_header_bytes), size_bytes});
      payload_bytes += size_bytes;
    }
    rte_pktmbuf_free_bulk(frames.data(), count);
    progress.payload_bytes.store(payload_bytes, std::memory_order_relaxed);
  }
  progress.sum = sum;
}

// Every mbuf's payload is written once, here; the loop itself never writes it.
void fill_payloads(const MbufPool& pool, std::size_t room_bytes) {
  for (std::size_t i = 0; i < pool.size(); ++i) {
    auto* const room = static_cast<std::byte*>(pool.at(i)->buf_addr) + RTE_PKTMBUF_HEADROOM;
    std::fill_n(room, room_bytes, static_cast<std::byte>(i));
  }
}

double watch(const BareDpdkRun& run, const Progress& progress) {
  std::this_thread::sleep_for(std::chrono::nanoseconds(run.warmup_ns));
  const std::uint64_t bytes_before = progress.payload_bytes.load();
  const MonotonicNs start = monotonic_now_ns();
  std::this_thread::sleep_for(std::chrono::nanoseconds(run.duration_ns));
  const std::uint64_t bytes = progress.payload_bytes.load() - bytes_before;
  return static_cast<double>(bytes) * 8 / static_cast<double>(monotonic_now_ns() - start);
}

}  // namespace

Result<double> bare_dpdk_gbps(const BareDpdkRun& run) {
  Link ring;
  ring.name = "ring";
  if (auto started = start_eal(ring, LinkRole::sender); !started) return tl::make_unexpected(started.error());
  const MbufPoolShape shape{.mbufs = run.mbufs, .data_bytes = run.room_bytes};
  auto pool = MbufPool::make(shape);
  if (!pool) return tl::make_unexpected(pool.error());
  fill_payloads(**pool, run.room_bytes);
  RingPair ports;
  if (auto ready = ports.set_up((*pool)->get()); !ready) return tl::make_unexpected(ready.error());

  Progress progress;
  std::thread receiver([&] { receive(run, ports.receiver(), progress); });
  std::thread sender([&] { send(run, **pool, ports.sender(), progress); });
  const double gbps = watch(run, progress);
  progress.stop_sending = true;
  sender.join();
  progress.stop_receiving = true;
  receiver.join();
  if (const std::size_t lost = (*pool)->in_use(); lost != 0)
    return make_error(ErrorCode::internal, "bare DPDK loop", std::to_string(lost) + " mbufs did not come back");
  return gbps;
}

}  // namespace xover::bench
