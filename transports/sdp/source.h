// The half of a machine that sends: ops wait in a queue, a cursor goes through their bytes, and each run of bytes
// behind which it goes is sent in one of three ways:
//
//   by copy     in a Data message, which takes as many ops as it has room for; done when the message is posted
//   by advert   SrcAvail; done when the peer has read them and says so (RdmaRdCompl)
//   by write    into a sink advert of the peer; done when the write has ended, which RdmaWrCompl follows at once
//
// Adverts and writes are pieces, in the order of the stream. While an advert is among them nothing goes by copy, since
// what comes behind it must also arrive behind it. Adverts stand at the end of the queue of pieces and are taken back
// from there: by a cancel that the peer answers, by SendSm, or by a sink advert that they crossed. The cursor then goes
// back to the first byte that was not read.
//
// Ops end in the order in which they came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "transports/sdp/actions.h"
#include "transports/sdp/bounded_queue.h"
#include "transports/sdp/encoder.h"
#include "transports/sdp/timer.h"
#include "transports/sdp/turn.h"

namespace xover::sdp {

class Source {
 public:
  explicit Source(const Settings& settings);

  bool submit(Token token, std::span<const Segment> segments) noexcept;
  bool cancel(Token token, Context& context) noexcept;
  bool change_mode(Mode mode) noexcept;
  void set_threshold(std::uint64_t size_bytes) noexcept { threshold_bytes_ = size_bytes; }

  // Messages of the peer: null, or the rule that they break.
  const char* on_read_completed(const Message& message, Context& context) noexcept;
  const char* on_send_small(const Message& message, Context& context) noexcept;
  const char* on_sink_available(const Message& message, Context& context) noexcept;
  const char* on_cancel_sink(Context& context) noexcept;
  const char* on_change_mode(Mode mode) noexcept;  // asked for by the sink

  void on_acknowledged(std::uint32_t sequence) noexcept {
    if (static_cast<std::int32_t>(sequence - mode_since_) >= 0) mode_unseen_ = false;
  }

  void registered(Ticket ticket, std::uint32_t remote_key) noexcept;
  bool refused(Ticket ticket) noexcept;  // false: not of this half
  void write_finished(Context& context, bool flushed) noexcept;

  // The peer's own advert lies at our sink, and nobody offers to receive it.
  void avoid_deadlock(bool peer_waits) noexcept;
  // Null, or what took too long to go on.
  const char* tick(MonotonicNs now, Context& context) noexcept;
  MonotonicNs next_deadline() const noexcept;

  // DisConn was sent: adverts of the sink that come now, or are here, serve nobody, and the mode stays as it is.
  void end() noexcept {
    ended_ = true;
    wanted_mode_ = mode_;
    sink_adverts_.clear();
  }

  void pump_control(Turn& turn) noexcept;
  void pump_data(Turn& turn) noexcept;
  bool more() const noexcept { return more_; }  // the list was too short

  // Behind the end of the connection. False: the list is full, or writes have not ended.
  bool pump_ended(const Failure& failure, Turn& turn) noexcept;
  void forget_pieces(Context& context) noexcept;  // nobody will answer for them, writes excepted

  bool drained() const noexcept {
    return ops_.empty() && pieces_.empty() && !sink_cancel_due_ && cancel_ == Cancelling::no;
  }
  std::size_t ops() const noexcept { return ops_.size(); }
  Mode mode() const noexcept { return mode_; }
  std::uint32_t non_discards() const noexcept { return non_discards_; }
  std::size_t adverts_out() const noexcept { return adverts_out_; }

  void encode(Encoder& encoder, MonotonicNs now, std::uint32_t last_sent) const;
  bool operator==(const Source&) const = default;

 private:
  struct Op {
    Token token = 0;
    const Segment* segments = nullptr;
    std::uint32_t segment_count = 0;
    bool cancelled = false;
    bool copy_rest = false;
    bool sent_told = false;
    std::uint16_t reasons = 0;    // for which a fall-back was counted
    std::uint64_t threshold = 0;  // as it was when the op was submitted
    std::uint64_t total = 0;
    std::uint64_t end = 0;  // less than all, when it was cancelled
    std::uint64_t done = 0;
    std::uint64_t copied = 0;
    bool operator==(const Op&) const = default;
  };

  enum class Form : std::uint8_t { advert, write };
  enum class State : std::uint8_t { asked, refused, ready, out, finished };
  struct Piece {
    std::uint64_t op = 0;  // number
    std::uint64_t offset = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t carried = 0;  // by the SrcAvail itself
    std::uint32_t done = 0;     // of what it does not carry
    std::uint32_t key = 0;
    Ticket ticket = no_ticket;
    Form form = Form::advert;
    State state = State::asked;
    std::uint64_t resume() const noexcept { return offset + carried + done; }
    bool operator==(const Piece&) const = default;
  };

