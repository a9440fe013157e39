// A session of rdma.*: a fabric, the memory registered with it, and the channels on its queue pairs. Nothing here looks
// at a clock: a fabric tells everything by results, the end of a peer included.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/rdma/rdma_channel.h"
#include "transports/rdma/rdma_shared.h"

namespace xover {

class RdmaSession final : public Session, private Waiter {
 public:
  static Result<std::unique_ptr<Session>> open(const OpenParameters& parameters, RdmaWay way);
  // As above, over this fabric.
  static Result<std::unique_ptr<Session>> open_over(std::unique_ptr<Fabric> fabric, const OpenParameters& parameters,
                                                    RdmaWay way);
  ~RdmaSession() override;

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override { return fabric_->listen(); }
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return fabric_->can_sleep() ? this : nullptr; }
  VirtualClock* clock() noexcept override { return clock_ = fabric_->clock(); }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  RdmaSession(std::unique_ptr<Fabric> fabric, const Limits& limits, const RdmaSettings& settings)
      : limits_(limits), fabric_(std::move(fabric)), shared_{*fabric_, limits_, settings, nullptr, {}} {}
  using Meet = std::function<Result<Fabric::Connected>(const Fabric::Prepare&)>;
  Result<Channel*> add_channel(const char* operation, const Meet& meet);
  bool take_results() noexcept;
  bool ready() const noexcept;
  void wait(MonotonicNs deadline) noexcept override;

  // What is below goes first: channels, then memory, then the fabric.
  const Limits limits_;
  const std::unique_ptr<Fabric> fabric_;
  RdmaShared shared_;
  std::vector<std::unique_ptr<RdmaChannel>> channels_;  // by index
  std::vector<RdmaChannel*> by_queue_pair_;             // null: that one came to nothing
  std::array<WorkResult, 64> results_;
  std::size_t next_reaped_ = 0;    // the channel that the next reap begins with, so that none starves
  VirtualClock* clock_ = nullptr;  // that a caller has asked for: asking takes over the time of the fabric
};

}  // namespace xover
