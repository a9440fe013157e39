// The half of a machine that receives: what comes, in the order of the stream, goes into the receives that are offered,
// in the order in which they came.
//
//   payload  in private receive buffers, by Data or with a SrcAvail in Combined mode: copied out
//   adverts  of the source: read straight into a receive from the threshold on, else through the private read stage
//   writes   of the source, into receives that were advertised to it: known by RdmaWrCompl alone
//
// What the read stage holds stands before payload, and payload before all adverts, since the source sends none while
// adverts are outstanding. A receive is completed
// when it is full, or holds something and nothing more is there to be put in. One that was advertised is completed by
// whatever comes into it first: a write, or one Data message.
//
// An advert is reported as read (RdmaRdCompl) when its reads have ended, not before: the report may overtake a read.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transports/sdp/actions.h"
#include "transports/sdp/bounded_queue.h"
#include "transports/sdp/encoder.h"
#include "transports/sdp/timer.h"
#include "transports/sdp/turn.h"

namespace xover::sdp {

class Sink {
 public:
  explicit Sink(const Settings& settings);

  bool offer(Token token, std::byte* data, std::size_t size_bytes) noexcept;
  bool change_mode(Mode mode) noexcept;
  void withdraw() noexcept;
  void set_threshold(std::uint64_t size_bytes) noexcept { threshold_bytes_ = size_bytes; }

  // Messages of the peer: null, or the rule that they break. Those that take a slot keep it until its payload has been
  // copied out; all others give it back by empty_slot().
  const char* on_data(std::uint16_t slot, const Message& message, Context& context) noexcept;
  const char* on_source_available(std::uint16_t slot, const Message& message, Context& context) noexcept;
  const char* on_write_completed(const Message& message, Context& context) noexcept;
  const char* on_cancel_source(Context& context) noexcept;
  const char* on_sink_cancelled(Context& context) noexcept;
  const char* on_change_mode(Mode mode, Context& context) noexcept;
  const char* on_disconnect(Context& context) noexcept;
  void on_acknowledged(std::uint32_t sequence) noexcept {
    if (static_cast<std::int32_t>(sequence - send_small_sequence_) >= 0) send_small_unseen_ = false;
  }
  void empty_slot(std::uint16_t slot) noexcept { empty_slots_.push(slot); }

  void registered(Ticket ticket, std::uint32_t remote_key) noexcept;
  void refused(Ticket ticket) noexcept;
  void read_finished(Context& context, bool flushed) noexcept;
  const char* tick(MonotonicNs now, Context& context) noexcept;
  MonotonicNs next_deadline() const noexcept { return answer_.deadline(); }

  void deliver(Turn& turn) noexcept;       // to receives; needs no credits
  void pump_control(Turn& turn) noexcept;  // answers
  void advertise(Turn& turn) noexcept;     // receives
  bool more() const noexcept { return more_; }

  bool at_end() const noexcept {  // of the stream, and everything has been delivered
    return ended_ && payload_.empty() && stage_left_ == 0 && reads_.empty();
  }
  // Gives all receives back. False: the list is full, or reads have not ended.
  bool return_receives(Turn& turn) noexcept;
  void forget(Context& context) noexcept;  // what the peer had sent or advertised

  // An advert of the source lies here, and nobody offers to receive it.
  bool peer_waits() const noexcept { return next_advert_ < adverts_.size() && fill_ == receives_.size(); }
  bool quiet() const noexcept;
  std::size_t offered() const noexcept { return receives_.size(); }
  Mode mode() const noexcept { return mode_; }
  std::uint32_t non_discards() const noexcept { return non_discards_; }
  std::size_t adverts_out() const noexcept { return adverts_out_; }

  void encode(Encoder& encoder, MonotonicNs now, std::uint32_t last_sent) const;
  bool operator==(const Sink&) const = default;