  struct SinkAdvert {
    std::uint64_t address = 0;
    std::uint32_t key = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t planned = 0;  // by pieces
    std::uint32_t written = 0;  // by pieces that are out
    bool operator==(const SinkAdvert&) const = default;
  };

  struct Cursor {
    std::uint64_t op = 0;  // number
    std::uint64_t offset = 0;
    std::uint64_t in_segment = 0;
    std::uint32_t segment = 0;
    bool operator==(const Cursor&) const = default;
  };

  enum class Route : std::uint8_t { none, wait, copy, advert, write };
  enum class Cancelling : std::uint8_t {
    no,
    wanted,
    sent,
    answer_due,  // the adverts came back by a SendSm that had crossed the cancel; the cancel's own answer will come
  };

  Op& op(std::uint64_t number) noexcept { return ops_[static_cast<std::size_t>(number - first_op_)]; }
  bool at_end() const noexcept { return cursor_.op == first_op_ + ops_.size(); }
  std::uint64_t run_bytes() noexcept;  // that lie together at the cursor
  void move_cursor(std::uint64_t size_bytes) noexcept;
  void set_cursor(std::uint64_t op_number, std::uint64_t offset) noexcept;
  const Segment* segment_at(const Op& op, std::uint64_t offset, std::uint64_t& in_segment) const noexcept;
  void skip_ended() noexcept;

  Route route(Turn& turn) noexcept;
  Route route_unheld(Turn& turn) noexcept;
  Route fall_back(CopyReason reason, Turn& turn) noexcept;
  void count(Op& op, CopyReason reason, Context& context) noexcept;
  bool wants_pipelined(const Settings& settings) noexcept;

  bool step(Turn& turn) noexcept;
  bool post_next_piece(Turn& turn) noexcept;
  bool post_advert(Piece& piece, Turn& turn) noexcept;
  bool post_write(Piece& piece, Turn& turn) noexcept;
  bool drop_refused(std::size_t position, Turn& turn) noexcept;
  void tell_sent(Op& op, const Piece& piece, Turn& turn) noexcept;
  bool begin_piece(Form form, Turn& turn) noexcept;
  bool send_copy(Turn& turn) noexcept;
  Gather take_run(std::uint32_t most_bytes, Turn& turn) noexcept;
  bool joins(std::uint32_t carried_bytes, Turn& turn) noexcept;
  bool must_flush(Route next, const Settings& settings) const noexcept;
  bool flush(Turn& turn) noexcept;
  bool change_mode_now(Turn& turn) noexcept;
  bool need_data_credits(Turn& turn) noexcept;

  void rewind(std::size_t position, Context& context) noexcept;  // drops the pieces from this one on
  std::size_t first_advert() const noexcept;
  void take_back(std::uint64_t Statistics::* ending, Context& context) noexcept;
  void want_cancel() noexcept;
  bool cancel_is_open() const noexcept { return cancel_ == Cancelling::wanted || cancel_ == Cancelling::sent; }
  void end_cancel(Context& context) noexcept;
  void truncate_cancelled() noexcept;
  void give_reason(CopyReason reason, Context& context) noexcept;
  void advert_progressed() noexcept;
  void pop_finished() noexcept;
  void complete_ops(Turn& turn) noexcept;

  BoundedQueue<Op> ops_;
  std::uint64_t first_op_ = 0;  // number of the op at the front
  Cursor cursor_;
  BoundedQueue<Piece> pieces_;
  std::size_t unposted_ = 0;              // pieces, at the end of the queue
  std::size_t adverts_ = 0, writes_ = 0;  // pieces of either form
  std::size_t adverts_out_ = 0;
  BoundedQueue<SinkAdvert> sink_adverts_;
  std::uint64_t threshold_bytes_;
  std::uint32_t non_discards_ = 0;  // Data messages that met no sink advert
  Mode mode_, wanted_mode_;
  std::uint32_t mode_since_;  // sequence number of the last change of mode
  bool mode_unseen_ = false;  // the peer had not received it when it sent its last message

  Cancelling cancel_ = Cancelling::no;
  std::uint32_t cancel_sequence_ = 0;
  bool has_cancel_reason_ = false;
  CopyReason cancel_reason_ = CopyReason::unread;
  bool sink_cancel_due_ = false;  // SinkCancelAck is
  bool flush_ = false;            // the first sink advert is to end, however much was written
  bool peer_waits_ = false;
  bool held_out_ = false;  // the op at the cursor has waited for a sink advert for long enough
  bool stalled_ = false;
  bool more_ = false;
  bool ended_ = false;
  Timer unread_, answer_, hold_back_;
};

}  // namespace xover::sdp
