// How the sending half chooses the way of the bytes at its cursor, and sends them.
#include <algorithm>

#include "transports/sdp/source.h"

namespace xover::sdp {

std::uint64_t Source::run_bytes() noexcept {
  const Op& current = op(cursor_.op);
  const Segment* segment = &current.segments[cursor_.segment];
  while (cursor_.in_segment == segment->size_bytes) {
    segment = &current.segments[++cursor_.segment];
    cursor_.in_segment = 0;
  }
  return std::min(segment->size_bytes - cursor_.in_segment, current.end - cursor_.offset);
}

void Source::move_cursor(std::uint64_t size_bytes) noexcept {
  const Op& current = op(cursor_.op);
  cursor_.offset += size_bytes;
  cursor_.in_segment += size_bytes;
  while (cursor_.segment + 1 < current.segment_count &&
         cursor_.in_segment >= current.segments[cursor_.segment].size_bytes) {
    cursor_.in_segment -= current.segments[cursor_.segment++].size_bytes;
  }
}

void Source::set_cursor(std::uint64_t op_number, std::uint64_t offset) noexcept {
  cursor_ = {op_number, 0, 0, 0};
  hold_back_.stop();
  held_out_ = false;
  move_cursor(offset);
}

const Segment* Source::segment_at(const Op& of, std::uint64_t offset, std::uint64_t& in_segment) const noexcept {
  const Segment* segment = of.segments;
  while (offset >= segment->size_bytes) offset -= segment++->size_bytes;
  in_segment = offset;
  return segment;
}

void Source::skip_ended() noexcept {
  while (!at_end() && cursor_.offset == op(cursor_.op).end) {
    cursor_ = {cursor_.op + 1, 0, 0, 0};
    hold_back_.stop();
    held_out_ = false;
  }
}

Source::Route Source::route(Turn& turn) noexcept {
  skip_ended();
  if (at_end()) return Route::none;
  if (cancel_is_open()) return Route::wait;
  if (sink_cancel_due_ || wanted_mode_ != mode_) return Route::wait;
  if (turn.settings.way == Way::bcopy || op(cursor_.op).copy_rest) return Route::copy;
  return route_unheld(turn);
}

Source::Route Source::route_unheld(Turn& turn) noexcept {
  const Settings& settings = turn.settings;
  const Op& current = op(cursor_.op);
  if (current.total < current.threshold) return fall_back(CopyReason::below_threshold, turn);
  const std::uint64_t run = run_bytes();
  if (current.segment_count > 1 && current.segments[cursor_.segment].size_bytes < current.threshold) {
    count(op(cursor_.op), CopyReason::scattered, turn);
    return Route::copy;
  }
  if (mode_ == Mode::buffered) return fall_back(CopyReason::not_in_this_mode, turn);
  if (!sink_adverts_.empty()) return Route::write;
  if (settings.way == Way::write_zcopy) {
    if (held_out_) return fall_back(CopyReason::no_sink_advert, turn);
    if (!hold_back_.running()) hold_back_.start();
    return Route::wait;
  }
  if (peer_waits_) return fall_back(CopyReason::peer_waits, turn);
  if (mode_ == Mode::combined && run < 2) {
    count(op(cursor_.op), CopyReason::too_small_for_combined, turn);
    return Route::copy;
  }
  return cancel_ == Cancelling::no ? Route::advert : Route::wait;
}

Source::Route Source::fall_back(CopyReason reason, Turn& turn) noexcept {
  Op& current = op(cursor_.op);
  current.copy_rest = true;
  count(current, reason, turn);
  return Route::copy;
}

// More than one advert is only allowed there, and so are those of the sink.
bool Source::wants_pipelined(const Settings& settings) noexcept {
  if (mode_ != Mode::combined || settings.way == Way::bcopy) return false;
  if (settings.way != Way::read_zcopy) return true;
  if (at_end() || settings.peer.max_adverts < 2) return false;
  const Op& current = op(cursor_.op);
  if (current.total < current.threshold || current.copy_rest) return false;
  return ops_.size() > 1 || current.end - cursor_.offset > settings.chunk_bytes;
}

void Source::pump_control(Turn& turn) noexcept {
  if (cancel_ == Cancelling::wanted) {
    if (adverts_ > adverts_out_) rewind(pieces_.size() - unposted_, turn);
    if (adverts_out_ == 0) {
      end_cancel(turn);
    } else if (turn.may_send_control()) {
      turn.post({.kind = Kind::cancel_source});
      cancel_ = Cancelling::sent;
      cancel_sequence_ = turn.line.last_sent();
      ++turn.statistics.cancels;
      answer_.start();
      unread_.stop();
    }
  }
  if (!sink_cancel_due_ || (flush_ && !flush(turn)) || !turn.may_send_control()) return;
  turn.post({.kind = Kind::sink_cancelled});
  sink_cancel_due_ = false;
}

void Source::pump_data(Turn& turn) noexcept {
  bool goes_on = true;
  while (goes_on && turn.room()) {
    complete_ops(turn);
    goes_on = turn.room() && step(turn);
  }
  more_ = !turn.room();
}

bool Source::step(Turn& turn) noexcept {
  if (flush_) return flush(turn);
  if (at_end() && pieces_.empty() && sink_adverts_.empty() && wanted_mode_ == mode_ &&
      turn.settings.way <= Way::read_zcopy) {
    return false;
  }
  if (change_mode_now(turn)) return true;
  if (unposted_ > 0 && post_next_piece(turn)) return true;
  const Route next = route(turn);
  if (must_flush(next, turn.settings)) {
    flush_ = true;
    return flush(turn);
  }
  switch (next) {
    case Route::none:
    case Route::wait: return false;
    case Route::copy: return send_copy(turn);
    case Route::advert: return begin_piece(Form::advert, turn);
    case Route::write: return begin_piece(Form::write, turn);
  }
  return false;
}

bool Source::change_mode_now(Turn& turn) noexcept {
  if (wanted_mode_ == mode_ && cancel_ == Cancelling::no && wants_pipelined(turn.settings)) {
    wanted_mode_ = Mode::pipelined;
  }
  if (wanted_mode_ == mode_ || cancel_ != Cancelling::no || sink_cancel_due_) return false;
  const bool to_pipelined = wanted_mode_ == Mode::pipelined;
  if (!to_pipelined) {
    if (adverts_ > 0 || unposted_ > 0) return false;
    flush_ = !sink_adverts_.empty() && sink_adverts_.front().written > 0;
    if (flush_) return flush(turn);
  }
  if (!turn.may_send_control()) return false;
  turn.post({.kind = Kind::change_mode, .mode = wanted_mode_, .send_half = true});
  ++turn.statistics.mode_changes;
  mode_ = wanted_mode_;
  mode_since_ = turn.line.last_sent();
  mode_unseen_ = true;
  non_discards_ = 0;  // the sink does so when this comes: adverts of the mode that ends are dropped uncounted
  sink_adverts_.clear();
  return true;
}

bool Source::post_next_piece(Turn& turn) noexcept {
  const std::size_t position = pieces_.size() - unposted_;
  Piece& piece = pieces_[position];
  if (piece.state == State::refused) return drop_refused(position, turn);
  if (piece.state != State::ready) return false;
  return piece.form == Form::advert ? post_advert(piece, turn) : post_write(piece, turn);
}

bool Source::drop_refused(std::size_t position, Turn& turn) noexcept {
  rewind(position, turn);
  Op& current = op(cursor_.op);
  current.copy_rest = true;
  count(current, CopyReason::registration_refused, turn);
  return true;
}

bool Source::post_advert(Piece& piece, Turn& turn) noexcept {
  // Held acknowledgements would make this look as if it had been sent before the peer's last messages came.
  if (cancel_ != Cancelling::no || turn.line.held()) return false;
  if (mode_ == Mode::combined && adverts_out_ > 0) return false;
  if (!need_data_credits(turn)) return false;
  Op& current = op(piece.op);
  std::uint64_t in_segment = 0;
  const Segment* segment = segment_at(current, piece.offset, in_segment);
  Message message{.kind = Kind::source_available,
                  .bytes = piece.size_bytes,
                  .key = piece.key,
                  .address = reinterpret_cast<std::uintptr_t>(segment->data + in_segment)};
  if (mode_ == Mode::combined) piece.carried = std::min(turn.settings.combined_bytes, piece.size_bytes - 1);
  turn.post(message, {segment, in_segment, piece.carried});
  piece.state = State::out;
  --unposted_;
  if (++adverts_out_ == 1) unread_.start();
  current.done += piece.carried;
  current.copied += piece.carried;
  turn.statistics.copied_bytes += piece.carried;
  tell_sent(current, piece, turn);
  return true;
}

bool Source::post_write(Piece& piece, Turn& turn) noexcept {
  Op& current = op(piece.op);
  std::uint64_t in_segment = 0;
  const std::byte* from = segment_at(current, piece.offset, in_segment)->data + in_segment;
  SinkAdvert& to = sink_adverts_.front();
  turn.actions.add(PostWrite{piece.ticket, from, piece.size_bytes, to.address + to.written, to.key});
  to.written += piece.size_bytes;
  piece.state = State::out;
  --unposted_;
  tell_sent(current, piece, turn);
  return true;
}

void Source::tell_sent(Op& current, const Piece& piece, Turn& turn) noexcept {
  if (current.sent_told || piece.offset + piece.size_bytes != current.end) return;
  current.sent_told = true;
  turn.actions.add(CompleteSend{.token = current.token, .moments = Moment::sent});
}

bool Source::begin_piece(Form form, Turn& turn) noexcept {
  if (pieces_.full()) return false;  // of what was read, behind a write that has not ended
  std::uint64_t most = turn.settings.chunk_bytes;
  if (form == Form::advert) {
    const std::size_t window = mode_ == Mode::combined ? 1 : turn.settings.peer.max_adverts;
    if (adverts_ >= window) return false;
  } else {
    hold_back_.stop();
    const SinkAdvert& to = sink_adverts_.front();
    const std::uint32_t left = to.size_bytes - to.planned;
    if (writes_ >= turn.settings.max_writes || left == 0) return false;
    if (to.planned > 0 && left < most_copied_bytes(turn.settings)) return false;  // it ends with what is planned
    most = std::min<std::uint64_t>(most, left);
  }
  if (!turn.tickets.may_take()) return false;
  Piece piece{.op = cursor_.op, .offset = cursor_.offset, .form = form};
  piece.size_bytes = static_cast<std::uint32_t>(std::min(run_bytes(), most));
  piece.ticket = turn.tickets.take();
  const Segment& segment = op(cursor_.op).segments[cursor_.segment];
  turn.actions.add(Register{piece.ticket, segment.data + cursor_.in_segment, piece.size_bytes,
                            form == Form::advert ? Access::peer_reads : Access::local});
  pieces_.push(piece);
  ++unposted_;
  ++(form == Form::advert ? adverts_ : writes_);
  if (form == Form::write) sink_adverts_.front().planned += piece.size_bytes;
  move_cursor(piece.size_bytes);
  return true;
}

bool Source::send_copy(Turn& turn) noexcept {
  if (adverts_ > 0 || unposted_ > 0 || !need_data_credits(turn)) return false;
  std::uint32_t carried_bytes = 0;
  Gather run = take_run(most_copied_bytes(turn.settings), turn);
  while (joins(carried_bytes + run.size_bytes, turn)) {
    turn.actions.add(Carry{run});
    carried_bytes += run.size_bytes;
    run = take_run(most_copied_bytes(turn.settings) - carried_bytes, turn);
  }
  turn.post({.kind = Kind::data}, run, carried_bytes);
  if (sink_adverts_.empty()) {
    ++non_discards_;
  } else {
    sink_adverts_.pop();
  }
  return true;
}

// The bytes at the cursor, of one op, which are copied and done.
Gather Source::take_run(std::uint32_t most_bytes, Turn& turn) noexcept {
  Op& current = op(cursor_.op);
  const auto size_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(most_bytes, current.end - cursor_.offset));
  const Gather run{current.segments + cursor_.segment, cursor_.in_segment, size_bytes};
  current.done += size_bytes;
  current.copied += size_bytes;
  turn.statistics.copied_bytes += size_bytes;
  move_cursor(size_bytes);
  return run;
}