 private:
  enum class Memory : std::uint8_t { plain, asked, ready, refused };
  enum class Advertised : std::uint8_t {
    no,
    out,
    copied,   // ended by a Data message that is still to be copied in
    refused,  // and will not be
  };
  struct Receive {
    Token token = 0;
    std::byte* data = nullptr;
    std::uint64_t size_bytes = 0;
    std::uint64_t filled = 0;  // by copies, and by reads that may not have ended
    std::uint64_t copied = 0;
    std::uint32_t remote_key = 0;
    Ticket ticket = no_ticket;
    std::uint16_t reads = 0;  // that have not ended
    Memory memory = Memory::plain;
    Advertised advertised = Advertised::no;
    bool closed = false;  // takes no more
    bool direct = false;  // was read or written into
    bool full() const noexcept { return closed || filled == size_bytes; }
    bool operator==(const Receive&) const = default;
  };
  struct Payload {
    std::uint16_t slot = 0;
    std::uint32_t offset = 0;
    std::uint32_t size_bytes = 0;
    bool operator==(const Payload&) const = default;
  };
  struct Advert {
    std::uint64_t address = 0;
    std::uint32_t key = 0;
    std::uint32_t size_bytes = 0;
    std::uint32_t assigned = 0;  // to reads
    std::uint32_t done = 0;
    bool operator==(const Advert&) const = default;
  };
  struct Read {
    std::uint64_t receive = 0;  // number
    std::uint64_t offset = 0;   // in it
    std::uint32_t size_bytes = 0;
    bool staged = false;  // goes to the read stage instead
    bool operator==(const Read&) const = default;
  };

  Receive* first_advertised() noexcept;
  void end_adverts(Context& context) noexcept;
  void advert_ended() noexcept;
  bool reads_adverts() const noexcept { return !cancel_pending_ && !declines_ && !send_small_due_; }
  bool nothing_to_fill() const noexcept;
  void settle_cancel(Context& context) noexcept;
  void post_empty_slots(Turn& turn) noexcept;
  void register_early(Turn& turn) noexcept;
  void ask_memory(Receive& receive, Turn& turn) noexcept;
  void copy_payload(Receive& receive, Turn& turn) noexcept;
  void copy_stage(Receive& receive, Turn& turn) noexcept;
  bool read_advert(Receive& receive, Turn& turn) noexcept;
  void post_read(const PostRead& read, const Read& note, Turn& turn) noexcept;
  void complete_front(Turn& turn) noexcept;
  void pop_front(Turn& turn) noexcept;
  bool may_advertise(const Receive& receive, const Settings& settings) const noexcept;
  bool may_advertise_any(const Settings& settings) const noexcept;

  BoundedQueue<Receive> receives_;
  std::uint64_t first_receive_ = 0;  // number of the receive at the front
  std::size_t fill_ = 0;             // position of the first that is not full
  std::size_t early_ = 0;            // position of the first that was not looked at for early registration
  BoundedQueue<Payload> payload_;
  BoundedQueue<std::uint16_t> empty_slots_;
  BoundedQueue<Advert> adverts_;
  std::size_t next_advert_ = 0;  // position of the first that is not wholly assigned to reads
  BoundedQueue<Read> reads_;
  std::uint32_t unreported_ = 0;                     // bytes read
  bool advert_completed_ = false;                    // an advert among them
  std::uint32_t stage_offset_ = 0, stage_left_ = 0;  // what the read stage holds
  bool stage_reading_ = false;

  std::uint64_t threshold_bytes_;
  std::uint32_t non_discards_ = 0;  // Data messages that ended no sink advert
  std::size_t adverts_out_ = 0;
  Mode mode_, wanted_mode_;

  bool cancel_pending_ = false;  // a SrcAvailCancel waits for reads to end
  bool answer_anyhow_ = false;   // it had crossed a SendSm, which was no answer to it
  bool declines_ = false;        // adverts are to be given up as soon as reads have ended
  bool send_small_due_ = false;
  bool send_small_unseen_ = false;  // the peer had not received it when it sent its last message
  std::uint32_t send_small_sequence_ = 0;
  bool withdraw_due_ = false, withdrawing_ = false;  // SinkAvailCancel; its answer
  bool ended_ = false;                               // DisConn has come
  bool more_ = false;
  Timer answer_;
};

}  // namespace xover::sdp
