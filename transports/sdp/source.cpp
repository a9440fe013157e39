// What happens to the sending half from outside: ops, messages of the peer, answers about memory, time.
#include "transports/sdp/source.h"

#include <algorithm>

namespace xover::sdp {

Source::Source(const Settings& settings)
    : ops_(settings.depth),
      pieces_(std::size_t{settings.peer.max_adverts} + settings.max_writes),
      sink_adverts_(settings.own.max_adverts),
      threshold_bytes_(settings.source_threshold_bytes),
      mode_(settings.first_mode),
      wanted_mode_(settings.first_mode),
      mode_since_(settings.first_sequence) {}

bool Source::submit(Token token, std::span<const Segment> segments) noexcept {
  if (ops_.full()) return false;
  Op op;
  op.token = token;
  op.segments = segments.data();
  op.segment_count = static_cast<std::uint32_t>(segments.size());
  op.threshold = threshold_bytes_;
  op.total = op.end = total_bytes(segments);
  ops_.push(op);
  return true;
}

// Writes that are out and bytes that were copied are past recall; adverts that are out must be asked back first.
bool Source::cancel(Token token, Context& context) noexcept {
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    Op& found = ops_[i];
    if (found.token != token || found.cancelled || found.done == found.end) continue;
    const std::uint64_t number = first_op_ + i;
    bool advert_out = false;
    for (std::size_t at = 0; at < pieces_.size(); ++at) {
      const Piece& piece = pieces_[at];
      if (piece.op != number || piece.state == State::finished) continue;
      advert_out |= piece.form == Form::advert && piece.state == State::out;
      if (piece.state == State::out) continue;
      rewind(at, context);
      break;
    }
    if (!advert_out && cursor_.op > number) return false;
    found.cancelled = true;
    if (advert_out) {
      want_cancel();
    } else {
      truncate_cancelled();
    }
    return true;
  }
  return false;
}

bool Source::change_mode(Mode mode) noexcept {
  if (ended_) return false;
  const bool legal =
      (mode_ == Mode::combined && mode != Mode::combined) || (mode_ == Mode::pipelined && mode == Mode::combined);
  if (legal && wanted_mode_ == mode_) wanted_mode_ = mode;
  return legal && wanted_mode_ == mode;
}

const char* Source::on_read_completed(const Message& message, Context& context) noexcept {
  std::uint32_t left = message.bytes;
  for (std::size_t at = first_advert(); left > 0; ++at) {
    if (at >= pieces_.size() || pieces_[at].state != State::out) return "a completion of what was not advertised";
    Piece& piece = pieces_[at];
    const std::uint32_t taken = std::min(left, piece.size_bytes - piece.carried - piece.done);
    piece.done += taken;
    left -= taken;
    op(piece.op).done += taken;
    context.statistics.read_bytes += taken;
    if (piece.carried + piece.done != piece.size_bytes) continue;
    piece.state = State::finished;
    context.tickets.drop(piece.ticket);
    --adverts_;
    --adverts_out_;
    ++context.statistics.adverts_read;
  }
  pop_finished();
  advert_progressed();
  if (adverts_out_ == 0 && cancel_is_open()) end_cancel(context);
  return nullptr;
}

const char* Source::on_send_small(const Message& message, Context& context) noexcept {
  const bool behind_cancel = static_cast<std::int32_t>(message.acknowledged - cancel_sequence_) >= 0 ||
                             context.settings.broken == Broken::cancel_sequence;
  const bool cancelling = cancel_ == Cancelling::sent || cancel_ == Cancelling::answer_due;
  if (cancelling && behind_cancel) {
    take_back(&Statistics::adverts_cancelled, context);
    end_cancel(context);
    return nullptr;
  }
  if (adverts_out_ == 0) return "SendSm without an advert";
  take_back(&Statistics::adverts_sent_small, context);
  give_reason(CopyReason::send_small, context);
  if (cancel_ == Cancelling::sent) {
    cancel_ = Cancelling::answer_due;
    truncate_cancelled();
  } else {
    end_cancel(context);
  }
  return nullptr;
}

