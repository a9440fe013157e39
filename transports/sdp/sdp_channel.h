// A channel of an SDP session: the contract of core/transport.h on one side, the protocol machine on the other.
//
// The machine knows what is lent and what has become of it. The channel counts what its caller has not yet reaped,
// holds back `closed` until everything is back that has to come before it, and keeps the ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/rdma/fabric.h"
#include "transports/sdp/machine.h"
#include "transports/sdp/op_costs.h"
#include "transports/sdp/sdp_executor.h"
#include "transports/sdp/sdp_shared.h"
#include "transports/sdp/threshold_learner.h"

namespace xover {

class SdpChannel final : public Channel, private Cancel {
 public:
  SdpChannel(SdpShared& shared, std::uint32_t index);
  ~SdpChannel() override;

  // Control plane: what a fabric asks while two ends meet, then the beginning. A failed start has no queue pair left.
  Result<Hello> prepare(QueuePair& queue_pair, const Hello& peer_hello);
  Result<void> start(std::unique_ptr<QueuePair> queue_pair, const Hello& peer_hello);

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer> buffers) noexcept override;
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return machine_->failed() ? machine_->failure() : refusal_; }
  const Ledger& ledger() const noexcept override { return ledger_; }
  xover::Cancel* cancel() noexcept override { return this; }

  // For the session.
  void take(const WorkResult& result) noexcept;
  void progress() noexcept;
  std::size_t reap(std::span<Completion> out) noexcept;
  bool ready() const noexcept;  // reap() has something
  // When progress() has something to do although nothing happens; INT64_MAX: never. By the fabric's clock.
  MonotonicNs wants_time_at() const noexcept { return machine_->next_deadline(); }
  void look_at_clock() noexcept { turns_ = turns_between_looks; }
  // Both ends have ended in order, and this one only waits for its last messages to leave.
  bool almost_ended() const noexcept { return shut_ && peer_ended_ && !machine_->failed() && !machine_->finished(); }
  const sdp::Statistics& statistics() const noexcept { return machine_->statistics(); }
  const ThresholdLearner* learner() const noexcept { return learner_ ? &*learner_ : nullptr; }

 private:
  static constexpr unsigned turns_between_looks = 8;

  bool cancel(Token token) noexcept override;
  sdp::End own_end() const noexcept;
  Result<void> meet(const Hello& peer_hello);
  void choose_path(const SendOp& op) noexcept;
  void run() noexcept;
  void look_at_time() noexcept;
  template <typename Action>
  void execute(const Action& action) noexcept {
    executor_.execute(action);
  }
  void execute(const sdp::CompleteSend& action) noexcept;
  void execute(const sdp::CompleteReceive& action) noexcept;
  void execute(const sdp::Closed& action) noexcept;
  bool closed_is_due() const noexcept;

  SdpShared& shared_;
  const std::uint32_t index_;
  Ledger ledger_;
  SdpExecutor executor_;
  std::unique_ptr<sdp::Machine> machine_;
  sdp::Actions actions_;
  std::optional<ThresholdLearner> learner_;  // of sdp.auto
  std::optional<OpCosts> costs_;             // where it learns
  Ring<Completion> completions_;
  std::size_t lent_ops_ = 0, lent_buffers_ = 0;  // not yet reaped
  bool events_ = false;                          // since the machine was pumped
  bool shut_ = false;
  bool peer_ended_ = false;  // in order
  bool closed_seen_ = false, closed_reported_ = false;
  unsigned turns_ = 0;
  Failure closed_failure_, refusal_;
};

}  // namespace xover
