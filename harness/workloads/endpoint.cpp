// Opening a session for a point, taking its completions, and saying what went wrong with it.
#include "harness/workloads/endpoint.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "harness/experiment/variants_at.h"

namespace xover {

namespace {

constexpr std::int64_t nap_ns = 40'000'000;
constexpr double nap_renewal_seconds = 0.01;

constexpr Failure closed_early{ErrorCode::peer_died, 0, "the peer closed in the middle of a phase"};

tl::unexpected<Error> refused(std::string context, std::string remedy = {}) {
  return make_error(ErrorCode::unsupported, "open session", std::move(context), std::move(remedy));
}

std::string_view name_of(Touch touch) { return touch == Touch::verify ? "verify" : "read"; }

bool answers_come_back(Workload workload) { return workload == Workload::pingpong || workload == Workload::file; }

// What follows from an arena of buffers, each of which is lent to one op at a time.
Result<void> check_buffers(const Point& point, const std::string& id, const Limits& limits) {
  if (limits.buffer_bytes == 0) return {};
  if (point.alignment_bytes != 0)
    return refused(fmt::format("alignment {}: {} sends from buffers of {} bytes, and each field begins where its first "
                               "buffer does",
                               point.alignment_bytes, id, limits.buffer_bytes),
                   "use --alignment 0, the natural one");
  if (point.workload == Workload::fanout)
    return refused(fmt::format("workload fanout: {} sends from buffers that only one receiver can have at a time, and "
                               "here all get the same message",
                               id),
                   "use a transport that lends memory or copies it, or --workload stream");
  return {};
}

// What the session, once it is open, turns out not to do.
Result<void> check_limits(const SampleSpec& spec, const Session& session) {
  const Point& point = spec.point;
  const std::string& id = spec.variant.id;
  const Limits& limits = session.limits();
  const bool datagrams = carry_sequence(limits);
  if (limits.receive == Receive::discarded && point.touch != Touch::none)
    return refused(fmt::format("touch {}: {} throws received bytes away unseen, so nobody can read them",
                               name_of(point.touch), id),
                   "use --touch none, or a receiver that takes the bytes");
  if (limits.receive == Receive::discarded && point.workload == Workload::file)
    return refused(fmt::format("workload file: {} throws received bytes away unseen, the requests too", id),
                   "use --workload stream, or a receiver that takes the bytes");
  if (point.workload != Workload::file && point.size_bytes > limits.max_op_bytes)
    return refused(fmt::format("{} sends at most {} bytes in one message", id, limits.max_op_bytes),
                   "use a smaller --size");
  if (const std::size_t segments = MessagePool::segments_for(point, limits);
      point.workload != Workload::file && segments > limits.max_segments) {
    if (limits.buffer_bytes == 0)
      return refused(fmt::format("{} takes at most {} fields", id, limits.max_segments), "use fewer --fields");
    return refused(fmt::format("{} sends at most {} buffers of {} bytes in one message, and {} are needed", id,
                               limits.max_segments, limits.buffer_bytes, segments),
                   "use a smaller --size or fewer --fields");
  }
  if (point.memory == Memory::foreign && !limits.foreign_memory)
    return refused(fmt::format("memory foreign: {} sends from memory of its own alone", id), "use --memory arena");
  if (auto possible = check_buffers(point, id, limits); !possible) return possible;
  if (datagrams && point.size_bytes < sequence_bytes)
    return refused(fmt::format("datagrams of {} bytes; each carries a sequence number of {} bytes", point.size_bytes,
                               sequence_bytes),
                   "use a larger --size");
  if (answers_come_back(point.workload) && limits.receive == Receive::none)
    return refused(fmt::format("{} receives nothing, so no answer comes back", id), "use --workload stream");
  return {};
}

// In the session's own words, where it has some.
std::string why_no_waiter(const SampleSpec& spec, const Session& session) {
  for (const Fact& fact : session.facts())
    if (fact.name == "wait") return fmt::format("{} cannot block: {}", spec.variant.id, fact.value);
  return fmt::format("{} cannot block", spec.variant.id);
}

OpenParameters parameters_of(const SampleSpec& spec, Role role, Endpoint::Size size) {
  const bool sender = role == Role::sender;
  OpenParameters parameters;
  parameters.link = spec.variant.link;
  parameters.role = sender ? LinkRole::sender : LinkRole::receiver;
  parameters.own = sender ? spec.sender_address : spec.receiver_address;
  parameters.peer = sender ? spec.receiver_address : spec.sender_address;
  parameters.two_hosts = spec.two_hosts;
  if (sender && size.connection < spec.sender_ports.size()) parameters.own_port = spec.sender_ports[size.connection];
  parameters.has_receiver = spec.has_receiver;
  parameters.device_gathers = spec.device_gathers;
  parameters.max_channels = size.channels;
  parameters.depth = size.depth;
  parameters.pages = spec.point.pages;
  return parameters;
}

}  // namespace

Result<Endpoint> Endpoint::open(const SampleSpec& spec, Role role, Size size) {
  const Descriptor* transport = find_transport(spec.variant.id);
  if (transport == nullptr)
    return make_error(ErrorCode::bad_input, "open session", spec.variant.id, "`xover list` shows what there is");
  auto options = options_at(spec.variant, spec.point);
  if (!options) return tl::make_unexpected(options.error());

  OpenParameters parameters = parameters_of(spec, role, size);
  parameters.options = std::move(*options);
  auto session = transport->open(parameters);
  if (!session) return tl::make_unexpected(session.error());
  if (auto possible = check_limits(spec, **session); !possible) return tl::make_unexpected(possible.error());

  Endpoint endpoint;
  endpoint.session_ = std::move(*session);
  endpoint.channels_asked_ = size.channels;
  if (endpoint.limits().max_channels < size.channels)
    return refused(
        fmt::format("{} has at most {} connections in one session", spec.variant.id, endpoint.limits().max_channels),
        "use fewer --connections");
  if (spec.point.wait == Wait::block) {
    endpoint.waiter_ = endpoint.session_->waiter();
    if (endpoint.waiter_ == nullptr && endpoint.limits().receive != Receive::none)
      return refused(why_no_waiter(spec, *endpoint.session_), "use --wait spin");
  }
  return endpoint;
}

Result<void> Endpoint::adopt(Result<Channel*> channel) {
  if (!channel) return tl::make_unexpected(channel.error());
  channels_.push_back(*channel);
  return {};
}

void Endpoint::begin_phase() {
  refusal_ = {};
  now_ = ticks_now();
  ticks_between_renewals_ = static_cast<Ticks>(ticks_per_second() * nap_renewal_seconds);
  renew_nap_deadline();
  booked_before_ = Ledger();
  for (const Channel* channel : channels_) booked_before_ += channel->ledger();
  counters_before_ = session_->counters();
}

Ledger Endpoint::booked() const {
  Ledger ledger;
  for (const Channel* channel : channels_) ledger += channel->ledger();
  ledger -= booked_before_;
  return ledger;
}

void Endpoint::add_counters_to(SideReport& report) const {
  for (const Counter& counter : session_->counters()) {
    const auto before = std::find_if(counters_before_.begin(), counters_before_.end(),
                                     [&](const Counter& other) { return other.name == counter.name; });
    const bool count = !is_level(counter.name) && before != counters_before_.end();
    const std::uint64_t value = counter.value - (count ? before->value : 0);
    report.counters[std::string(counter.name)] += value;
  }
  for (const Fact& fact : session_->facts()) report.facts[fact.name] = fact.value;
}

// Reading the exact clock for each nap would cost a ping-pong more than the rest of its loop, so a deadline serves
// many.
std::span<Completion> Endpoint::take() noexcept {
  if (now_ - nap_renewed_at_ > ticks_between_renewals_) renew_nap_deadline();
  return take_until(nap_deadline_ns_);
}

void Endpoint::renew_nap_deadline() noexcept {
  nap_renewed_at_ = now_;
  nap_deadline_ns_ = monotonic_now_ns() + nap_ns;
}

std::span<Completion> Endpoint::take_until(MonotonicNs deadline) noexcept {
  if (waiter_ != nullptr) waiter_->wait(deadline);
  const std::size_t count = session_->reap(completions_);
  if (needs_time(count)) now_ = ticks_now();
  return {completions_.data(), count};
}

// Reading the counter costs a spinning receiver a tenth of its turn, so empty turns share a reading, and a release has
// none of its own unless releases are timed. After a nap it is always read.
bool Endpoint::needs_time(std::size_t completions) noexcept {
  constexpr std::uint32_t turns_that_share = 16;
  if (times_releases) return true;
  if (completions == 0) return waiter_ != nullptr || ++turns_without_time_ % turns_that_share == 0;
  for (std::size_t i = 0; i < completions; ++i)
    if (completions_[i].moments.has(Moment::received)) return true;
  return false;
}

void Endpoint::fail(const Failure& failure, std::uint32_t channel) noexcept {
  if (failure_) return;
  failure_ = failure;
  failed_channel_ = channel;
}

void Endpoint::note_closed(const Completion& completion) noexcept {
  closed_ = true;
  fail(completion.failure ? completion.failure : closed_early, completion.channel);
}

Error Endpoint::error(std::string context) const {
  if (channels_asked_ > 1) {
    const std::string which = fmt::format("receiver {} of {}", failed_channel_ + 1, channels_asked_);
    context = context.empty() ? which : fmt::format("{}, {}", which, context);
  }
  return to_error(failure_, std::move(context));
}

Result<void> Endpoint::unless_all_refused() const {
  if (!refusal_) return {};
  const bool too_long = refusal_.errno_value == EMSGSIZE;
  return tl::make_unexpected(to_error(
      refusal_, "every datagram of the phase was refused",
      too_long ? "use a smaller --size, fewer --fields (17 pieces of pages fit one), or a gso that fits the link's mtu"
               : ""));
}

void Endpoint::abort() noexcept {
  for (Channel* channel : channels_) channel->abort();
}

}  // namespace xover
