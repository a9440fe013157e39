// A session of inproc: its channels, its place in the registry, its sleep, and ops shared by several channels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/inproc/channel.h"
#include "transports/inproc/faults.h"
#include "transports/inproc/registry.h"
#include "transports/inproc/wakeup.h"

namespace xover {

class InprocSession final : public Session, public Waiter, public Fanout {
 public:
  explicit InprocSession(const OpenParameters& parameters);
  ~InprocSession() override;

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return this; }
  Fanout* fanout() noexcept override { return this; }
  std::vector<Counter> counters() const override;

  void wait(MonotonicNs deadline) noexcept override;
  Submitted submit(const SendOp& op, std::span<Channel* const> channels) noexcept override;

 private:
  Result<Channel*> add_channel(std::shared_ptr<Connection> connection, InprocRole role);
  bool full() const noexcept { return channels_.size() == limits_.max_channels; }
  bool has_work() noexcept;

  Limits limits_;
  PageKind pages_;
  Faults faults_;
  std::shared_ptr<Wakeup> wakeup_;
  std::shared_ptr<InprocListener> listener_;  // null until listen()
  std::string address_;
  std::vector<SharedOp> shared_ops_;
  std::vector<Pages> arenas_;
  std::vector<std::unique_ptr<InprocChannel>> channels_;
  std::size_t next_reaped_ = 0;  // the channel that the next reap begins with, so that none starves
  std::uint64_t sleeps_ = 0;
};

}  // namespace xover
