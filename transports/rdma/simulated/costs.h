// What things cost in the simulation: the link's options as numbers. The defaults stand in simulated_options
// (transports/rdma/rdma_links.h). They are the machines of Goldenberg et al., "Transparently Achieving Superior Socket
// Performance Using Zero Copy Socket Direct Protocol over 20Gb/s InfiniBand Links": two hosts with two Xeons of 3.2 GHz
// each, hyper-threaded, and a DDR link.
//
//   From the paper: link_mbps 1400 (rounded up: eight connections carry more than 1360, close to native), copy_mbps 630
//     (what buffered sockets carry at most, in all, with the CPUs saturated), cpus 4.
//   Assumed, as usual for hosts of that time: latency_ns 3000, post_ns 1000, result_ns 500; pinning by some hundred ns
//     a page (get_user_pages) beside a system call; map_ns for a mapping that the pool of fast memory regions has.
//   Fitted: wake_ns, an interrupt, a kernel thread and the switch to the process that waits; a transfer with zero copy
//     waits for three of them, one after the other. The paper's crossover of 128 KB for one connection asks for
//     T = s * (1/C - 1/W) = 114 us a message beside its time on the link. Of 18, 24 and 22 us the last was taken, by
//     the preset sdp2006: T is 116 us at 128 KiB, 104 us at 16 KiB, and the crossovers of 1, 2, 4 and 8 connections are
//     125K, 42.3K, 17.5K and 9.9K (24 us: 133K, 44.8K, 18.6K, 10.6K). So the figure for one connection is put in, and
//     confirms nothing; what the model says by itself is how the others follow from it.
//   No part of the paper: rnr_wait_us, rnr_retries, lost_ms; they only tell when a broken connection ends.
#pragma once

#include <cstdint>
#include <vector>

#include "core/link.h"
#include "core/transport.h"

namespace xover {

inline constexpr std::uint64_t packet_bytes = 2048;  // the largest payload of a packet on links of that time

// What goes wrong, once, at one end.
enum class SimulatedFault : std::uint8_t { none, kill, drop, delay, rnr, registration };

struct SimulationCosts {
  std::uint64_t seed = 1;
  std::int64_t jitter_ns = 0;
  std::int64_t link_mbps = 1;  // 10^6 bytes per second
  std::int64_t latency_ns = 0;
  std::int64_t copy_mbps = 1;
  std::int64_t cpus = 1;
  std::int64_t post_ns = 0;
  std::int64_t result_ns = 0;
  std::int64_t wake_ns = 0;
  std::int64_t pin_ns = 0;
  std::int64_t pin_page_ns = 0;
  std::int64_t unpin_ns = 0;
  std::int64_t unpin_page_ns = 0;
  std::int64_t map_ns = 0;
  std::int64_t rnr_wait_ns = 0;
  std::int64_t rnr_retries = 0;
  std::int64_t lost_ns = 0;

  SimulatedFault fault = SimulatedFault::none;
  LinkRole fault_end = LinkRole::sender;
  std::int64_t fault_at = 1;
  std::int64_t fault_by = 0;

  std::int64_t link_time_ns(std::uint64_t size_bytes) const noexcept { return time_ns(size_bytes, link_mbps); }
  std::int64_t copy_time_ns(std::uint64_t size_bytes) const noexcept { return time_ns(size_bytes, copy_mbps); }

 private:
  // Rounded up, so that nothing is free.
  static std::int64_t time_ns(std::uint64_t size_bytes, std::int64_t mbps) noexcept {
    return (static_cast<std::int64_t>(size_bytes) * 1000 + mbps - 1) / mbps;
  }
};

// bad_input, as Options::resolve() has it.
Result<SimulationCosts> simulation_costs(const Link& link);
// Every option of the link as it is used.
std::vector<Fact> simulation_facts(const Link& link);

}  // namespace xover
