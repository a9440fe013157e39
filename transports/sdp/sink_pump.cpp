// How the receiving half brings what has come into the receives, answers the source, and advertises receives to it.
#include <algorithm>

#include "transports/sdp/sink.h"

namespace xover::sdp {

void Sink::deliver(Turn& turn) noexcept {
  post_empty_slots(turn);
  if (cancel_pending_) settle_cancel(turn);
  register_early(turn);
  while (turn.room() && fill_ < receives_.size()) {
    Receive& receive = receives_[fill_];
    if (receive.full()) {
      ++fill_;
    } else if (stage_left_ > 0) {  // it was read when no payload was here
      copy_stage(receive, turn);
    } else if (!payload_.empty()) {
      copy_payload(receive, turn);
    } else if (receive.advertised == Advertised::out) {
      break;
    } else if (!read_advert(receive, turn)) {
      break;
    }
  }
  if (declines_ && reads_.empty()) {
    declines_ = false;
    send_small_due_ = !adverts_.empty();
    adverts_.clear();
    next_advert_ = 0;
  }
  complete_front(turn);
  post_empty_slots(turn);
  more_ = !turn.room();
}

void Sink::post_empty_slots(Turn& turn) noexcept {
  while (!empty_slots_.empty() && turn.room()) {
    turn.actions.add(PostReceive{empty_slots_.front()});
    turn.line.reposted();
    empty_slots_.pop();
  }
}

void Sink::settle_cancel(Context& context) noexcept {
  if (!reads_.empty() && context.settings.broken != Broken::cancel_before_reads) return;
  send_small_due_ = !adverts_.empty() || answer_anyhow_;
  adverts_.clear();
  next_advert_ = 0;
  cancel_pending_ = answer_anyhow_ = declines_ = false;
  context.line.release_hold();
}

void Sink::register_early(Turn& turn) noexcept {
  if (turn.settings.delayed_registration || turn.settings.way == Way::bcopy) return;
  for (; early_ < receives_.size() && turn.room(); ++early_) {
    Receive& receive = receives_[early_];
    if (receive.memory != Memory::plain || receive.size_bytes < threshold_bytes_) continue;
    ask_memory(receive, turn);
    if (receive.memory == Memory::plain) return;
  }
}

void Sink::ask_memory(Receive& receive, Turn& turn) noexcept {
  if (!turn.tickets.may_take()) return;
  receive.ticket = turn.tickets.take();
  receive.memory = Memory::asked;
  const Access access = turn.settings.way >= Way::write_zcopy ? Access::peer_writes : Access::local;
  turn.actions.add(Register{receive.ticket, receive.data, receive.size_bytes, access});
}

void Sink::copy_payload(Receive& receive, Turn& turn) noexcept {
  Payload& payload = payload_.front();
  const auto size_bytes =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(payload.size_bytes, receive.size_bytes - receive.filled));
  turn.actions.add(Copy{false, payload.slot, payload.offset, size_bytes, receive.data + receive.filled});
  receive.filled += size_bytes;
  receive.copied += size_bytes;
  payload.offset += size_bytes;
  payload.size_bytes -= size_bytes;
  if (payload.size_bytes > 0) return;
  if (receive.advertised == Advertised::copied) receive.closed = true;
  empty_slot(payload.slot);
  payload_.pop();
}

void Sink::copy_stage(Receive& receive, Turn& turn) noexcept {
  const auto size_bytes =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(stage_left_, receive.size_bytes - receive.filled));
  turn.actions.add(Copy{true, 0, stage_offset_, size_bytes, receive.data + receive.filled});
  receive.filled += size_bytes;
  receive.copied += size_bytes;
  stage_offset_ += size_bytes;
  stage_left_ -= size_bytes;
}

// False: nothing to read, or it must wait.
bool Sink::read_advert(Receive& receive, Turn& turn) noexcept {
  if (next_advert_ == adverts_.size() || !reads_adverts() || stage_reading_ || reads_.full()) return false;
  const Advert& advert = adverts_[next_advert_];
  const std::uint32_t left = advert.size_bytes - advert.assigned;
  PostRead read{.address = advert.address + advert.assigned, .key = advert.key};
  if (turn.settings.way == Way::bcopy || receive.size_bytes < threshold_bytes_) {
    read.size_bytes = std::min(left, turn.settings.read_stage_bytes);
    stage_reading_ = true;
    ++turn.statistics.stage_reads;
    post_read(read, {.size_bytes = read.size_bytes, .staged = true}, turn);
    return true;
  }
  switch (receive.memory) {
    case Memory::plain: ask_memory(receive, turn); return false;
    case Memory::asked: return false;
    case Memory::refused: declines_ = true; return false;
    case Memory::ready: break;
  }
  read.ticket = receive.ticket;
  read.to = receive.data + receive.filled;
  read.size_bytes = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, receive.size_bytes - receive.filled));
  post_read(read, {first_receive_ + fill_, receive.filled, read.size_bytes, false}, turn);
  receive.filled += read.size_bytes;
  receive.direct = true;
  ++receive.reads;
  return true;
}

