// Events to the machine, actions to the executor, completions to the caller.
#include "transports/sdp/sdp_channel.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "transports/sdp/hello.h"

namespace xover {

namespace {

sdp::Way protocol_way(SdpWay way) {
  switch (way) {
    case SdpWay::bcopy: return sdp::Way::bcopy;
    case SdpWay::write_zcopy: return sdp::Way::write_zcopy;
    case SdpWay::read_zcopy:
    case SdpWay::automatic: break;
  }
  return sdp::Way::read_zcopy;
}

}  // namespace

SdpChannel::SdpChannel(SdpShared& shared, std::uint32_t index)
    : shared_(shared),
      index_(index),
      executor_(shared, ledger_),
      completions_(2 * shared.limits.depth + shared.limits.max_offered) {}

SdpChannel::~SdpChannel() { executor_.end(machine_ && machine_->finished()); }

// --- control plane

Result<Hello> SdpChannel::prepare(QueuePair& queue_pair, const Hello& peer_hello) {
  if (auto made = executor_.allocate(); !made) return tl::make_unexpected(std::move(made.error()));
  if (!peer_hello.empty()) {  // this end accepts
    if (auto met = meet(peer_hello); !met) return tl::make_unexpected(std::move(met.error()));
  }
  if (auto posted = executor_.post_receives(queue_pair); !posted) return tl::make_unexpected(std::move(posted.error()));
  return sdp::hello_of(own_end());
}

Result<void> SdpChannel::start(std::unique_ptr<QueuePair> queue_pair, const Hello& peer_hello) {
  auto met = meet(peer_hello);
  if (!met) {
    queue_pair->fail();
    return met;
  }
  executor_.start(std::move(queue_pair), *machine_);
  return {};
}

sdp::End SdpChannel::own_end() const noexcept {
  const SdpSettings& settings = shared_.settings;
  return {.max_adverts = static_cast<std::uint16_t>(settings.adverts),
          .receives = static_cast<std::uint16_t>(settings.receives),
          .receive_bytes = static_cast<std::uint32_t>(settings.message_bytes())};
}

Result<void> SdpChannel::meet(const Hello& peer_hello) {
  auto peer = sdp::end_of(peer_hello);
  if (!peer) return tl::make_unexpected(std::move(peer.error()));
  const SdpSettings& own = shared_.settings;
  const FabricLimits& fabric = shared_.fabric.limits();
  sdp::Settings settings{.way = protocol_way(own.way), .own = own_end(), .peer = *peer};
  settings.depth = static_cast<std::uint16_t>(shared_.limits.depth);
  settings.max_offered = static_cast<std::uint16_t>(shared_.limits.max_offered);
  settings.stages = static_cast<std::uint16_t>(own.stages);
  settings.max_reads = static_cast<std::uint16_t>(std::min(own.adverts, fabric.max_reads));
  settings.max_writes = static_cast<std::uint16_t>(own.adverts);
  settings.source_threshold_bytes = own.threshold_bytes;
  settings.sink_threshold_bytes = own.sink_threshold_bytes;
  settings.chunk_bytes = static_cast<std::uint32_t>(std::min(own.chunk_bytes, fabric.max_message_bytes));
  settings.copy_bytes = static_cast<std::uint32_t>(own.stage_bytes);
  settings.read_stage_bytes = static_cast<std::uint32_t>(own.stage_bytes);
  settings.delayed_registration = own.delayed_registration;
  machine_ = std::make_unique<sdp::Machine>(settings);
  if (own.way == SdpWay::automatic) {
    learner_.emplace(own.threshold_bytes, !own.learns);
    if (own.learns) costs_.emplace(shared_.limits.depth);
  }
  return {};
}

// --- sending

Submitted SdpChannel::submit(std::span<const SendOp> ops) noexcept {
  std::size_t accepted = 0;
  Stop stop = Stop::none;
  for (; accepted < ops.size(); ++accepted) {
    const SendOp& op = ops[accepted];
    assert(op.segments.size() <= shared_.limits.max_segments);
    if (shut_ || machine_->failed()) {
      if (shut_) refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
      stop = Stop::failed;
      break;
    }
    if (lent_ops_ == shared_.limits.depth) {
      ++shared_.counters.depth_stalls;
      stop = Stop::busy;
      break;
    }
    if (learner_) choose_path(op);
    const bool taken = machine_->submit(op.token, op.segments);
    assert(taken);
    static_cast<void>(taken);
    ++lent_ops_;
  }
  if (accepted != 0) {
    events_ = true;
    run();
  }
  return {accepted, stop};
}

void SdpChannel::choose_path(const SendOp& op) noexcept {
  const std::uint64_t bytes = total_bytes(op.segments);
  if (bytes == 0) {
    if (costs_) costs_->submitted(op.token, false, 0);
    return;
  }
  const ThresholdLearner::Choice choice = learner_->choose(bytes);
  machine_->set_threshold(choice.path == SdpPath::zero_copy ? 0 : UINT64_MAX, shared_.settings.sink_threshold_bytes);
  if (costs_) costs_->submitted(op.token, choice.teaches, shared_.fabric.now());
}

bool SdpChannel::cancel(Token token) noexcept {
  const bool taken_back = machine_->cancel(token);
  events_ = true;
  run();
  return taken_back;
}

void SdpChannel::shutdown_send() noexcept {
  if (std::exchange(shut_, true)) return;
  executor_.signal_all_messages();
  machine_->shutdown();
  events_ = true;
  run();
}

// An end of the peer that nobody has seen yet is not seen any more.
void SdpChannel::abort() noexcept {
  machine_->abort();
  if (closed_seen_ && !closed_reported_ && !closed_failure_) closed_failure_ = {ErrorCode::aborted, 0, "abort"};
  events_ = true;
  run();
}

// --- receiving

std::size_t SdpChannel::offer(std::span<const RxBuffer> buffers) noexcept {
  std::size_t taken = 0;
  for (; taken < buffers.size() && lent_buffers_ < shared_.limits.max_offered; ++taken, ++lent_buffers_) {
    const RxBuffer& buffer = buffers[taken];
    if (closed_seen_ || !machine_->offer(buffer.token, buffer.data, buffer.size_bytes)) break;
  }
  events_ |= taken != 0;
  return taken;
}

// --- progress

void SdpChannel::take(const WorkResult& result) noexcept {
  executor_.take(result);
  events_ = true;
}

void SdpChannel::progress() noexcept {
  if (machine_->next_deadline() != INT64_MAX) look_at_time();
  if (events_) run();
}

// A wait that has just begun wants to know the time at once; one that goes on can be looked at now and then.
void SdpChannel::look_at_time() noexcept {
  const bool begins = machine_->next_deadline() == 0;
  if (!begins && ++turns_ < turns_between_looks && !shared_.fabric.limits().virtual_time) return;
  turns_ = 0;
  machine_->tick(shared_.fabric.now());
  events_ = true;
}

void SdpChannel::run() noexcept {
  events_ = false;
  for (bool more = true; more;) {
    actions_.clear();
    more = machine_->pump(actions_);
    for (const sdp::Action& action : actions_) {
      std::visit([this](const auto& one) { execute(one); }, action);
    }
    more |= executor_.told_machine();
  }
}

void SdpChannel::execute(const sdp::CompleteSend& action) noexcept {
  const Handover handover = shared_.fabric.limits().handover;
  Completion completion{.channel = index_, .moments = action.moments, .evidence = handover, .token = action.token};
  if (action.moments.has(Moment::released)) {
    ledger_.complete(handover, action.bytes);
    completion.bytes = action.bytes;
    completion.failure = action.failure;
    if (costs_) {
      costs_->done(*learner_, action.token, action.bytes, action.copied_bytes, !action.failure, shared_.fabric.now());
    }
  }
  completions_.push(std::move(completion));
}

void SdpChannel::execute(const sdp::CompleteReceive& action) noexcept {
  const Handover handover = shared_.fabric.limits().handover;
  ledger_.complete(handover, action.bytes);
  Completion completion{.channel = index_,
                        .moments = Moment::received,
                        .evidence = handover,
                        .token = action.token,
                        .bytes = action.bytes};
  if (action.bytes == 0) completion.failure = machine_->failure();
  completions_.push(std::move(completion));
}

void SdpChannel::execute(const sdp::Closed& action) noexcept {
  closed_seen_ = true;
  closed_failure_ = action.failure;
  peer_ended_ = !action.failure;
}

// --- completions

// Behind all buffers; and one that reports a failure behind all ops as well.
bool SdpChannel::closed_is_due() const noexcept {
  if (!closed_seen_ || closed_reported_ || lent_buffers_ != 0) return false;
  return !closed_failure_ || lent_ops_ == 0;
}

std::size_t SdpChannel::reap(std::span<Completion> out) noexcept {
  std::size_t count = 0;
  for (; count < out.size() && !completions_.empty(); ++count) {
    out[count] = std::move(completions_.front());
    completions_.pop();
    if (out[count].moments.has(Moment::released)) --lent_ops_;
    if (out[count].moments.has(Moment::received)) --lent_buffers_;
  }
  if (count < out.size() && closed_is_due()) {
    closed_reported_ = true;
    out[count++] = {.channel = index_, .moments = Moment::closed, .failure = closed_failure_};
  }
  return count;
}

bool SdpChannel::ready() const noexcept { return !completions_.empty() || closed_is_due() || events_; }

}  // namespace xover
