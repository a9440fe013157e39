// One end of one connection while it is measured: the session, its channel, the messages it sends, the buffers it
// receives into, and the counts. Opened, used and closed on one worker's thread.
//
// The loops in send_loops and receive_loops drive it: lend() and turn() are their data plane and neither allocate nor
// log. Counts are of the phase under way.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/histogram.h"
#include "core/transport.h"
#include "harness/agents/sample.h"
#include "harness/workloads/message_pool.h"
#include "transports/common/pages.h"

namespace xover {

// The highest byte of a datagram's sequence number is the phase, so that stragglers of the warm-up count nowhere.
struct Sequence {
  static constexpr int phase_shift = 56;
  static constexpr std::uint64_t of(std::uint32_t phase, std::uint64_t number) {
    return static_cast<std::uint64_t>(phase) << phase_shift | number;
  }
};

enum class Role : std::uint8_t { sender, receiver };

class ConnectionEnd {
 public:
  // What a turn brought, for the loops.
  struct Turn {
    Ticks now = 0;  // when the completions were taken; a few turns old when none of them needed the time
    std::uint64_t arrived_messages = 0;
    bool progressed = false;
  };

  static Result<std::unique_ptr<ConnectionEnd>> open(const SampleSpec& spec, Role role, unsigned connection);

  // Control plane.
  Result<std::string> listen() { return session_->listen(); }
  Result<void> accept(MonotonicNs deadline);
  Result<void> connect(const std::string& address, MonotonicNs deadline);
  Result<void> prepare_to_send();  // after connect or accept
  Result<void> prepare_to_receive();
  void begin_phase(std::uint32_t phase);
  // Adds this end's counts of the phase; the ledger and counters are those since begin_phase().
  void add_to(SideReport& report) const;

  // Data plane.
  // Lends up to `most` messages; returns how many were accepted. A dead channel sets failure().
  std::size_t lend(std::size_t most, Ticks now) noexcept;
  // Takes completions once. Blocking points sleep first, for 10 to 40 ms at the longest, so that loops see their
  // bounds.
  Turn turn() noexcept;
  // The same, and wakes by `deadline` if that comes first.
  Turn turn_until(MonotonicNs deadline) noexcept;
  // Keeps the offered buffers topped up.
  void offer_buffers() noexcept;
  void shutdown_send() noexcept { channel_->shutdown_send(); }

  const Point& point() const { return spec_.point; }
  const Limits& limits() const { return session_->limits(); }
  std::size_t in_flight() const { return in_flight_; }
  std::uint64_t sent_messages() const { return sent_messages_; }
  std::uint64_t arrived_messages() const { return arrived_messages_; }
  Histogram& latency() { return latency_; }
  bool records_release_latency = false;
  Ticks last_arrival() const { return last_arrival_; }
  const Failure& failure() const { return failure_; }
  bool closed() const { return closed_; }

  MonotonicNs first_ns = 0, last_ns = 0;  // set by the loops

 private:
  ConnectionEnd(const SampleSpec& spec, Role role, unsigned connection)
      : spec_(spec), role_(role), seed_(connection + 1) {}
  Result<void> adopt(Result<Channel*> channel);
  void renew_nap_deadline(Ticks now) noexcept;
  bool needs_time(std::size_t completions) noexcept;
  void take_release(const Completion& completion, Ticks now) noexcept;
  std::uint64_t take_arrival(Completion& completion, Ticks now) noexcept;
  std::uint64_t take_datagram(std::span<const std::byte> bytes) noexcept;
  void touch(std::span<const std::byte> bytes) noexcept;

  static constexpr std::size_t burst = 32;

  SampleSpec spec_;
  Role role_;
  std::uint64_t seed_;
  std::unique_ptr<Session> session_;
  Channel* channel_ = nullptr;
  Waiter* waiter_ = nullptr;
  bool datagrams_ = false;  // whole messages with a sequence number in front

  // Sending.
  MessagePool pool_;
  std::size_t depth_ = 1;
  std::vector<Ticks> lent_at_;     // by slot
  std::vector<bool> on_loan_;      // by slot
  std::uint64_t next_number_ = 0;  // streams: messages since the channel began; datagrams: a phase begins at slot 0
  std::uint64_t phase_first_number_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t sent_messages_ = 0, failed_messages_ = 0, busy_ = 0;

  // Receiving.
  Pages receive_pages_;
  std::size_t receive_buffer_bytes_ = 0, receive_buffers_ = 0;
  std::vector<std::uint32_t> idle_buffers_;
  std::unique_ptr<PayloadChecker> checker_;
  std::uint64_t stream_position_ = 0, phase_first_position_ = 0;
  std::uint64_t arrived_messages_ = 0, partial_message_bytes_ = 0;
  Ticks last_arrival_ = 0;
  Ticks now_ = 0;  // the last time that was read
  std::uint32_t turns_without_time_ = 0;
  MonotonicNs nap_deadline_ns_ = 0;
  Ticks nap_renewed_at_ = 0, ticks_between_renewals_ = 0;
  std::uint64_t touched_ = 0;  // so that reading every byte has a use

  std::uint32_t phase_ = 0;
  Histogram latency_;
  Ledger ledger_before_;
  std::vector<Counter> counters_before_;
  Failure failure_;
  bool closed_ = false;
  std::array<Completion, 64> completions_;
};

// "tcp.zerocopy: sendmsg: Connection reset by peer"
Error error_of(const ConnectionEnd& end);

}  // namespace xover
