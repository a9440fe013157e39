// What a session is made of before it has a channel: settings, limits, the fabric, the cache of registered memory.
#include <algorithm>
#include <utility>

#include "transports/common/registration/registration_options.h"
#include "transports/sdp/sdp_session.h"

namespace xover {

namespace {

constexpr std::size_t most_op_bytes = std::size_t{1} << 30;
constexpr std::size_t most_segments = 1024;
constexpr std::size_t most_depth = 4096;
constexpr std::size_t least_offered = 64;
constexpr std::size_t page_bytes = 4096;

// As many stages as the peer has buffers, if it was opened alike.
SdpSettings settings_from(const OpenParameters& parameters, SdpWay way) {
  const Options& options = parameters.options;
  SdpSettings settings;
  settings.way = way;
  settings.stage_bytes = options.size_bytes("stage");
  settings.receives = static_cast<std::size_t>(options.integer("receives"));
  settings.stages = settings.receives;
  settings.account = options.boolean("account");
  if (way == SdpWay::bcopy) return settings;
  settings.chunk_bytes = options.size_bytes("chunk") / page_bytes * page_bytes;
  settings.adverts = static_cast<std::size_t>(options.integer("adverts"));
  settings.threshold_bytes = options.size_bytes("threshold");
  settings.sink_threshold_bytes = settings.threshold_bytes;
  if (way == SdpWay::automatic) {
    settings.learns = settings.threshold_bytes == 0;
    if (settings.learns) settings.threshold_bytes = options.size_bytes("first_threshold");
    // The source decides; whatever it offers is read straight into buffers, however the application cuts them.
    settings.sink_threshold_bytes = page_bytes;
  }
  // A sink that advertises must have registered before.
  settings.delayed_registration = way != SdpWay::write_zcopy && options.boolean("delayed_registration");
  return settings;
}

Limits limits_from(const OpenParameters& parameters) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = std::min(parameters.depth, most_depth);
  limits.max_op_bytes = most_op_bytes;
  limits.max_segments = most_segments;
  limits.framing = Framing::stream;
  limits.receive = Receive::offered;
  limits.max_offered = std::max(limits.depth, least_offered);
  limits.reliable = true;
  limits.foreign_memory = true;
  return limits;
}

// All that the machine may have outstanding.
FabricShape shape_from(const OpenParameters& parameters, const SdpSettings& settings) {
  FabricShape shape;
  shape.max_queue_pairs = parameters.max_channels;
  shape.max_receives = settings.receives;
  shape.max_requests = settings.stages + 2 * settings.adverts;
  shape.max_inline_bytes = settings.message_bytes();
  shape.sleeps = true;
  return shape;
}

}  // namespace

Result<std::unique_ptr<Session>> open_sdp(const OpenParameters& parameters, SdpWay way) {
  return SdpSession::open(parameters, way);
}

Result<std::unique_ptr<SdpSession>> SdpSession::open(const OpenParameters& parameters, SdpWay way) {
  auto fabric = open_fabric(parameters, shape_from(parameters, settings_from(parameters, way)));
  if (!fabric) return tl::make_unexpected(fabric.error());
  return open_over(std::move(*fabric), parameters, way);
}

Result<std::unique_ptr<SdpSession>> SdpSession::open_over(std::unique_ptr<Fabric> fabric,
                                                          const OpenParameters& parameters, SdpWay way) {
  const SdpSettings settings = settings_from(parameters, way);
  std::unique_ptr<SdpSession> session(new SdpSession(std::move(fabric), parameters, limits_from(parameters), settings));
  if (way == SdpWay::bcopy) return session;
  auto memory = RegisteredMemory::open(*session->fabric_, registration_settings(parameters.options),
                                       RemoteAccess::read_and_write);
  if (!memory) return tl::make_unexpected(memory.error());
  session->shared_.memory = std::move(*memory);
  return session;
}

SdpSession::SdpSession(std::unique_ptr<Fabric> fabric, const OpenParameters& parameters, const Limits& limits,
                       const SdpSettings& settings)
    : limits_(limits), pages_(parameters.pages), fabric_(std::move(fabric)), shared_(*fabric_, limits_, settings) {
  channels_.reserve(limits.max_channels);
}

}  // namespace xover