void Sink::post_read(const PostRead& read, const Read& note, Turn& turn) noexcept {
  turn.actions.add(read);
  reads_.push(note);
  Advert& advert = adverts_[next_advert_];
  advert.assigned += read.size_bytes;
  const bool all = advert.assigned == advert.size_bytes;
  if (turn.settings.broken == Broken::fence) {
    unreported_ += read.size_bytes;
    advert_completed_ |= all;
    if (all) adverts_.pop();
  } else if (all) {
    ++next_advert_;
  }
}

bool Sink::nothing_to_fill() const noexcept {
  if (!payload_.empty() || stage_left_ > 0 || stage_reading_) return false;
  return next_advert_ == adverts_.size() || !reads_adverts();
}

void Sink::complete_front(Turn& turn) noexcept {
  while (!receives_.empty() && turn.room()) {
    const Receive& receive = receives_.front();
    if (receive.reads > 0) return;
    if (!receive.full() && (receive.filled == 0 || !nothing_to_fill())) return;
    pop_front(turn);
  }
}

void Sink::pop_front(Turn& turn) noexcept {
  const Receive& receive = receives_.front();
  if (receive.ticket != no_ticket) {
    turn.tickets.drop(receive.ticket);
    if (!receive.direct) ++turn.statistics.wasted_pins;
  }
  turn.actions.add(CompleteReceive{receive.token, receive.filled, receive.copied});
  receives_.pop();
  ++first_receive_;
  if (fill_ > 0) --fill_;
  if (early_ > 0) --early_;
}

void Sink::pump_control(Turn& turn) noexcept {
  const bool report = unreported_ > 0 && (advert_completed_ || reads_.empty());
  if (report && turn.may_send_control()) {
    turn.post({.kind = Kind::read_completed, .bytes = unreported_});
    unreported_ = 0;
    advert_completed_ = false;
  }
  if (send_small_due_ && unreported_ == 0 && turn.may_send_control()) {
    turn.post({.kind = Kind::send_small});
    send_small_due_ = false;
    send_small_unseen_ = true;
    send_small_sequence_ = turn.line.last_sent();
  }
  if (wanted_mode_ != mode_ && turn.may_send_control()) {
    turn.post({.kind = Kind::change_mode, .mode = wanted_mode_, .send_half = false});
    ++turn.statistics.mode_changes;
    mode_ = wanted_mode_;
  }
  if (withdraw_due_ && turn.may_send_control()) {
    turn.post({.kind = Kind::cancel_sink});
    withdraw_due_ = false;
    withdrawing_ = true;
    answer_.start();
  }
}

bool Sink::may_advertise_any(const Settings& settings) const noexcept {
  return settings.way >= Way::write_zcopy && mode_ == Mode::pipelined && !ended_ && !withdraw_due_ && !withdrawing_ &&
         payload_.empty() && adverts_.empty() && reads_.empty() && unreported_ == 0 && stage_left_ == 0 &&
         reads_adverts();
}

// What a source may copy at once must fit into one.
bool Sink::may_advertise(const Receive& receive, const Settings& settings) const noexcept {
  return !receive.full() && receive.filled == 0 && receive.advertised == Advertised::no &&
         receive.memory != Memory::refused && receive.size_bytes >= threshold_bytes_ &&
         receive.size_bytes >= settings.own.receive_bytes - header_bytes && receive.size_bytes <= UINT32_MAX;
}

void Sink::advertise(Turn& turn) noexcept {
  if (!may_advertise_any(turn.settings)) return;
  bool waits = false;  // for the memory of an earlier one
  for (std::size_t i = fill_; i < receives_.size() && turn.room(); ++i) {
    Receive& receive = receives_[i];
    if (receive.advertised == Advertised::out) continue;
    if (!may_advertise(receive, turn.settings) || i - fill_ >= turn.settings.peer.max_adverts) return;
    if (receive.memory == Memory::plain) ask_memory(receive, turn);
    waits |= receive.memory != Memory::ready;
    if (waits) continue;
    if (!turn.may_send_data()) return;
    turn.post({.kind = Kind::sink_available,
               .bytes = static_cast<std::uint32_t>(receive.size_bytes),
               .key = receive.remote_key,
               .address = reinterpret_cast<std::uintptr_t>(receive.data),
               .non_discards = non_discards_});
    receive.advertised = Advertised::out;
    ++adverts_out_;
  }
}

bool Sink::return_receives(Turn& turn) noexcept {
  if (!reads_.empty()) return false;
  while (!receives_.empty()) {
    if (!turn.room()) return false;
    pop_front(turn);
  }
  fill_ = early_ = 0;
  return true;
}

}  // namespace xover::sdp
