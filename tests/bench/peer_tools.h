// The tools that xover is held against, each run once as its own users would: a server and a client of its own, pinned,
// for about a second. All take their figure from what the tool prints.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace xover::bench {

struct PeerRun {
  std::uint64_t size_bytes = 0;
  unsigned sender_core = 0, receiver_core = 0;
  bool polling = false;
  bool from_file = false;  // iperf3 -Z: sendfile from one file of that size
};

// Goodput that the receiver saw, in Gbit/s. Congestion control cubic.
Result<double> iperf3_gbps(const PeerRun& run);
// Goodput of qperf's tcp_bw, in Gbit/s, with the network namespace's own congestion control, as for sockperf.
Result<double> qperf_gbps(const PeerRun& run);
// Half of sockperf's median round trip of TCP ping-pong, in microseconds: the figure that it prints.
Result<double> sockperf_half_round_trip_us(const PeerRun& run);

// The same between two ends of one RDMA device: what ib_read_bw of perftest reads, in Gbit/s, with so many reads at a
// time. The reader is on the receiver's core. `address` is one of this host that leads to the device.
struct ReadRun {
  std::string device, address;
  std::uint64_t size_bytes = 0;
  unsigned reads = 1;
  unsigned sender_core = 0, receiver_core = 0;
};
Result<double> ib_read_bw_gbps(const ReadRun& run);

// Moves this process into a network namespace of its own, with a congestion control that does not pace: qperf and
// sockperf cannot be told one. Gives its name, `reno` where the kernel keeps `cubic` from namespaces. Needs root.
Result<std::string> enter_own_network();

}  // namespace xover::bench
