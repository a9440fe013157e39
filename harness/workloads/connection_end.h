// One end of one connection of the workloads stream, pingpong and paced, while it is measured: the messages it sends,
// the buffers it receives into, and the counts of the phase under way.
//
// The loops in send_loops and receive_loops drive it: lend() and turn() are their data plane and neither allocate nor
// log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "harness/workloads/arriving_datagram.h"
#include "harness/workloads/end.h"
#include "harness/workloads/endpoint.h"
#include "harness/workloads/message_pool.h"
#include "harness/workloads/receive_buffers.h"

namespace xover {

// The highest byte of a datagram's sequence number is the phase, so that stragglers of the warm-up count nowhere.
struct Sequence {
  static constexpr int phase_shift = 56;
  static constexpr std::uint64_t of(std::uint32_t phase, std::uint64_t number) {
    return static_cast<std::uint64_t>(phase) << phase_shift | number;
  }
  static constexpr std::uint32_t phase(std::uint64_t sequence) {
    return static_cast<std::uint32_t>(sequence >> phase_shift);
  }
  static constexpr std::uint64_t number(std::uint64_t sequence) { return sequence & ((1ull << phase_shift) - 1); }
};

class ConnectionEnd final : public End {
 public:
  // What a turn brought, for the loops.
  struct Turn {
    Ticks now = 0;  // when the completions were taken; a few turns old when none of them needed the time
    std::uint64_t arrived_messages = 0;
    bool progressed = false;
  };

  static Result<std::unique_ptr<End>> open(const SampleSpec& spec, Role role, unsigned connection);

  Result<std::string> listen() override { return endpoint_.listen(); }
  Result<void> accept(MonotonicNs deadline) override;
  Result<void> connect(std::span<const std::string> addresses, MonotonicNs deadline) override;
  Result<void> run_phase(const PhaseOrder& order, const Expectation& expected) override;
  std::uint64_t sent_messages() const override { return sent_messages_; }
  void add_to(SideReport& report) const override;

  // Data plane.
  // Lends up to `most` messages; returns how many were accepted. A dead channel sets failure().
  std::size_t lend(std::size_t most, Ticks now) noexcept;
  // Takes completions once: see Endpoint::take().
  Turn turn() noexcept { return take(endpoint_.take()); }
  Turn turn_until(MonotonicNs deadline) noexcept { return take(endpoint_.take_until(deadline)); }
  // Keeps the offered buffers topped up.
  void offer_buffers() noexcept { buffers_.offer_to(endpoint_.channel()); }
  // Pingpong: how many of `arrived` further messages are to be answered, beside those owed already. Of datagrams only
  // the newest is: whoever sent it no longer waits for the others.
  std::uint64_t owed_with(std::uint64_t owed, std::uint64_t arrived) const { return datagrams_ ? 1 : owed + arrived; }
  void time_releases() { endpoint_.times_releases = true; }

  const Point& point() const { return spec_.point; }
  const Limits& limits() const { return endpoint_.limits(); }
  std::size_t in_flight() const { return in_flight_; }
  std::uint64_t arrived_messages() const { return arrived_messages_; }
  Histogram& latency() { return latency_; }
  Ticks last_arrival() const { return last_arrival_; }
  const Failure& failure() const { return endpoint_.failure(); }
  Error error() const { return endpoint_.error(); }

 private:
  ConnectionEnd(const SampleSpec& spec, Role role, unsigned connection, Endpoint endpoint);
  Result<void> prepare(bool to_send, bool to_receive);
  void begin_phase(std::uint32_t phase);
  Turn take(std::span<Completion> completions) noexcept;
  void take_release(const Completion& completion, Ticks now) noexcept;
  std::uint64_t take_arrival(Completion& completion, Ticks now) noexcept;
  std::uint64_t take_datagram(const Completion& completion, std::span<const std::byte> bytes) noexcept;
  std::uint64_t count_datagram(std::uint64_t number) noexcept;
  std::uint64_t take_stream(std::span<const std::byte> bytes, std::uint64_t count) noexcept;

  static constexpr std::size_t burst = 32;

  SampleSpec spec_;
  Role role_;
  std::uint64_t seed_;
  Endpoint endpoint_;
  bool datagrams_;

  // Sending.
  MessagePool pool_;
  std::size_t depth_ = 1;
  std::vector<Ticks> lent_at_;     // by slot
  std::vector<char> on_loan_;      // by slot
  std::uint64_t next_number_ = 0;  // streams: messages since the channel began; datagrams: a phase begins at slot 0
  std::uint64_t phase_first_number_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t sent_messages_ = 0, failed_messages_ = 0, busy_ = 0;

  // Receiving.
  ReceiveBuffers buffers_;
  std::unique_ptr<PayloadChecker> checker_;
  ArrivingDatagram arriving_;
  std::uint64_t stream_position_ = 0, phase_first_position_ = 0;
  std::uint64_t arrived_messages_ = 0, partial_message_bytes_ = 0, late_answers_ = 0;
  Ticks last_arrival_ = 0;
  std::uint64_t touched_ = 0;  // so that reading every byte has a use

  std::uint32_t phase_ = 0;
  MonotonicNs first_ns_ = 0, last_ns_ = 0;
  Histogram latency_;
};

}  // namespace xover
