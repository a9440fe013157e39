// The sending side of workload `fanout`: one worker, one session, a channel to each receiver, and every message to all
// of them. A message's memory is used again when all have let go of it.
//
// Where the session can take one op for many channels it gets one; else every channel gets an op of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "harness/workloads/end.h"
#include "harness/workloads/endpoint.h"
#include "harness/workloads/message_pool.h"

namespace xover {

class FanoutSender final : public End {
 public:
  static Result<std::unique_ptr<End>> open(const SampleSpec& spec);

  Result<std::string> listen() override { return endpoint_.listen(); }
  Result<void> accept(MonotonicNs deadline) override { return endpoint_.accept(deadline); }
  Result<void> connect(std::span<const std::string> addresses, MonotonicNs deadline) override;
  Result<void> run_phase(const PhaseOrder& order, const Expectation& expected) override;
  std::uint64_t sent_messages() const override { return sent_messages_; }
  void add_to(SideReport& report) const override;

 private:
  struct Slot {
    Ticks lent_at = 0;
    std::uint32_t held_by = 0;  // ops that are due or not yet released
  };

  FanoutSender(const SampleSpec& spec, Endpoint endpoint);
  void begin_phase(std::uint32_t phase);
  Result<void> drain();
  // Data plane.
  void begin_messages(Ticks now) noexcept;
  void lend() noexcept;
  void lend_to_all() noexcept;
  void lend_to(std::uint32_t receiver) noexcept;
  void note_stop(Stop stop, std::uint32_t receiver) noexcept;
  bool turn() noexcept;
  void take_release(const Completion& completion, Ticks now) noexcept;
  std::uint32_t failed_receiver(const Completion& completion) const noexcept;

  static constexpr std::size_t burst = 32;

  SampleSpec spec_;
  Endpoint endpoint_;
  Fanout* fanout_;
  MessagePool pool_;
  std::vector<Slot> slots_;
  std::size_t depth_;
  std::uint64_t begun_ = 0;          // messages; those of a phase begin at slot 0
  std::vector<std::uint64_t> next_;  // by receiver, or one for all: the message that it gets next
  std::size_t in_flight_ = 0;        // messages begun and not yet released by all

  std::uint32_t phase_ = 0;
  std::uint64_t phase_first_ = 0;
  std::uint64_t sent_messages_ = 0, failed_messages_ = 0, busy_ = 0;
  MonotonicNs first_ns_ = 0, last_ns_ = 0;
  Histogram latency_;
};

}  // namespace xover
