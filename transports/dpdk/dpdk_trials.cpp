// Whether a link of DPDK can be used here, found out by using it: a frame is passed where both ends can be in one
// process, a device is opened where one is named, and where none is, what such devices need is asked for.
#include <array>
#include <cstring>
#include <future>
#include <utility>

#include "transports/dpdk/device_facts.h"
#include "transports/dpdk/device_side.h"
#include "transports/dpdk/dpdk_availability.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/dpdk/dpdk_way.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/link_side.h"

namespace xover {

namespace {

constexpr MonotonicNs trial_bound_ns = 3'000'000'000;
constexpr LinkSideShape one_connection{.max_connections = 1, .window_frames = 8};
constexpr std::size_t part_bytes = 64;

Result<void> without_value(const Error& error) { return tl::make_unexpected(error); }

// So many mbufs in one frame, all filled with `mark`; null: the pool is empty.
rte_mbuf* make_frame(const MbufPool& pool, std::size_t parts, int mark) {
  rte_mbuf* frame = nullptr;
  for (std::size_t part = 0; part < parts; ++part) {
    rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool.get());
    if (mbuf == nullptr) break;
    std::memset(rte_pktmbuf_append(mbuf, part_bytes), mark, part_bytes);
    if (frame == nullptr) {
      frame = mbuf;
    } else {
      rte_pktmbuf_chain(frame, mbuf);
    }
  }
  return frame;
}

bool is_filled(const rte_mbuf* frame, std::size_t parts, int mark) {
  std::size_t good_bytes = 0;
  for (; frame != nullptr; frame = frame->next) {
    const auto* const bytes = rte_pktmbuf_mtod(frame, const unsigned char*);
    for (std::size_t at = 0; at < frame->data_len; ++at) good_bytes += bytes[at] == mark ? 1 : 0;
  }
  return good_bytes == parts * part_bytes;
}

Result<void> pass_frame(DpdkWay way, Port& from, Port& to) {
  constexpr int mark = 0x5a;
  const std::size_t parts = way == DpdkWay::copy ? 1 : 2;
  auto pool = MbufPool::make({.mbufs = 64, .data_bytes = part_bytes});
  if (!pool) return without_value(pool.error());
  from.keep(*pool);
  rte_mbuf* sent = make_frame(**pool, parts, mark);
  if (from.send(&sent, 1) != 1) {
    rte_pktmbuf_free(sent);
    return make_error(ErrorCode::internal, "send a frame", "the port took none");
  }
  rte_mbuf* received = nullptr;
  for (const MonotonicNs deadline = monotonic_now_ns() + trial_bound_ns; to.receive(&received, 1) == 0;) {
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "receive a frame", "none came");
  }
  const bool good = is_filled(received, parts, mark);
  rte_pktmbuf_free(received);
  if (good) return {};
  return make_error(ErrorCode::internal, "receive a frame", "it came changed");
}

// Both ends here.
Result<void> try_pair(DpdkWay way, const Link& link) {
  auto left = LinkSide::open(link, LinkRole::sender, one_connection);
  if (!left) return without_value(left.error());
  auto right = LinkSide::open(link, LinkRole::receiver, one_connection);
  if (!right) return without_value(right.error());
  auto address = (*left)->listen();
  if (!address) return without_value(address.error());
  const MonotonicNs deadline = monotonic_now_ns() + trial_bound_ns;
  auto acceptor = std::async(std::launch::async, [&] { return (*left)->accept(deadline); });
  auto connected = (*right)->connect(*address, deadline);
  auto accepted = acceptor.get();
  if (!accepted) return without_value(accepted.error());
  if (!connected) return without_value(connected.error());
  if (auto gathers = allow_way(way, link, (*left)->traits().driver, connected->port->traits().most_segments);
      !gathers) {
    return gathers;
  }
  return pass_frame(way, *connected->port, *accepted->port);
}

// This process's end, which is the sender's where a probe asks; the other end's device as far as the system knows it. A
// device that stands alone is an end whose other end is on another host.
Result<void> try_device(DpdkWay way, const Link& link) {
  const bool two_hosts = link.argument.find('+') == std::string::npos;
  if (auto other = check_own_device(link, LinkRole::receiver); !other) return other;
  auto side = LinkSide::open(link, LinkRole::sender, one_connection, {.two = two_hosts});
  if (!side) return without_value(side.error());
  return allow_way(way, link, (*side)->traits().driver, (*side)->traits().most_segments);
}

Result<void> try_link(DpdkWay way, const Link& link) {
  if (link.name == "ring" || link.name == "memif") return try_pair(way, link);
  if (!link.argument.empty()) return try_device(way, link);
  if (auto there = check_device(link.name, {}); !there || link.name == "pci") return there;
  if (auto started = start_eal({.name = "ring"}, LinkRole::sender); !started) return started;
  auto segments = most_segments_on(link.name);
  if (!segments) return without_value(segments.error());
  return allow_way(way, link, "net_" + link.name, *segments);
}

}  // namespace

Availability probe_dpdk(DpdkWay way, const Link& link) { return dpdk_availability(try_link(way, link)); }

}  // namespace xover