// Whether what the cursor is at now leaves with the message that so many bytes are in. Never waited for.
bool Source::joins(std::uint32_t carried_bytes, Turn& turn) noexcept {
  return carried_bytes < most_copied_bytes(turn.settings) && turn.room() && route(turn) == Route::copy;
}

// A sink advert that was written to ends when little room is left, or when nothing is there to be written now: the
// receiver is not to wait for what may never come.
bool Source::must_flush(Route next, const Settings& settings) const noexcept {
  if (sink_adverts_.empty()) return false;
  const SinkAdvert& first = sink_adverts_.front();
  if (first.written == 0 || first.written != first.planned) return false;
  return next != Route::write || first.size_bytes - first.written < most_copied_bytes(settings);
}

bool Source::flush(Turn& turn) noexcept {
  if (!turn.may_send_control()) return false;
  turn.post({.kind = Kind::write_completed, .bytes = sink_adverts_.front().written});
  sink_adverts_.pop();
  flush_ = false;
  return true;
}

bool Source::need_data_credits(Turn& turn) noexcept {
  if (turn.may_send_data()) {
    stalled_ = false;
    return true;
  }
  const bool stage = turn.line.credits_for_data();
  if (!stalled_) ++(stage ? turn.statistics.stage_stalls : turn.statistics.credit_stalls);
  stalled_ = true;
  return false;
}

