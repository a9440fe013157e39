// What happens to the receiving half from outside: receives, messages of the peer, ends of reads, answers about memory.
#include "transports/sdp/sink.h"

#include <algorithm>

namespace xover::sdp {

Sink::Sink(const Settings& settings)
    : receives_(settings.max_offered),
      payload_(settings.own.receives),
      empty_slots_(settings.own.receives),
      adverts_(settings.own.max_adverts),
      reads_(settings.max_reads),
      threshold_bytes_(settings.sink_threshold_bytes),
      mode_(settings.first_mode),
      wanted_mode_(settings.first_mode) {}

bool Sink::offer(Token token, std::byte* data, std::size_t size_bytes) noexcept {
  assert(size_bytes > 0);
  if (receives_.full()) return false;
  receives_.push({.token = token, .data = data, .size_bytes = size_bytes});
  return true;
}

bool Sink::change_mode(Mode mode) noexcept {
  if (ended_ || mode_ != Mode::buffered || mode != Mode::combined) return false;
  wanted_mode_ = mode;
  return true;
}

void Sink::withdraw() noexcept {
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    if (receives_[i].advertised == Advertised::no) receives_[i].advertised = Advertised::refused;
  }
  if (adverts_out_ > 0 && !withdrawing_) withdraw_due_ = true;
}

const char* Sink::on_data(std::uint16_t slot, const Message& message, Context& context) noexcept {
  if (message.payload_bytes == 0) {
    empty_slot(slot);
    return nullptr;
  }
  if (ended_) return "data behind DisConn";
  if (!adverts_.empty() || unreported_ > 0) return "data while a source advert is outstanding";
  if (Receive* const advertised = first_advertised(); advertised != nullptr) {
    advertised->advertised = Advertised::copied;
    ++context.statistics.sink_adverts_copied;
    advert_ended();
  } else {
    ++non_discards_;
  }
  payload_.push({slot, static_cast<std::uint32_t>(head_bytes(message.kind)), message.payload_bytes});
  return nullptr;
}

const char* Sink::on_source_available(std::uint16_t slot, const Message& message, Context& context) noexcept {
  if (ended_) return "an advert behind DisConn";
  if (mode_ == Mode::buffered) return "an advert in Buffered mode";
  if (mode_ == Mode::pipelined) {
    if (message.payload_bytes > 0) return "an advert with payload in Pipelined mode";
    empty_slot(slot);
    // It was sent before our SendSm came there, which it is returned by; or it crossed an advert of ours, which counts.
    if (send_small_due_ || send_small_unseen_ || adverts_out_ > 0) return nullptr;
    if (cancel_pending_ || adverts_.full()) return "more adverts than agreed";
    if (fill_ == receives_.size()) ++context.statistics.late_adverts;
    adverts_.push({message.address, message.key, message.bytes, 0, 0});
    return nullptr;
  }
  if (message.payload_bytes == 0 || message.bytes <= message.payload_bytes) return "an advert without its first bytes";
  if (!adverts_.empty() || unreported_ > 0) return "a second advert in Combined mode";
  if (fill_ == receives_.size()) ++context.statistics.late_adverts;
  payload_.push({slot, static_cast<std::uint32_t>(head_bytes(message.kind)), message.payload_bytes});
  adverts_.push({message.address + message.payload_bytes, message.key, message.bytes - message.payload_bytes, 0, 0});
  return nullptr;
}

const char* Sink::on_write_completed(const Message& message, Context& context) noexcept {
  Receive* const receive = first_advertised();
  if (receive == nullptr) return "a write to what was not advertised";
  if (message.bytes > receive->size_bytes) return "a write beyond its advert";
  receive->advertised = Advertised::no;
  receive->filled = message.bytes;
  receive->direct = receive->closed = true;
  ++context.statistics.sink_adverts_written;
  advert_ended();
  return nullptr;
}

// Reads that were posted end first. Until then no message of ours acknowledges the cancel, so that the source can tell
// the answer from a SendSm that was on its way.
const char* Sink::on_cancel_source(Context& context) noexcept {
  if (cancel_pending_) return "a second cancel";
  if (send_small_due_) return nullptr;  // which then is the answer
  answer_anyhow_ = send_small_unseen_;
  if (adverts_.empty() && !answer_anyhow_) return nullptr;
  cancel_pending_ = true;
  if (!reads_.empty() && context.settings.broken != Broken::cancel_before_reads) context.line.hold();
  return nullptr;
}

const char* Sink::on_sink_cancelled(Context& context) noexcept {
  if (!withdrawing_) return "an answer to a cancel that was not sent";
  end_adverts(context);
  return nullptr;
}

const char* Sink::on_change_mode(Mode mode, Context& context) noexcept {
  const bool up = mode_ == Mode::combined && mode == Mode::pipelined;
  const bool down =
      (mode_ == Mode::combined && mode == Mode::buffered) || (mode_ == Mode::pipelined && mode == Mode::combined);
  if (!up && !down) return "no such change of mode";
  if (down && (!adverts_.empty() || unreported_ > 0)) return "a change of mode while an advert is outstanding";
  non_discards_ = 0;
  if (down) end_adverts(context);
  mode_ = wanted_mode_ = mode;
  return nullptr;
}

