// What a session is made for, and what it then promises.
#include <algorithm>
#include <utility>

#include "transports/common/registration/registration_options.h"
#include "transports/rdma/rdma_session.h"
#include "transports/rdma/ring_space.h"

namespace xover {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t wished_inline_pieces = 4;  // of a descriptor that goes without a stage

constexpr std::size_t rounded_up(std::size_t size_bytes, std::size_t to) { return (size_bytes + to - 1) / to * to; }

// As far as the options alone say it.
RdmaSettings settings_from(const OpenParameters& parameters, RdmaWay way) {
  const Options& options = parameters.options;
  RdmaSettings settings;
  settings.way = way;
  settings.window = static_cast<std::uint32_t>(options.integer("window"));
  settings.pages = parameters.pages;
  settings.max_segments = static_cast<std::size_t>(options.integer("cache_regions"));
  if (way == RdmaWay::send) {
    settings.buffer_bytes = rounded_up(options.size_bytes("buffer"), RingSpace::granule_bytes);
    settings.max_op_bytes = options.size_bytes("buffer");
    // Where a post copies at once, whatever its kind, a copy that is said to be one is no gain.
    if (parameters.link.name == "verbs") settings.inline_bytes = options.size_bytes("inline");
    return settings;
  }
  settings.ring_bytes = rounded_up(options.size_bytes("ring"), page_bytes);
  settings.max_op_bytes = settings.ring_bytes / 4;
  if (way == RdmaWay::write) return settings;
  settings.reads = static_cast<std::size_t>(options.integer("reads"));
  settings.max_segments = std::min(settings.max_segments, ReadDescriptor::max_pieces);
  return settings;
}

void fit(RdmaSettings& settings, const FabricLimits& fabric) {
  settings.handover = fabric.handover;
  settings.max_op_bytes = std::min(settings.max_op_bytes, fabric.max_message_bytes);
  settings.inline_bytes = std::min(settings.inline_bytes, fabric.max_inline_bytes);
  if (settings.way != RdmaWay::read) settings.max_segments = std::min(settings.max_segments, fabric.max_pieces);
  settings.reads = std::min(settings.reads, fabric.max_reads);
}

FabricShape shape_from(const OpenParameters& parameters, const RdmaSettings& settings) {
  FabricShape shape;
  shape.max_queue_pairs = parameters.max_channels;
  shape.max_requests = std::min<std::size_t>(parameters.depth, settings.window) + most_grants(settings) + 1 +
                       settings.reads * settings.max_segments;
  shape.max_receives = posted_receives(settings);
  const bool read = settings.way == RdmaWay::read;
  shape.max_inline_bytes = read ? ReadDescriptor::size_bytes(wished_inline_pieces) : settings.inline_bytes;
  shape.sleeps = true;
  return shape;
}

Limits limits_from(const OpenParameters& parameters, const RdmaSettings& settings) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = settings.max_op_bytes;
  limits.max_segments = settings.max_segments;
  limits.framing = Framing::message;
  limits.receive = Receive::loaned;
  limits.reliable = true;
  limits.whole_messages = true;
  limits.foreign_memory = true;
  return limits;
}

}  // namespace

Result<std::unique_ptr<Session>> RdmaSession::open(const OpenParameters& parameters, RdmaWay way) {
  auto fabric = open_fabric(parameters, shape_from(parameters, settings_from(parameters, way)));
  if (!fabric) return tl::make_unexpected(std::move(fabric.error()));
  return open_over(std::move(*fabric), parameters, way);
}

Result<std::unique_ptr<Session>> RdmaSession::open_over(std::unique_ptr<Fabric> fabric,
                                                        const OpenParameters& parameters, RdmaWay way) {
  RdmaSettings settings = settings_from(parameters, way);
  fit(settings, fabric->limits());
  std::unique_ptr<RdmaSession> session(new RdmaSession(std::move(fabric), limits_from(parameters, settings), settings));
  const RemoteAccess access = way == RdmaWay::read ? RemoteAccess::read : RemoteAccess::none;
  auto memory = RegisteredMemory::open(*session->fabric_, registration_settings(parameters.options), access);
  if (!memory) return tl::make_unexpected(std::move(memory.error()));
  session->shared_.memory = std::move(*memory);
  return session;
}

}  // namespace xover
