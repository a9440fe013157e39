// A session over DPDK: one end of a link, its ports, and the channels on them.
//
// On some links every channel has a port of its own, on others all share one; frames find their channel by the number
// of their connection. reap() takes one burst from each port and looks at the clock only in turns that brought nothing,
// and now and then under load.
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/dpdk/dpdk_channel.h"
#include "transports/dpdk/dpdk_shared.h"
#include "transports/dpdk/link_side.h"

namespace xover {

class DpdkSession final : public Session, private Waiter {
 public:
  static Result<std::unique_ptr<DpdkSession>> open(const OpenParameters& parameters, DpdkWay way);
  ~DpdkSession() override;

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override { return link_->listen(); }
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return link_->traits().receive_events ? this : nullptr; }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  struct PortUse {
    std::shared_ptr<Port> port;
    std::vector<DpdkChannel*> channels;
    bool was_empty = false;  // a burst since the last look around took all there was
  };

  DpdkSession(const OpenParameters& parameters, const Limits& limits, const DpdkSettings& settings,
              std::unique_ptr<LinkSide> link);
  Result<void> make_pools(const OpenParameters& parameters);
  Result<void> make_memory(const OpenParameters& parameters);
  Result<Channel*> adopt(Result<Meeting> meeting);
  void use_port(DpdkChannel& channel);
  void keep(std::shared_ptr<const void> memory);

  bool receive_from(PortUse& use) noexcept;
  DpdkChannel* channel_of(PortUse& use, const rte_mbuf& frame) noexcept;
  bool progress() noexcept;
  void look_around(bool moved) noexcept;
  bool ready() const noexcept;
  void wait(MonotonicNs deadline) noexcept override;
  void sleep(MonotonicNs deadline) noexcept;
  std::size_t absent_mbufs() const;  // missing, or in queues that free late
  std::size_t missing_mbufs() const;

  // What is below goes first: channels, then what frames are made from, then the ports.
  const Limits limits_;
  const PageKind pages_;
  const std::unique_ptr<LinkSide> link_;
  DpdkShared shared_;
  std::vector<Pages> copied_arenas_;  // that frames never point into
  std::vector<PortUse> ports_;
  std::vector<std::unique_ptr<DpdkChannel>> channels_;  // by index
  std::vector<pollfd> watched_;
  std::size_t next_reaped_ = 0;  // the channel that the next reap begins with, so that none starves
  unsigned turns_ = 0;           // since the last look at the clock
  MonotonicNs looked_at_ = 0;
};

}  // namespace xover