const char* Source::on_sink_available(const Message& message, Context& context) noexcept {
  if (mode_unseen_) return nullptr;  // it was sent in an earlier mode
  if (mode_ != Mode::pipelined) return "a sink advert in this mode";
  if (message.bytes < most_copied_bytes(context.settings)) return "a sink advert that holds less than a copied message";
  if (sink_cancel_due_) return "a sink advert behind its cancel";
  if (context.settings.broken != Broken::staleness && message.non_discards != non_discards_) {
    if (static_cast<std::int32_t>(message.non_discards - non_discards_) > 0) return "a sink advert of the future";
    --non_discards_;
    ++context.statistics.stale_sink_adverts;
    return nullptr;
  }
  if (sink_adverts_.full()) return "more sink adverts than agreed";
  if (adverts_ > 0) {
    take_back(&Statistics::adverts_crossed, context);
    if (cancel_is_open()) end_cancel(context);
  }
  if (!ended_) sink_adverts_.push({message.address, message.key, message.bytes, 0, 0});
  return nullptr;
}

// All sink adverts that have come and are not written to are dropped; one that is, ends by its completion.
const char* Source::on_cancel_sink(Context& context) noexcept {
  if (sink_cancel_due_) return "a second cancel of sink adverts";
  if (writes_ > 0 && unposted_ > 0) rewind(pieces_.size() - unposted_, context);
  flush_ = !sink_adverts_.empty() && sink_adverts_.front().written > 0;
  while (sink_adverts_.size() > (flush_ ? 1u : 0u)) {
    sink_adverts_.pop_back();
    sink_cancel_due_ = true;
  }
  return nullptr;
}

const char* Source::on_change_mode(Mode mode) noexcept {
  if (mode_ != Mode::buffered || mode != Mode::combined) return "a change of mode that the sink may not make";
  mode_ = wanted_mode_ = mode;
  return nullptr;
}

void Source::registered(Ticket ticket, std::uint32_t remote_key) noexcept {
  for (std::size_t at = pieces_.size() - unposted_; at < pieces_.size(); ++at) {
    if (pieces_[at].ticket != ticket || pieces_[at].state != State::asked) continue;
    pieces_[at].state = State::ready;
    pieces_[at].key = remote_key;
    return;
  }
}

bool Source::refused(Ticket ticket) noexcept {
  for (std::size_t at = pieces_.size() - unposted_; at < pieces_.size(); ++at) {
    if (pieces_[at].ticket != ticket || pieces_[at].state != State::asked) continue;
    pieces_[at].state = State::refused;
    return true;
  }
  return false;
}

// Writes stand before all adverts, so the oldest is the first piece that has not ended.
void Source::write_finished(Context& context, bool flushed) noexcept {
  assert(!pieces_.empty() && pieces_.front().form == Form::write && pieces_.front().state == State::out);
  Piece& piece = pieces_.front();
  if (!flushed) op(piece.op).done += piece.size_bytes;
  if (!flushed) context.statistics.written_bytes += piece.size_bytes;
  context.tickets.drop(piece.ticket);
  --writes_;
  piece.state = State::finished;
  pop_finished();
}

void Source::avoid_deadlock(bool peer_waits) noexcept {
  peer_waits_ = peer_waits;
  if (!peer_waits || adverts_out_ == 0 || cancel_ != Cancelling::no) return;
  has_cancel_reason_ = true;
  cancel_reason_ = CopyReason::peer_waits;
  want_cancel();
}

const char* Source::tick(MonotonicNs now, Context& context) noexcept {
  if (unread_.tick(now, context.settings.unread_ns) && adverts_out_ > 0 && cancel_ == Cancelling::no) {
    ++context.statistics.unread_timeouts;
    has_cancel_reason_ = true;
    cancel_reason_ = CopyReason::unread;
    want_cancel();
  }
  if (hold_back_.tick(now, context.settings.hold_back_ns)) held_out_ = true;
  return answer_.tick(now, context.settings.answer_ns) ? "SrcAvailCancel" : nullptr;
}

MonotonicNs Source::next_deadline() const noexcept {
  return std::min({unread_.deadline(), answer_.deadline(), hold_back_.deadline()});
}

std::size_t Source::first_advert() const noexcept {
  std::size_t at = 0;
  while (at < pieces_.size() && (pieces_[at].form != Form::advert || pieces_[at].state == State::finished)) ++at;
  return at;
}

