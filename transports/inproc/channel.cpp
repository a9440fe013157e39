// Endings. In order: shutdown_send announces the end behind the last slot, and everything before it is still delivered.
// At once (abort, a failed peer, the session's end): the ending is a reset, the other side is told that nobody
// receives, and what the peer has not begun to copy is taken back.
#include "transports/inproc/channel.h"

#include <sched.h>

#include <cassert>

namespace xover {

InprocChannel::InprocChannel(std::uint32_t index, std::shared_ptr<Connection> connection, InprocRole role,
                             const Limits& limits, Faults& faults)
    : index_(index),
      connection_(std::move(connection)),
      out_(role == InprocRole::connector ? connection_->to_acceptor : connection_->to_connector),
      in_(role == InprocRole::connector ? connection_->to_connector : connection_->to_acceptor),
      peer_(role == InprocRole::connector ? *connection_->acceptor_wakeup : *connection_->connector_wakeup),
      limits_(limits),
      faults_(faults),
      outbound_(index, out_, ledger_),
      inbound_(index, in_, ledger_, limits.max_offered) {}

InprocChannel::~InprocChannel() {
  const Failure gone{ErrorCode::aborted, 0, "session closed"};
  if (!send_ended_ || !outbound_.delivered()) fail(gone);
  inbound_.stop(gone);
  peer_.notify();
  // The caller may free its memory when this returns, so the peer must not be reading it.
  while (!outbound_.withdraw_all(gone)) ::sched_yield();
}

Submitted InprocChannel::submit(std::span<const SendOp> ops) noexcept {
  std::size_t accepted = 0;
  Stop stop = Stop::none;
  while (accepted < ops.size() && (stop = obstacle()) == Stop::none) publish(ops[accepted++], nullptr);
  if (accepted != 0) peer_.notify();
  return {accepted, stop};
}

Stop InprocChannel::obstacle() noexcept {
  notice_dead_peer();
  if (failure_) return Stop::failed;
  if (outbound_.full()) return Stop::busy;
  injected_busy_ = faults_.refuses_next();
  return injected_busy_ ? Stop::busy : Stop::none;
}

void InprocChannel::publish(const SendOp& op, SharedOp* shared) noexcept {
  assert(op.segments.size() <= limits_.max_segments);
  const Faults::Fate fate = faults_.accepted();
  outbound_.publish(op, shared, fate);
  if (fate.peer_dies) die_with_peer();
}

void InprocChannel::publish_shared(const SendOp& op, SharedOp& shared) noexcept {
  publish(op, &shared);
  peer_.notify();
}

std::size_t InprocChannel::offer(std::span<const RxBuffer> buffers) noexcept { return inbound_.offer(buffers); }

void InprocChannel::shutdown_send() noexcept {
  if (failure_) return;
  failure_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
  send_ended_ = true;
  out_.ending.store(WireEnding::in_order, std::memory_order_release);
  peer_.notify();
}

void InprocChannel::abort() noexcept {
  if (dead_) return;
  const Failure aborted{ErrorCode::aborted, 0, "abort"};
  fail(aborted);
  inbound_.stop(aborted);
  peer_.notify();
}

bool InprocChannel::cancel(Token token) noexcept {
  const bool withdrawn = outbound_.withdraw(token);
  if (withdrawn) peer_.notify();  // its slot is of use again once the peer has passed it
  return withdrawn;
}

void InprocChannel::fail(const Failure& why) noexcept {
  if (dead_) return;
  dead_ = true;
  failure_ = why;
  out_.ending.store(WireEnding::reset, std::memory_order_release);
  outbound_.receiver_is_gone();
  withdrawing_ = !outbound_.withdraw_all(why);
}

// What the other side would have done had its process been killed, done in its place.
void InprocChannel::die_with_peer() noexcept {
  out_.ending.store(WireEnding::reset, std::memory_order_release);
  out_.receiver_gone.store(true, std::memory_order_release);
  in_.ending.store(WireEnding::reset, std::memory_order_release);
  in_.receiver_gone.store(true, std::memory_order_release);
  peer_.notify();
}

// A peer that goes away behind the end of a direction has missed nothing of it.
void InprocChannel::notice_dead_peer() noexcept {
  if (dead_ || !out_.receiver_gone.load(std::memory_order_acquire)) return;
  if (!send_ended_ || !outbound_.delivered()) fail({ErrorCode::peer_died, 0, "send"});
}

void InprocChannel::progress() noexcept {
  notice_dead_peer();
  if (withdrawing_) withdrawing_ = !outbound_.withdraw_all(failure_);
  if (inbound_.fill()) peer_.notify();
}

std::size_t InprocChannel::reap(std::span<Completion> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && outbound_.next_completion(out[count])) ++count;
  // A `closed` that reports a failure is the last word on the channel.
  inbound_.allow_failed_close(outbound_.idle());
  while (count < out.size() && inbound_.next_completion(out[count])) ++count;
  return count;
}

bool InprocChannel::has_completion() const noexcept {
  const bool peer_news = !dead_ && out_.receiver_gone.load(std::memory_order_acquire) && !outbound_.idle();
  return withdrawing_ || peer_news || outbound_.has_completion() || inbound_.has_completion();
}

}  // namespace xover