const char* Sink::on_disconnect(Context& context) noexcept {
  if (ended_) return "a second DisConn";
  if (!adverts_.empty() || unreported_ > 0) return "DisConn while an advert is outstanding";
  ended_ = true;
  wanted_mode_ = mode_;
  end_adverts(context);
  return nullptr;
}

Sink::Receive* Sink::first_advertised() noexcept {
  if (adverts_out_ == 0) return nullptr;
  for (std::size_t i = fill_;; ++i) {
    if (receives_[i].advertised == Advertised::out) return &receives_[i];
  }
}

void Sink::end_adverts(Context& context) noexcept {
  context.statistics.sink_adverts_withdrawn += adverts_out_;
  for (std::size_t i = fill_; i < receives_.size(); ++i) {
    if (receives_[i].advertised == Advertised::out) receives_[i].advertised = Advertised::refused;
  }
  adverts_out_ = 1;
  advert_ended();
}

void Sink::advert_ended() noexcept {
  if (--adverts_out_ > 0) return;
  withdraw_due_ = withdrawing_ = false;
  answer_.stop();
}

void Sink::registered(Ticket ticket, std::uint32_t remote_key) noexcept {
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    if (receives_[i].ticket != ticket || receives_[i].memory != Memory::asked) continue;
    receives_[i].memory = Memory::ready;
    receives_[i].remote_key = remote_key;
    return;
  }
}

void Sink::refused(Ticket ticket) noexcept {
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    if (receives_[i].ticket != ticket || receives_[i].memory != Memory::asked) continue;
    receives_[i].memory = Memory::refused;
    receives_[i].ticket = no_ticket;
    return;
  }
}

void Sink::read_finished(Context& context, bool flushed) noexcept {
  const Read read = reads_.front();
  reads_.pop();
  if (read.staged) {
    stage_reading_ = false;
    stage_offset_ = 0;
    stage_left_ = flushed ? 0 : read.size_bytes;
  } else {
    Receive& receive = receives_[static_cast<std::size_t>(read.receive - first_receive_)];
    --receive.reads;
    if (flushed) receive.filled = std::min(receive.filled, read.offset);
  }
  if (flushed || adverts_.empty() || context.settings.broken == Broken::fence) return;
  Advert& advert = adverts_.front();
  advert.done += read.size_bytes;
  unreported_ += read.size_bytes;
  if (advert.done != advert.size_bytes) return;
  advert_completed_ = true;
  adverts_.pop();
  --next_advert_;
}

const char* Sink::tick(MonotonicNs now, Context& context) noexcept {
  return answer_.tick(now, context.settings.answer_ns) ? "SinkAvailCancel" : nullptr;
}

bool Sink::quiet() const noexcept {
  return payload_.empty() && empty_slots_.empty() && adverts_.empty() && reads_.empty() && unreported_ == 0 &&
         stage_left_ == 0 && adverts_out_ == 0 && !cancel_pending_ && !send_small_due_ && wanted_mode_ == mode_;
}

void Sink::forget(Context& context) noexcept {
  payload_.clear();
  adverts_.clear();
  next_advert_ = 0;
  unreported_ = stage_left_ = 0;
  cancel_pending_ = declines_ = send_small_due_ = false;
  context.line.release_hold();
  end_adverts(context);
}

void Sink::encode(Encoder& encoder, MonotonicNs now, std::uint32_t last_sent) const {
  encoder.put(send_small_unseen_ ? last_sent - send_small_sequence_ : 0);
  encoder.put(receives_.size(), payload_.size(), empty_slots_.size(), adverts_.size(), reads_.size());
  for (std::size_t i = 0; i < receives_.size(); ++i) {
    const Receive& each = receives_[i];
    encoder.put(each.token, each.size_bytes, each.filled, each.reads, each.memory, each.advertised, each.closed);
    if (each.ticket != no_ticket) encoder.ticket(each.ticket);
  }
  for (std::size_t i = 0; i < payload_.size(); ++i) {
    encoder.put(payload_[i].offset, payload_[i].size_bytes);
    encoder.slot(payload_[i].slot);
  }
  for (std::size_t i = 0; i < empty_slots_.size(); ++i) {
    encoder.slot(empty_slots_[i]);
  }
  for (std::size_t i = 0; i < adverts_.size(); ++i) {
    const Advert& each = adverts_[i];
    encoder.put(each.size_bytes, each.assigned, each.done);
    encoder.key(each.key);
  }
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    const Read& each = reads_[i];
    encoder.put(each.receive - first_receive_, each.offset, each.size_bytes, each.staged);
  }
  encoder.put(fill_, early_, next_advert_, unreported_, advert_completed_, stage_left_ > 0 ? stage_offset_ : 0,
              stage_left_, stage_reading_);
  encoder.put(threshold_bytes_, adverts_out_, mode_, wanted_mode_, cancel_pending_, answer_anyhow_);
  encoder.put(declines_, send_small_due_, send_small_unseen_, withdraw_due_, withdrawing_, ended_);
  answer_.encode(encoder, now);
}

}  // namespace xover::sdp
