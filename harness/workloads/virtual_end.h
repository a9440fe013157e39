// One end of one connection whose time is virtual: the messages it sends, the buffers it receives into, and the counts
// of the phase under way. It never waits, and reads no clock of the machine: VirtualRun tells it what time it is.
//
// lend() and turn() are data plane: they neither allocate nor log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "harness/workloads/endpoint.h"
#include "harness/workloads/message_pool.h"
#include "harness/workloads/receive_buffers.h"

namespace xover {

class VirtualEnd {
 public:
  // What a turn brought.
  struct Turn {
    std::uint64_t arrived_messages = 0;
    bool progressed = false;
  };

  static Result<VirtualEnd> open(const SampleSpec& spec, Role role, unsigned connection);

  Result<std::string> listen() { return endpoint_.listen(); }
  // What the end needs for its part of the workload is made here, too.
  Result<void> accept(MonotonicNs deadline);
  Result<void> connect(const std::string& address, MonotonicNs deadline);

  void begin_phase(MonotonicNs now);
  void add_to(SideReport& report) const;

  // Data plane.
  // Lends up to `most` messages, no more than the depth allows; true when one was accepted.
  bool lend(std::size_t most, MonotonicNs now) noexcept;
  // Tops up the offered buffers, and takes completions once.
  Turn turn(MonotonicNs now) noexcept;

  VirtualClock* clock() const { return endpoint_.session().clock(); }
  std::uint64_t sent_messages() const { return sent_messages_; }
  std::uint64_t arrived_messages() const { return arrived_messages_; }
  std::size_t in_flight() const { return in_flight_; }
  // For what a workload times itself.
  void record_latency(std::int64_t ns) { latency_.record(static_cast<std::uint64_t>(ns)); }
  const Failure& failure() const { return endpoint_.failure(); }
  Error error() const { return endpoint_.error(); }

 private:
  VirtualEnd(const SampleSpec& spec, Role role, unsigned connection, Endpoint endpoint);
  Result<void> prepare(bool to_send, bool to_receive);
  void take_release(const Completion& completion, MonotonicNs now) noexcept;
  std::uint64_t take_arrival(Completion& completion, MonotonicNs now) noexcept;

  Point point_;
  Role role_;
  std::uint64_t seed_;
  Endpoint endpoint_;

  // Sending.
  MessagePool pool_;
  std::size_t depth_ = 1;
  std::vector<MonotonicNs> lent_at_;  // by slot
  std::vector<char> on_loan_;         // by slot
  std::uint64_t next_number_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t sent_messages_ = 0, busy_ = 0;

  // Receiving.
  ReceiveBuffers buffers_;
  std::unique_ptr<PayloadChecker> checker_;
  std::uint64_t stream_position_ = 0, phase_first_position_ = 0;
  std::uint64_t arrived_messages_ = 0, partial_message_bytes_ = 0;
  std::uint64_t touched_ = 0;  // so that reading every byte has a use

  MonotonicNs first_ns_ = 0, last_ns_ = 0;
  Histogram latency_;
};

}  // namespace xover
