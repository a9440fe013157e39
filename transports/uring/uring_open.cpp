// What is asked before a ring is made, what the ring is made for, and what the session then promises.
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "transports/common/registration/registration_options.h"
#include "transports/common/socket_links.h"
#include "transports/uring/uring_availability.h"
#include "transports/uring/uring_path.h"
#include "transports/uring/uring_session.h"
#include "transports/uring/uring_trials.h"

namespace xover {

namespace {

constexpr std::size_t max_stream_op_bytes = std::size_t{64} << 20;
constexpr std::size_t max_gathered = 1024;      // IOV_MAX
constexpr std::size_t max_gathered_fixed = 64;  // each is looked up when it is submitted
constexpr unsigned least_entries = 16, most_sq_entries = 4096, most_cq_entries = 65536;

// Of the process, not of this thread, which may be pinned.
std::size_t allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(getpid(), sizeof set, &set) == 0 ? static_cast<std::size_t>(CPU_COUNT(&set)) : 1;
}

// The options of the UDP sockets: those of this table, but for the buffers' defaults, which are the larger ones of UDP.
Result<Options> udp_socket_options(const Options& options) {
  OptionText text;
  for (const char* name : {"send_buffer", "receive_buffer", "gso"}) {
    if (options.size_bytes(name) != 0) text[name] = std::to_string(options.size_bytes(name));
  }
  text["ip"] = options.choice("ip");
  text["gro"] = options.boolean("gro") ? "on" : "off";
  return Options::resolve("uring", udp_options, text);
}

UringSettings settings_from(const OpenParameters& parameters, UringPath path) {
  const Options& options = parameters.options;
  UringSettings settings;
  settings.path = path;
  settings.datagrams = options.choice("protocol") == "udp";
  settings.multishot = parameters.has_receiver && options.choice("receive") == "multishot";
  settings.device_gathers = parameters.device_gathers;
  settings.report_usage = asks_for_zero_copy(path) && options.boolean("report_usage");
  settings.gathers_fixed = from_registered_memory(path) && gathers_from_registered_memory(path);
  settings.ops_per_enter = static_cast<unsigned>(options.integer("ops_per_enter"));
  return settings;
}

// One socket buffer holds 17 pieces of pages (MAX_SKB_FRAGS), and those of registered memory are not joined: the
// largest datagram has that many pages wherever it begins, so more fields could not always go.
bool gathers_datagrams(const UringSettings& settings) {
  if (settings.path == UringPath::send_zc_fixed) return false;
  return settings.path != UringPath::write_fixed || settings.gathers_fixed;
}

Limits limits_from(const OpenParameters& parameters, const UringSettings& settings, std::size_t datagram_bytes) {
  const bool fixed = from_registered_memory(settings.path);
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = settings.datagrams ? datagram_bytes : max_stream_op_bytes;
  limits.max_segments = fixed ? max_gathered_fixed : max_gathered;
  if (settings.datagrams && !gathers_datagrams(settings)) limits.max_segments = 1;
  limits.framing = settings.datagrams ? Framing::message : Framing::stream;
  if (parameters.has_receiver) limits.receive = settings.multishot ? Receive::loaned : Receive::offered;
  if (limits.receive == Receive::offered) limits.max_offered = std::max<std::size_t>(parameters.depth, 64);
  limits.reliable = !settings.datagrams;
  limits.whole_messages =
      settings.datagrams && parameters.options.size_bytes("gso") == 0 && !parameters.options.boolean("gro");
  limits.foreign_memory = true;
  return limits;
}

// Room for everything that the channels may have in flight, within bounds.
UringRing::Settings ring_settings(const OpenParameters& parameters, const UringSettings& settings,
                                  std::size_t provided) {
  const std::size_t sends = std::min<std::size_t>(parameters.depth, settings.ops_per_enter);
  const std::size_t submissions = parameters.max_channels * (sends + UringReceiving::max_chain + 2);
  const std::size_t completions =
      parameters.max_channels * (4 * parameters.depth + UringReceiving::max_chain + 2) + provided;
  UringRing::Settings ring;
  ring.sq_entries =
      std::bit_ceil(static_cast<unsigned>(std::clamp<std::size_t>(submissions, least_entries, most_sq_entries)));
  const std::int64_t wanted = parameters.options.integer("cq_entries");
  ring.cq_entries = wanted != 0 ? static_cast<unsigned>(wanted)
                                : std::bit_ceil(static_cast<unsigned>(std::clamp<std::size_t>(
                                      completions, std::size_t{2} * ring.sq_entries, most_cq_entries)));
  // The kernel wants a completion queue of the submission queue's size at least.
  if (wanted != 0) ring.sq_entries = std::min(ring.sq_entries, std::bit_floor(ring.cq_entries));
  ring.sqpoll = parameters.options.boolean("sqpoll");
  return ring;
}

struct Needed {
  int opcode;
  const char* name;
};

Availability opcodes_there(const UringRing& ring, UringPath path) {
  std::vector<Needed> needed{{IORING_OP_SEND, "IORING_OP_SEND"},
                             {IORING_OP_RECV, "IORING_OP_RECV"},
                             {IORING_OP_SENDMSG, "IORING_OP_SENDMSG"},
                             {IORING_OP_ASYNC_CANCEL, "IORING_OP_ASYNC_CANCEL"}};
  if (path == UringPath::write_fixed) needed.push_back({IORING_OP_WRITE_FIXED, "IORING_OP_WRITE_FIXED"});
  if (asks_for_zero_copy(path)) {
    needed.push_back({IORING_OP_SEND_ZC, "IORING_OP_SEND_ZC"});
    needed.push_back({IORING_OP_SENDMSG_ZC, "IORING_OP_SENDMSG_ZC"});
  }
  for (const Needed& opcode : needed) {
    if (!ring.has_opcode(opcode.opcode)) return uring_opcode_missing(opcode.name, "Linux 6.1 or newer");
  }
  return {};
}

}  // namespace

