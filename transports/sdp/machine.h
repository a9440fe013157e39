// The protocol machine of one end of an SDP connection: events in, actions out, and nothing else. It has no clock, does
// no input or output, and never looks at payload.
//
//   submit, offer, cancel, ...     --+                   +--> PostMessage, PostRead, PostWrite
//   received, *_finished           --+--> Machine::pump --+--> Register, Release, Copy, PostReceive
//   registered, refused, tick, lost -+                   +--> CompleteSend, CompleteReceive, Closed, Abort
//
// Events change the state; pump() then says what is to be done, in order. It must be called after events, before the
// executor sleeps, and again while it returns true. Several events may go before one pump(). Executing an action may
// raise an event at once (a registration that is found in a cache): events are legal between the actions of a list.
//
// A machine is a value: it can be copied and compared. It takes all memory when it is constructed; events and pump()
// never allocate. What the peer sends can never break it: whatever is against the protocol ends in Abort. What its
// executor does wrong asserts.
//
// The rules are told where they are kept: credits and sequence numbers in line.h, sending in source.h, receiving in
// sink.h. What was decided where the open implementations differ:
//   Accounting in Combined mode: a SrcAvail covers all of its bytes, those that it carries included; the sink reads
//     the others only, and RdmaRdCompl counts these only.
//   RdmaRdCompl counts bytes against the oldest adverts in order, and may span several.
//   RdmaWrCompl ends the oldest sink advert, however much of it was written.
//   The source leaves Pipelined or Combined for a lower mode only when no SrcAvail is outstanding.
//   SendSm returns all source adverts that are outstanding; those that it crossed are dropped by the sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/transport.h"
#include "transports/sdp/actions.h"
#include "transports/sdp/line.h"
#include "transports/sdp/message.h"
#include "transports/sdp/settings.h"
#include "transports/sdp/sink.h"
#include "transports/sdp/source.h"
#include "transports/sdp/statistics.h"
#include "transports/sdp/tickets.h"

namespace xover::sdp {

class Machine {
 public:
  // All private receive buffers are posted, and the greetings (hello.h) have been exchanged.
  explicit Machine(const Settings& settings);

  // From the application; the contract of core/transport.h.
  // False: `depth` ops are not yet released, or the sending half has ended. The array of segments is lent as well.
  bool submit(Token token, std::span<const Segment> segments) noexcept;
  // False: `max_offered` receives are not yet completed, or the receiving half has ended. Not empty.
  bool offer(Token token, std::byte* data, std::size_t size_bytes) noexcept;
  // False: unknown, or past recall.
  bool cancel(Token token) noexcept;
  void shutdown() noexcept;  // DisConn behind all that was submitted
  void abort() noexcept;

  // From the fabric.
  void received(std::uint16_t slot, std::span<const std::byte> bytes) noexcept;  // parses it
  void received(std::uint16_t slot, const Message& message) noexcept;
  void sends_finished(std::size_t count = 1) noexcept;  // the stages of the oldest messages are free
  void read_finished() noexcept;                        // the oldest read
  void write_finished() noexcept;                       // the oldest write
  // The queue pair has failed. Reads and writes that were posted and flushed are told by flushed_*(), before or after.
  void lost(const Failure& failure) noexcept;
  void flushed_read() noexcept;
  void flushed_write() noexcept;

  // From the registration of memory, for each Register once. The remote key is what the peer needs.
  void registered(Ticket ticket, std::uint32_t remote_key) noexcept;
  void refused(Ticket ticket, const Failure& failure) noexcept;

  // The time, which must not go back. Wanted when next_deadline() says so: INT64_MAX, never; 0, as soon as convenient,
  // because something began to wait for which the machine had no time to count from.
  void tick(MonotonicNs now) noexcept;
  MonotonicNs next_deadline() const noexcept;

  // Appends actions; true: there may be more, clear the list and call again.
  bool pump(Actions& actions) noexcept;

  // Policy that may change while it runs; begins with the next op and the next receive.
  void set_threshold(std::uint64_t source_bytes, std::uint64_t sink_bytes) noexcept;
  // Asks for a change of mode: of the half in which this end sends (`send_half`), or in which it receives. It is made
  // as soon as the protocol allows. False: no legal change from the mode as it is now.
  bool change_mode(bool send_half, Mode mode) noexcept;
  // Takes the sink's adverts back; the receives wait on, without one.
  void withdraw_receives() noexcept;

  Mode source_mode() const noexcept { return source_.mode(); }
  Mode sink_mode() const noexcept { return sink_.mode(); }
  std::size_t ops() const noexcept { return source_.ops(); }            // submitted and not released
  std::size_t offered() const noexcept { return sink_.offered(); }      // and not completed
  bool failed() const noexcept { return static_cast<bool>(failure_); }  // aborted, or lost before its orderly end
  const Failure& failure() const noexcept { return failure_; }
  // Both halves have ended in order and all messages have left: the queue pair may go.
  bool finished() const noexcept;
  // Nothing is under way: no op, no advert, no read, no write, no message whose send has not ended.
  bool quiet() const noexcept;

  const Settings& settings() const noexcept { return settings_; }
  const Statistics& statistics() const noexcept { return statistics_; }

  // For exploration. The form has no absolute sequence numbers, addresses or times: machines that will behave alike
  // from now on have the same. Without the NonDiscards counts, of which only the differences to the peer's mean
  // anything, and without what is only counted. Appends.
  void encode_state(std::vector<std::byte>& to, Names* names = nullptr) const;
  bool operator==(const Machine& other) const;

  // For invariants. Credits that this end may spend; buffers that it has posted; the NonDiscards counts of both halves,
  // which agree with the peer's when nothing is under way.
  std::int32_t credits() const noexcept { return line_.credits(); }
  std::uint16_t posted() const noexcept { return line_.posted(); }
  std::uint32_t source_non_discards() const noexcept { return source_.non_discards(); }
  std::uint32_t sink_non_discards() const noexcept { return sink_.non_discards(); }
  std::size_t source_adverts() const noexcept { return source_.adverts_out(); }
  std::size_t sink_adverts() const noexcept { return sink_.adverts_out(); }

 private:
  Context context() noexcept { return {settings_, line_, tickets_, statistics_}; }
  const char* handle(std::uint16_t slot, const Message& message) noexcept;
  void fail(const Failure& failure, bool queue_pair_lives) noexcept;
  bool pump_ended(Turn& turn) noexcept;
  void pump_close(Turn& turn) noexcept;
  void pump_credits(Turn& turn) noexcept;
  void release(Turn& turn) noexcept;

  Settings settings_;
  Line line_;
  Tickets tickets_;
  Source source_;
  Sink sink_;
  Statistics statistics_;
  Failure failure_;
  MonotonicNs now_ = 0;
  bool shutdown_ = false, disconnect_sent_ = false;
  bool disconnect_received_ = false, closed_told_ = false;
  bool lost_ = false;       // the queue pair is gone
  bool abort_due_ = false;  // it is not, and must
  bool peer_aborted_ = false;
  bool receive_size_due_ = false;  // the answer to a ChRcvBuf
};

}  // namespace xover::sdp
