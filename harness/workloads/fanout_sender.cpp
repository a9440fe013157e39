// The loop of a fanout's sender.
#include "harness/workloads/fanout_sender.h"

#include <algorithm>
#include <array>

#include "harness/workloads/connection_end.h"
#include "harness/workloads/waiting.h"

namespace xover {

Result<std::unique_ptr<End>> FanoutSender::open(const SampleSpec& spec) {
  auto endpoint = Endpoint::open(spec, Role::sender, {.channels = spec.point.connections, .depth = spec.point.depth});
  if (!endpoint) return tl::make_unexpected(endpoint.error());
  return std::unique_ptr<End>(new FanoutSender(spec, std::move(*endpoint)));
}

FanoutSender::FanoutSender(const SampleSpec& spec, Endpoint endpoint)
    : spec_(spec),
      endpoint_(std::move(endpoint)),
      fanout_(endpoint_.session().fanout()),
      depth_(std::min<std::size_t>(spec.point.depth, endpoint_.limits().depth)),
      next_(fanout_ != nullptr ? 1 : spec.point.connections) {
  endpoint_.times_releases = true;
}

Result<void> FanoutSender::connect(std::span<const std::string> addresses, MonotonicNs deadline) {
  for (const std::string& address : addresses)
    if (auto connected = endpoint_.connect(address, deadline); !connected) return connected;
  auto pool = MessagePool::make(endpoint_.session(), spec_.point, fanout_seed);
  if (!pool) return tl::make_unexpected(pool.error());
  pool_ = std::move(*pool);
  slots_.resize(pool_.slots());
  return {};
}

void FanoutSender::begin_phase(std::uint32_t phase) {
  phase_ = phase;
  if (endpoint_.datagrams()) begun_ += (slots_.size() - begun_ % slots_.size()) % slots_.size();
  std::fill(next_.begin(), next_.end(), begun_);
  phase_first_ = begun_;
  sent_messages_ = failed_messages_ = busy_ = 0;
  latency_.clear();
  endpoint_.begin_phase();
}

Result<void> FanoutSender::run_phase(const PhaseOrder& order, const Expectation&) {
  begin_phase(order.number);
  first_ns_ = monotonic_now_ns();
  const Ticks phase_ticks = ticks_of(order.duration_ns);
  const Ticks start = ticks_now();
  for (Ticks now = start; now - start < phase_ticks && !endpoint_.failure(); now = endpoint_.now()) {
    begin_messages(now);
    lend();
    turn();
  }
  Result<void> drained = drain();
  last_ns_ = monotonic_now_ns();
  const bool nothing_went = failed_messages_ == sent_messages_ * spec_.point.connections;
  if (drained && nothing_went) drained = endpoint_.unless_all_refused();
  if (!drained) endpoint_.abort();
  return drained;
}

Result<void> FanoutSender::drain() {
  Ticks last_progress = ticks_now();
  while (in_flight_ > 0 && !endpoint_.failure()) {
    lend();
    if (turn()) last_progress = endpoint_.now();
    if (endpoint_.ns_since(last_progress) > silence_bound_ns) endpoint_.fail(release_overdue);
  }
  if (endpoint_.failure()) return tl::make_unexpected(endpoint_.error());
  return {};
}

void FanoutSender::begin_messages(Ticks now) noexcept {
  while (in_flight_ < depth_) {
    Slot& slot = slots_[begun_ % slots_.size()];
    if (slot.held_by > 0) return;
    if (endpoint_.datagrams()) pool_.stamp(begun_, Sequence::of(phase_, begun_ - phase_first_));
    slot = {now, static_cast<std::uint32_t>(next_.size())};
    ++begun_;
    ++in_flight_;
  }
}

void FanoutSender::lend() noexcept {
  if (fanout_ != nullptr) return lend_to_all();
  for (std::uint32_t receiver = 0; receiver < next_.size(); ++receiver) lend_to(receiver);
}

void FanoutSender::lend_to_all() noexcept {
  while (next_[0] < begun_) {
    const SendOp op{next_[0], pool_.message(next_[0])};
    const Submitted submitted = fanout_->submit(op, endpoint_.channels());
    next_[0] += submitted.accepted;
    if (submitted.stop != Stop::none) return note_stop(submitted.stop, 0);
  }
}

void FanoutSender::lend_to(std::uint32_t receiver) noexcept {
  std::array<SendOp, burst> ops;
  std::uint64_t& next = next_[receiver];
  while (next < begun_) {
    const std::size_t count = std::min<std::uint64_t>(begun_ - next, burst);
    for (std::size_t i = 0; i < count; ++i) ops[i] = {next + i, pool_.message(next + i)};
    const Submitted submitted = endpoint_.channel(receiver).submit({ops.data(), count});
    next += submitted.accepted;
    if (submitted.stop != Stop::none) return note_stop(submitted.stop, receiver);
  }
}

void FanoutSender::note_stop(Stop stop, std::uint32_t receiver) noexcept {
  if (stop == Stop::busy) {
    ++busy_;
    return;
  }
  const auto dead =
      std::ranges::find_if(endpoint_.channels(), [](const Channel* channel) { return bool(channel->failure()); });
  if (dead == endpoint_.channels().end() || endpoint_.channel(receiver).failure())
    return endpoint_.fail(endpoint_.channel(receiver).failure(), receiver);
  endpoint_.fail((*dead)->failure(), static_cast<std::uint32_t>(dead - endpoint_.channels().begin()));
}

// True when something was let go.
bool FanoutSender::turn() noexcept {
  const std::span<Completion> completions = endpoint_.take();
  for (const Completion& completion : completions) {
    if (completion.moments.has(Moment::released)) take_release(completion, endpoint_.now());
    if (completion.moments.has(Moment::closed)) endpoint_.note_closed(completion);
  }
  return !completions.empty();
}

void FanoutSender::take_release(const Completion& completion, Ticks now) noexcept {
  if (completion.failure) {
    if (endpoint_.limits().reliable) return endpoint_.fail(completion.failure, failed_receiver(completion));
    ++failed_messages_;
    endpoint_.note_refusal(completion.failure);
  }
  Slot& slot = slots_[completion.token % slots_.size()];
  if (--slot.held_by > 0) return;
  --in_flight_;
  ++sent_messages_;
  latency_.record(static_cast<std::uint64_t>(ticks_to_ns(now - slot.lent_at)));
}

// An op to all is released on the first channel, whichever of them failed.
std::uint32_t FanoutSender::failed_receiver(const Completion& completion) const noexcept {
  if (fanout_ == nullptr) return completion.channel;
  const auto dead =
      std::ranges::find_if(endpoint_.channels(), [](const Channel* channel) { return bool(channel->failure()); });
  if (dead == endpoint_.channels().end()) return completion.channel;
  return static_cast<std::uint32_t>(dead - endpoint_.channels().begin());
}

void FanoutSender::add_to(SideReport& report) const {
  const std::uint64_t deliveries = sent_messages_ * spec_.point.connections - failed_messages_;
  report.messages += deliveries;
  report.bytes += deliveries * (spec_.point.size_bytes - (endpoint_.datagrams() ? sequence_bytes : 0));
  report.busy += busy_;
  report.latency.merge(latency_);
  report.cover(first_ns_, last_ns_);
  report.ledger += endpoint_.booked();
  endpoint_.add_counters_to(report);
  if (failed_messages_ > 0) report.counters["failed_messages"] += failed_messages_;
  report.facts["fanout"] = fanout_ != nullptr ? "one op for all receivers" : "one op for each receiver";
}

}  // namespace xover