Availability probe_uring(UringPath path) {
  const auto ring = UringRing::create({});
  if (ring) return opcodes_there(**ring, path);
  const Error& error = ring.error();
  const Status status = error.code == ErrorCode::unsupported ? Status::kernel_too_old : Status::not_permitted;
  return {status, error.errno_value == 0 ? error.context : error.message(), error.remedy};
}

Result<std::unique_ptr<Session>> open_uring(const OpenParameters& parameters, UringPath path) {
  return UringSession::open(parameters, path);
}

Result<std::unique_ptr<UringSession>> UringSession::open(const OpenParameters& parameters, UringPath path) {
  const Options& options = parameters.options;
  if (auto done = check_uring_options(options); !done) return tl::make_unexpected(done.error());
  if (options.boolean("sqpoll")) {
    if (auto done = allow_sqpoll(allowed_cpus()); !done) return tl::make_unexpected(done.error());
  }
  const auto udp_options_here = udp_socket_options(options);
  if (!udp_options_here) return tl::make_unexpected(udp_options_here.error());
  const UringSettings settings = settings_from(parameters, path);
  if (!settings.datagrams) {
    if (auto there = require_receiver(parameters, "uring"); !there) return tl::make_unexpected(there.error());
  }
  const std::size_t provided = settings.multishot ? static_cast<std::size_t>(options.integer("provided_buffers")) : 0;
  auto ring = UringRing::create(ring_settings(parameters, settings, std::bit_ceil(provided)));
  if (!ring) return tl::make_unexpected(ring.error());
  if (const auto there = opcodes_there(**ring, path); !there.usable()) {
    return tl::make_unexpected(error_of(there, "open"));
  }
  const Limits limits = limits_from(parameters, settings, largest_datagram_bytes(*udp_options_here));
  std::unique_ptr<UringSession> session(new UringSession(limits, settings, std::move(*ring), parameters));
  if (settings.datagrams) {
    session->udp_.emplace(*udp_options_here, parameters, false);
  } else {
    session->tcp_.emplace(options, parameters);
  }
  if (auto done = session->prepare(parameters); !done) return tl::make_unexpected(done.error());
  return session;
}

UringSession::UringSession(const Limits& limits, const UringSettings& settings, std::unique_ptr<UringRing> ring,
                           const OpenParameters& parameters)
    : limits_(limits),
      pages_(parameters.pages),
      ring_(std::move(ring)),
      shared_(limits_, settings, *ring_,
              settings.multishot
                  ? 2 * std::bit_ceil(static_cast<std::size_t>(parameters.options.integer("provided_buffers")))
                  : 0,
              parameters.options.integer("slowdown_percent")) {
  channels_.reserve(limits.max_channels);
}

Result<void> UringSession::prepare(const OpenParameters& parameters) {
  const Options& options = parameters.options;
  if (auto done = udp_ ? udp_->try_out() : tcp_->try_out(); !done) return done;
  if (auto done = ring_->make_file_table(static_cast<unsigned>(limits_.max_channels)); !done) return done;
  if (shared_.settings.multishot) {
    auto buffers = ProvidedBuffers::open(*ring_, static_cast<unsigned>(options.integer("provided_buffers")),
                                         options.size_bytes("provided_buffer_bytes"));
    if (!buffers) return tl::make_unexpected(buffers.error());
    provided_ = std::move(*buffers);
    shared_.provided = provided_.get();
  }
  if (from_registered_memory(shared_.settings.path)) {
    auto buffers = FixedBuffers::open(*ring_, registration_settings(options));
    if (!buffers) return tl::make_unexpected(buffers.error());
    fixed_ = std::move(*buffers);
    shared_.fixed = fixed_.get();
  }
  return {};
}

}  // namespace xover
