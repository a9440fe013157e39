// A session over one io_uring: its channels are entries of the ring, so one call into the kernel serves them all.
//
// Ops that were submitted, and buffers that were offered, go to the kernel with the next reap() or wait(), together and
// in one call. reap() makes that call only where there is something to submit or the kernel has work for this thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/common/sigpipe_block.h"
#include "transports/common/tcp_sockets.h"
#include "transports/common/udp_sockets.h"
#include "transports/uring/uring_channel.h"
#include "transports/uring/uring_shared.h"

namespace xover {

class UringSession final : public Session, private Waiter {
 public:
  static Result<std::unique_ptr<UringSession>> open(const OpenParameters& parameters, UringPath path);
  ~UringSession() override;

  const Limits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return this; }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  UringSession(const Limits& limits, const UringSettings& settings, std::unique_ptr<UringRing> ring,
               const OpenParameters& parameters);
  Result<void> prepare(const OpenParameters& parameters);
  Result<void> room_for_channel(const char* operation) const;
  Result<Channel*> adopt(Result<FileDescriptor> socket);

  void wait(MonotonicNs deadline) noexcept override;
  void drain() noexcept;
  void pump() noexcept;
  void keep_sigpipe_off() noexcept;
  void enter() noexcept;
  void entered(int result) noexcept;
  bool all_dead() const noexcept;

  // In the order in which they are needed: what is below goes first.
  Limits limits_;
  std::optional<TcpSockets> tcp_;
  std::optional<UdpSockets> udp_;
  PageKind pages_;
  std::vector<Pages> arenas_;
  SigpipeBlock sigpipe_;
  std::unique_ptr<UringRing> ring_;
  std::unique_ptr<ProvidedBuffers> provided_;
  std::unique_ptr<FixedBuffers> fixed_;
  UringShared shared_;
  std::vector<std::unique_ptr<UringChannel>> channels_;  // by index
  bool put_off_ = false;                                 // the last reap() had something to submit and did not
};

}  // namespace xover
