// Brings events to the half that they concern, and orders what both halves have to say: control before payload.
#include "transports/sdp/machine.h"

#include <algorithm>

#include "transports/sdp/encoder.h"

namespace xover::sdp {

namespace {

Failure broken_rule(const char* rule) { return {ErrorCode::internal, 0, rule}; }

}  // namespace

std::string_view to_string(CopyReason reason) {
  switch (reason) {
    case CopyReason::below_threshold: return "below_threshold";
    case CopyReason::scattered: return "scattered";
    case CopyReason::not_in_this_mode: return "not_in_this_mode";
    case CopyReason::too_small_for_combined: return "too_small_for_combined";
    case CopyReason::peer_waits: return "peer_waits";
    case CopyReason::unread: return "unread";
    case CopyReason::registration_refused: return "registration_refused";
    case CopyReason::send_small: return "send_small";
    case CopyReason::no_sink_advert: return "no_sink_advert";
  }
  return "unknown";
}

Machine::Machine(const Settings& settings)
    : settings_(settings), line_(settings), tickets_(tickets(settings)), source_(settings), sink_(settings) {
  assert(settings.own.receives >= least_receives && settings.peer.receives >= least_receives);
  assert(settings.own.max_adverts >= 1 && settings.peer.max_adverts >= 1);
  assert(settings.stages >= 1 && settings.combined_bytes >= 1 && settings.depth >= 1);
  assert(settings.peer.receive_bytes >= most_head_bytes + settings.combined_bytes);
}

bool Machine::submit(Token token, std::span<const Segment> segments) noexcept {
  return !shutdown_ && !failed() && source_.submit(token, segments);
}

bool Machine::offer(Token token, std::byte* data, std::size_t size_bytes) noexcept {
  return !closed_told_ && !failed() && sink_.offer(token, data, size_bytes);
}

bool Machine::cancel(Token token) noexcept {
  Context context = this->context();
  return !failed() && source_.cancel(token, context);
}

void Machine::shutdown() noexcept { shutdown_ = true; }

void Machine::abort() noexcept {
  if (!finished()) fail({ErrorCode::aborted, 0, "abort"}, !lost_);
}

void Machine::received(std::uint16_t slot, std::span<const std::byte> bytes) noexcept {
  Message message;
  const Malformed malformed = parse(bytes, message);
  if (malformed == Malformed::none) {
    received(slot, message);
  } else if (!failed()) {
    fail(broken_rule("a malformed message"), true);
  }
}

void Machine::received(std::uint16_t slot, const Message& message) noexcept {
  if (failed()) return;
  const char* rule = line_.take(message, settings_);
  if (rule == nullptr) rule = handle(slot, message);
  if (rule != nullptr) fail(broken_rule(rule), true);
}

// Null, or the rule that the message breaks.
const char* Machine::handle(std::uint16_t slot, const Message& message) noexcept {
  Context context = this->context();
  ++statistics_.received[index_of(message.kind)];
  source_.on_acknowledged(message.acknowledged);
  sink_.on_acknowledged(message.acknowledged);
  if (message.kind == Kind::data) return sink_.on_data(slot, message, context);
  if (message.kind == Kind::source_available) return sink_.on_source_available(slot, message, context);
  sink_.empty_slot(slot);
  switch (message.kind) {
    case Kind::disconnect: disconnect_received_ = true; return sink_.on_disconnect(context);
    case Kind::abort: peer_aborted_ = true; return "AbortConn";
    case Kind::send_small: return source_.on_send_small(message, context);
    case Kind::write_completed: return sink_.on_write_completed(message, context);
    case Kind::read_completed: return source_.on_read_completed(message, context);
    case Kind::change_mode:
      return message.send_half ? sink_.on_change_mode(message.mode, context) : source_.on_change_mode(message.mode);
    case Kind::cancel_source: return sink_.on_cancel_source(context);
    case Kind::cancel_sink: return source_.on_cancel_sink(context);
    case Kind::sink_cancelled: return sink_.on_sink_cancelled(context);
    case Kind::change_receive_size: receive_size_due_ = true; return nullptr;
    case Kind::receive_size_changed: return "an answer to what was not asked";
    case Kind::sink_available: return source_.on_sink_available(message, context);
    case Kind::source_available:
    case Kind::data: break;
  }
  return "an unknown message";
}

void Machine::sends_finished(std::size_t count) noexcept { line_.sent(count); }

void Machine::read_finished() noexcept {
  Context context = this->context();
  sink_.read_finished(context, failed());
}

void Machine::flushed_read() noexcept {
  Context context = this->context();
  sink_.read_finished(context, true);
}

void Machine::write_finished() noexcept {
  Context context = this->context();
  source_.write_finished(context, false);
}

void Machine::flushed_write() noexcept {
  Context context = this->context();
  source_.write_finished(context, true);
}

void Machine::registered(Ticket ticket, std::uint32_t remote_key) noexcept {
  if (!tickets_.answered(ticket, true)) return;
  source_.registered(ticket, remote_key);
  sink_.registered(ticket, remote_key);
}

void Machine::refused(Ticket ticket, const Failure&) noexcept {
  ++statistics_.refused_registrations;
  if (!tickets_.answered(ticket, false)) return;
  if (!source_.refused(ticket)) sink_.refused(ticket);
}

// After both halves have ended in order the queue pair may go; before, its end is a failure.
void Machine::lost(const Failure& failure) noexcept {
  if (lost_) return;
  lost_ = true;
  if (failed()) {
    abort_due_ = false;
  } else if (!disconnect_sent_ || !disconnect_received_) {
    fail(failure, false);
  }
}

void Machine::fail(const Failure& failure, bool queue_pair_lives) noexcept {
  if (failed()) return;
  failure_ = failure;
  if (peer_aborted_) failure_ = {ErrorCode::peer_died, 0, "AbortConn"};
  abort_due_ = queue_pair_lives;
  Context context = this->context();
  source_.forget_pieces(context);
  sink_.forget(context);
}

void Machine::tick(MonotonicNs now) noexcept {
  now_ = now;
  if (failed()) return;
  Context context = this->context();
  const char* unanswered = source_.tick(now, context);
  if (unanswered == nullptr) unanswered = sink_.tick(now, context);
  if (unanswered != nullptr) fail({ErrorCode::timed_out, 0, unanswered}, true);
}

MonotonicNs Machine::next_deadline() const noexcept {
  return failed() ? INT64_MAX : std::min(source_.next_deadline(), sink_.next_deadline());
}

void Machine::set_threshold(std::uint64_t source_bytes, std::uint64_t sink_bytes) noexcept {
  source_.set_threshold(source_bytes);
  sink_.set_threshold(sink_bytes);
}

bool Machine::change_mode(bool send_half, Mode mode) noexcept {
  return send_half ? source_.change_mode(mode) : sink_.change_mode(mode);
}

void Machine::withdraw_receives() noexcept { sink_.withdraw(); }

bool Machine::finished() const noexcept {
  return !failed() && disconnect_sent_ && disconnect_received_ && sink_.at_end() && line_.all_left();
}

bool Machine::quiet() const noexcept {
  return source_.drained() && sink_.quiet() && line_.all_left() && !tickets_.any() && !abort_due_;
}

bool Machine::pump(Actions& actions) noexcept {
  Turn turn{context(), actions};
  if (failed()) return pump_ended(turn);
  release(turn);
  if (!turn.room()) return true;
  sink_.deliver(turn);
  source_.avoid_deadlock(sink_.peer_waits());
  if (!turn.room()) return true;
  if (!lost_) {
    sink_.pump_control(turn);
    source_.pump_control(turn);
    if (!turn.room()) return true;
    if (!disconnect_sent_) source_.pump_data(turn);
    if (!turn.room()) return true;
    sink_.advertise(turn);
    if (!turn.room()) return true;
    pump_close(turn);
    pump_credits(turn);
  }
  if (sink_.at_end() && !closed_told_) {
    turn.actions.add(Closed{});
    closed_told_ = true;
  }
  if (closed_told_) sink_.return_receives(turn);
  release(turn);
  return tickets_.ended_wait() || !turn.room();
}

void Machine::pump_close(Turn& turn) noexcept {
  if (receive_size_due_ && turn.may_send_control()) {  // which stays as it is
    turn.post({.kind = Kind::receive_size_changed, .bytes = settings_.own.receive_bytes});
    receive_size_due_ = false;
  }
  if (!shutdown_ || disconnect_sent_ || !source_.drained() || !turn.may_send_control()) return;
  turn.post({.kind = Kind::disconnect});
  disconnect_sent_ = true;
  source_.end();
}

void Machine::pump_credits(Turn& turn) noexcept {
  if (disconnect_sent_ && disconnect_received_) return;
  if (!line_.news_due(settings_) || !turn.may_send_control()) return;
  turn.post({.kind = Kind::data});
  ++statistics_.credit_updates;
}

void Machine::release(Turn& turn) noexcept {
  while (tickets_.release_due() && turn.room()) turn.actions.add(Release{tickets_.next_release()});
}

bool Machine::pump_ended(Turn& turn) noexcept {
  if (!turn.room()) return true;
  if (abort_due_) {
    if (!peer_aborted_ && line_.credits() >= 1 && line_.stage_free(settings_)) turn.post({.kind = Kind::abort});
    turn.actions.add(Abort{failure_});
    abort_due_ = false;
  }
  if (!closed_told_) turn.actions.add(Closed{failure_});
  closed_told_ = true;
  release(turn);
  source_.pump_ended(failure_, turn);
  sink_.return_receives(turn);
  release(turn);
  return !turn.room();
}

void Machine::encode_state(std::vector<std::byte>& to, Names* names) const {
  Encoder encoder(to, names);
  line_.encode(encoder);
  tickets_.encode(encoder);
  source_.encode(encoder, now_, line_.last_sent());
  sink_.encode(encoder, now_, line_.last_sent());
  encoder.put(shutdown_, disconnect_sent_, disconnect_received_, closed_told_, lost_, abort_due_, peer_aborted_,
              receive_size_due_, failure_.code);
}

bool Machine::operator==(const Machine& other) const {
  return settings_ == other.settings_ && line_ == other.line_ && tickets_ == other.tickets_ &&
         source_ == other.source_ && sink_ == other.sink_ && shutdown_ == other.shutdown_ &&
         disconnect_sent_ == other.disconnect_sent_ && disconnect_received_ == other.disconnect_received_ &&
         closed_told_ == other.closed_told_ && lost_ == other.lost_ && abort_due_ == other.abort_due_ &&
         peer_aborted_ == other.peer_aborted_ && receive_size_due_ == other.receive_size_due_ &&
         failure_.code == other.failure_.code;
}

}  // namespace xover::sdp
