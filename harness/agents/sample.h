// One sample: a variant at a point, once, from opening to closing. What the agents are told, and what they answer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/histogram.h"
#include "core/ledger.h"
#include "core/variant.h"
#include "harness/experiment/point.h"
#include "harness/measurement/cpu_usage.h"
#include "harness/measurement/kernel_copy_share.h"

namespace xover {

// What SideReport::latency is of: for streams the time that a message's memory is lent (sender, submit to released),
// for pingpong the round trip (sender), for paced the time from the intended sending to the arrival (receiver), for
// file from the request to the answer's last byte (receiver: the client), for fanout until all receivers' copies of a
// message are let go (sender).
std::string_view latency_kind(Workload workload);

// Of a session's counters, those that are levels and no counts: "pinned_bytes", "register_p99_ns". They are taken as
// they are at the end, and of several rounds the highest.
bool is_level(std::string_view counter);

struct SampleSpec {
  Variant variant;
  Point point;
  std::int64_t warmup_ns = 0;
  std::int64_t duration_ns = 0;
  HostAddresses sender_address, receiver_address;    // of the link's ends
  bool has_receiver = true, device_gathers = true;   // of the link: see OpenParameters
  bool two_hosts = false;                            // the agents are on one each
  std::string sender_interface, receiver_interface;  // with two hosts: whose counters are read
  std::vector<std::uint16_t> sender_ports;           // of each connection; empty: the kernel chooses
  std::vector<unsigned> sender_cores;                // OS CPU for each connection's worker; empty: unpinned
  std::vector<unsigned> receiver_cores;
  bool soakers = false;
  bool kernel_symbols = false;
};

// What one side did in the timed part of a sample, all its connections together.
struct SideReport {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;          // payload, without sequence numbers
  std::uint64_t lost_messages = 0;  // receiver of datagrams
  MonotonicNs first_ns = 0;         // sender: start of the clock; receiver: first arrival
  MonotonicNs last_ns = 0;          // sender: last release; receiver: last arrival
  std::uint64_t busy = 0;           // submits that were turned away for now
  Histogram latency;                // of latency_kind(); empty on the other side
  Ledger ledger;
  CpuUsage cpu;                                   // other_ns comes from the coordinator, who knows both sides
  std::optional<std::int64_t> not_soaked_ns;      // of all cores that this side soaked
  CopyShare copy_share;                           // sender, where asked for
  std::map<std::string, std::uint64_t> counters;  // of the sessions, and of the interface with two hosts
  std::map<std::string, std::string> facts;       // of the sockets or queues, as granted: see Session::facts()

  void cover(MonotonicNs from_ns, MonotonicNs to_ns);  // widens first_ns to last_ns by one connection's phase
};

// What a result file keeps of a sample's histogram.
struct LatencyRead {
  std::optional<double> p50_us, p99_us;
};

struct Sample {
  SideReport sender;
  SideReport receiver;
  std::int64_t clock_uncertainty_ns = 0;  // by no more than this is window_ns() wrong, where two hosts' clocks made it
  std::optional<LatencyRead> latency_read;  // of a sample out of a file, whose histograms are empty

  std::int64_t window_ns() const;   // first byte's start to last byte's arrival, drain included
  double goodput_gbps() const;      // what the receiver got in the window
  double handed_over_gbps() const;  // what the sender handed over, for links without receiver
};

}  // namespace xover