void Source::complete_ops(Turn& turn) noexcept {
  while (!ops_.empty() && turn.room()) {
    Op& first = ops_.front();
    if (first.done != first.end || (first.cancelled && cancel_is_open())) return;
    CompleteSend complete{first.token, Moment::released, first.done, first.copied, {}};
    if (first.cancelled) {
      complete.failure = {ErrorCode::cancelled, 0, "cancel"};
    } else if (!first.sent_told) {
      complete.moments = complete.moments | Moment::sent;
    }
    turn.actions.add(complete);
    if (cursor_.op == first_op_) {
      cursor_ = {first_op_ + 1, 0, 0, 0};
      hold_back_.stop();
      held_out_ = false;
    }
    ops_.pop();
    ++first_op_;
  }
}

void Source::forget_pieces(Context& context) noexcept {
  flush_ = sink_cancel_due_ = false;
  sink_adverts_.clear();
  std::size_t posted_writes = 0;
  for (std::size_t at = 0; at < pieces_.size(); ++at) {
    if (pieces_[at].form == Form::write && pieces_[at].state == State::out) ++posted_writes;
  }
  while (pieces_.size() > posted_writes) {
    const Piece& piece = pieces_.back();
    if (piece.state != State::refused) context.tickets.drop(piece.ticket);
    pieces_.pop_back();
  }
  unposted_ = adverts_ = adverts_out_ = 0;
  writes_ = posted_writes;
  cancel_ = Cancelling::no;
  unread_.stop();
  answer_.stop();
  hold_back_.stop();
}

bool Source::pump_ended(const Failure& failure, Turn& turn) noexcept {
  if (!pieces_.empty()) return false;
  while (!ops_.empty()) {
    if (!turn.room()) return false;
    const Op& first = ops_.front();
    CompleteSend complete{first.token, Moment::released, first.done, first.copied, failure};
    if (first.cancelled) {
      complete.failure = {ErrorCode::cancelled, 0, "cancel"};
    } else if (first.done == first.total) {
      complete.failure = {};
      if (!first.sent_told) complete.moments = complete.moments | Moment::sent;
    }
    turn.actions.add(complete);
    ops_.pop();
    ++first_op_;
  }
  cursor_ = {first_op_, 0, 0, 0};
  return true;
}

}  // namespace xover::sdp
