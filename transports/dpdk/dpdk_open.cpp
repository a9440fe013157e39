// What a session is made of before it has a channel: the link's end, limits, pools.
#include <algorithm>
#include <utility>

#include "transports/common/registration/registration_options.h"
#include "transports/dpdk/dpdk_availability.h"
#include "transports/dpdk/dpdk_session.h"
#include "transports/dpdk/dpdk_way.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/external_memory.h"
#include "transports/dpdk/mbuf_frames.h"

namespace xover {

namespace {

constexpr std::size_t most_op_bytes = std::size_t{16} << 20;
constexpr std::size_t most_parts = 60000;          // of a message: their numbers and those of its pieces have 16 bits
constexpr std::size_t most_fields = 1024;          // of an op that is not built in mbufs
constexpr std::size_t most_gathered = 32;          // mbufs of a frame, so that a pool can be said to be large enough
constexpr std::size_t most_counted_channels = 64;  // that pools are made large enough for
constexpr std::size_t pool_slack = 1024;           // in the caches of both ends' threads, and in queues that free late
constexpr std::size_t least_pool = 64;

DpdkSettings settings_from(const OpenParameters& parameters, DpdkWay way, const LinkSide& link) {
  const PortTraits& traits = link.traits();
  DpdkSettings settings;
  settings.way = way;
  settings.burst = static_cast<std::size_t>(parameters.options.integer("burst"));
  settings.window_frames = static_cast<std::uint32_t>(parameters.options.integer("credits"));
  settings.payload_bytes = link.payload_bytes();
  settings.most_segments = std::min(traits.most_segments, most_gathered);
  settings.lossless = traits.lossless;
  settings.frees_late = traits.frees_late;
  settings.splits_at_pages = traits.splits_at_pages;
  settings.sent = traits.sent;
  settings.received = traits.received;
  return settings;
}

// Each field of foreign memory may take a region of the registration cache.
std::size_t most_fields_of(const OpenParameters& parameters, const DpdkSettings& settings) {
  switch (settings.way) {
    case DpdkWay::copy: break;
    case DpdkWay::mbuf: return most_fields + std::min(most_op_bytes / settings.payload_bytes, most_parts);
    case DpdkWay::extbuf: return static_cast<std::size_t>(parameters.options.integer("cache_regions"));
  }
  return most_fields;
}

Limits limits_from(const OpenParameters& parameters, const DpdkSettings& settings) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = std::min(most_op_bytes, settings.payload_bytes * most_parts);
  limits.max_segments = most_fields_of(parameters, settings);
  limits.framing = Framing::message;
  limits.receive = Receive::loaned;
  limits.reliable = settings.lossless;
  limits.whole_messages = true;
  limits.foreign_memory = settings.way != DpdkWay::mbuf;
  if (settings.way == DpdkWay::mbuf) limits.buffer_bytes = settings.payload_bytes;
  return limits;
}

Result<void> check(const OpenParameters& parameters, DpdkWay way, const PortTraits& traits) {
  const std::int64_t pool = parameters.options.integer("pool");
  if (pool != 0 && pool < static_cast<std::int64_t>(least_pool)) {
    return make_error(ErrorCode::bad_input, "open dpdk", "pool=" + std::to_string(pool),
                      "at least " + std::to_string(least_pool) + ", or 0 for as many as are needed");
  }
  return allow_way(way, parameters.link, traits.driver, traits.most_segments);
}

}  // namespace

Result<std::unique_ptr<Session>> open_dpdk(const OpenParameters& parameters, DpdkWay way) {
  return DpdkSession::open(parameters, way);
}

Result<std::unique_ptr<DpdkSession>> DpdkSession::open(const OpenParameters& parameters, DpdkWay way) {
  LinkSideShape shape;
  shape.max_connections = parameters.max_channels;
  shape.window_frames = static_cast<std::uint32_t>(parameters.options.integer("credits"));
  const MeetingHosts hosts{.two = parameters.two_hosts, .own = parameters.own, .peer = parameters.peer};
  auto link = LinkSide::open(parameters.link, parameters.role, shape, hosts);
  if (!link) return tl::make_unexpected(link.error());
  register_with_eal();
  if (auto fine = check(parameters, way, (*link)->traits()); !fine) return tl::make_unexpected(fine.error());
  const DpdkSettings settings = settings_from(parameters, way, **link);
  std::unique_ptr<DpdkSession> session(
      new DpdkSession(parameters, limits_from(parameters, settings), settings, std::move(*link)));
  if (auto made = session->make_pools(parameters); !made) return tl::make_unexpected(made.error());
  if (auto made = session->make_memory(parameters); !made) return tl::make_unexpected(made.error());
  return session;
}

DpdkSession::DpdkSession(const OpenParameters& parameters, const Limits& limits, const DpdkSettings& settings,
                         std::unique_ptr<LinkSide> link)
    : limits_(limits), pages_(parameters.pages), link_(std::move(link)), shared_(limits_, settings) {
  channels_.reserve(limits.max_channels);
  ports_.reserve(limits.max_channels);
}

// Every frame that may be on its way has its mbufs, and those that caches and queues keep back come on top.
Result<void> DpdkSession::make_pools(const OpenParameters& parameters) {
  const DpdkSettings& settings = shared_.settings;
  const auto asked = static_cast<std::size_t>(parameters.options.integer("pool"));
  const std::size_t on_the_way = settings.window_frames * std::min(limits_.max_channels, most_counted_channels);
  const std::size_t mbufs = asked != 0 ? asked : on_the_way + pool_slack;
  const auto add = [&](std::unique_ptr<MbufStash>& stash, const MbufPoolShape& shape) -> Result<void> {
    auto pool = MbufPool::make(shape, link_->dma_port());
    if (!pool) return tl::make_unexpected(pool.error());
    keep(*pool);
    stash = std::make_unique<MbufStash>(std::move(*pool));
    return {};
  };
  MbufPoolShape headers{.mbufs = pool_slack, .data_bytes = all_header_bytes};
  if (settings.way != DpdkWay::copy) headers.mbufs = mbufs;
  if (auto made = add(shared_.headers, headers); !made) return made;
  if (settings.way == DpdkWay::copy) {
    return add(shared_.frames, {.mbufs = mbufs, .data_bytes = settings.payload_bytes});
  }
  if (settings.way == DpdkWay::extbuf) {
    return add(shared_.frames, {.mbufs = 2 * mbufs, .data_bytes = 0, .headroom_bytes = 0});
  }
  return {};
}

Result<void> DpdkSession::make_memory(const OpenParameters& parameters) {
  const DpdkSettings& settings = shared_.settings;
  if (settings.way == DpdkWay::mbuf) shared_.arenas = std::make_unique<MbufArenas>(limits_.buffer_bytes);
  if (settings.way != DpdkWay::extbuf) return {};
  auto memory = ExternalMemory::open(registration_settings(parameters.options), link_->dma_port(),
                                     limits_.max_channels * limits_.depth);
  if (!memory) return tl::make_unexpected(memory.error());
  shared_.memory = std::move(*memory);
  return {};
}

}  // namespace xover