void Source::take_back(std::uint64_t Statistics::* ending, Context& context) noexcept {
  if (adverts_ == 0) return;
  context.statistics.*ending += adverts_out_;
  rewind(first_advert(), context);
  advert_progressed();
}

void Source::rewind(std::size_t position, Context& context) noexcept {
  const std::uint64_t number = pieces_[position].op, offset = pieces_[position].resume();
  while (pieces_.size() > position) {
    const Piece& piece = pieces_.back();
    if (piece.state != State::refused) context.tickets.drop(piece.ticket);
    if (piece.state != State::out) --unposted_;
    if (piece.form == Form::write) {
      --writes_;
      sink_adverts_.front().planned -= piece.size_bytes;
    } else {
      --adverts_;
      if (piece.state == State::out) --adverts_out_;
    }
    pieces_.pop_back();
  }
  set_cursor(number, offset);
}

void Source::want_cancel() noexcept {
  if (cancel_ == Cancelling::no) cancel_ = Cancelling::wanted;
}

void Source::end_cancel(Context& context) noexcept {
  cancel_ = Cancelling::no;
  answer_.stop();
  if (has_cancel_reason_) give_reason(cancel_reason_, context);
  has_cancel_reason_ = false;
  truncate_cancelled();
}

// The op whose bytes came back goes on by copy.
void Source::give_reason(CopyReason reason, Context& context) noexcept {
  if (at_end()) return;
  Op& first = op(cursor_.op);
  if (cursor_.offset == first.end || first.cancelled) return;
  first.copy_rest = true;
  count(first, reason, context);
}

void Source::count(Op& counted, CopyReason reason, Context& context) noexcept {
  const auto bit = static_cast<std::uint16_t>(1u << static_cast<unsigned>(reason));
  if ((counted.reasons & bit) != 0) return;
  counted.reasons |= bit;
  ++context.statistics.fall_backs[static_cast<std::size_t>(reason)];
}

// Cancelled ops end where the cursor is, or have not begun.
void Source::truncate_cancelled() noexcept {
  for (std::size_t i = static_cast<std::size_t>(cursor_.op - first_op_); i < ops_.size(); ++i) {
    if (ops_[i].cancelled) ops_[i].end = first_op_ + i == cursor_.op ? cursor_.offset : 0;
  }
}

void Source::advert_progressed() noexcept {
  if (adverts_out_ > 0) {
    unread_.start();
  } else {
    unread_.stop();
  }
}

void Source::pop_finished() noexcept {
  while (!pieces_.empty() && pieces_.front().state == State::finished) pieces_.pop();
}

void Source::encode(Encoder& encoder, MonotonicNs now, std::uint32_t last_sent) const {
  encoder.put(mode_unseen_ ? last_sent - mode_since_ : 0);
  encoder.put(cancel_ == Cancelling::sent || cancel_ == Cancelling::answer_due ? last_sent - cancel_sequence_ : 0);
  encoder.put(ops_.size(), pieces_.size(), sink_adverts_.size());
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    const Op& each = ops_[i];
    encoder.put(each.token, each.cancelled, each.copy_rest, each.sent_told, each.threshold, each.total, each.end,
                each.done);
  }
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& each = pieces_[i];
    encoder.put(each.op - first_op_, each.offset, each.size_bytes, each.carried, each.done, each.form, each.state);
    if (each.state != State::finished && each.state != State::refused) encoder.ticket(each.ticket);
  }
  for (std::size_t i = 0; i < sink_adverts_.size(); ++i) {
    const SinkAdvert& each = sink_adverts_[i];
    encoder.put(each.size_bytes, each.planned, each.written);
    encoder.key(each.key);
  }
  encoder.put(cursor_.op - first_op_, cursor_.offset, mode_, wanted_mode_, cancel_);
  encoder.put(mode_unseen_, has_cancel_reason_, has_cancel_reason_ ? cancel_reason_ : CopyReason{}, sink_cancel_due_,
              flush_, peer_waits_, held_out_, threshold_bytes_);
  unread_.encode(encoder, now);
  answer_.encode(encoder, now);
  hold_back_.encode(encoder, now);
}

}  // namespace xover::sdp
