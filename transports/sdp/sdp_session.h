// A session of SDP connections over one fabric: their rendezvous, their results, their time.
//
// Every result of the fabric goes to the channel of its queue pair; then each channel does what it can. A channel's
// machine asks for the time only when something of it waits.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/rdma/fabric.h"
#include "transports/sdp/sdp_channel.h"
#include "transports/sdp/sdp_shared.h"

namespace xover {

class SdpSession final : public Session, private Waiter {
 public:
  static Result<std::unique_ptr<SdpSession>> open(const OpenParameters& parameters, SdpWay way);
  // As open() does, over this fabric.
  static Result<std::unique_ptr<SdpSession>> open_over(std::unique_ptr<Fabric> fabric, const OpenParameters& parameters,
                                                       SdpWay way);
  ~SdpSession() override;

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override { return fabric_->listen(); }
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return fabric_->can_sleep() ? this : nullptr; }
  // Who asks for it has taken over the time of the fabric, so it is asked for only by callers.
  VirtualClock* clock() noexcept override { return clock_ = fabric_->clock(); }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  SdpSession(std::unique_ptr<Fabric> fabric, const OpenParameters& parameters, const Limits& limits,
             const SdpSettings& settings);
  template <typename Meet>
  Result<Channel*> meet(const char* operation, Meet&& by);

  void append_learned(std::vector<Counter>& list) const;
  void take_results() noexcept;
  void set_alarm() noexcept;
  bool ready() const noexcept;
  void wait(MonotonicNs deadline) noexcept override;

  // What is below goes first: channels, what they have registered, arenas, the fabric.
  const Limits limits_;
  const PageKind pages_;
  const std::unique_ptr<Fabric> fabric_;
  std::vector<std::unique_ptr<FabricPages>> arenas_;
  SdpShared shared_;
  std::vector<std::unique_ptr<SdpChannel>> channels_;  // by index
  std::vector<SdpChannel*> by_queue_pair_;             // by QueuePair::index(); null: none of a channel
  std::array<WorkResult, 32> results_;
  std::size_t next_reaped_ = 0;  // the channel that the next reap begins with, so that none starves
  VirtualClock* clock_ = nullptr;
  AccountTime asleep_since_ = 0;
  bool slept_ = false;
};

}  // namespace xover
