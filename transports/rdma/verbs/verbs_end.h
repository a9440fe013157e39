// One end of the fabric `verbs`: a device, one completion queue, and the connections of this end.
//
// The completion queue is looked at in each poll(); what needs a system call (has a peer gone? is one silent?) every
// few milliseconds, and in each wait().
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "transports/common/rdma_peer.h"
#include "transports/rdma/verbs/verbs_completions.h"
#include "transports/rdma/verbs/verbs_device.h"
#include "transports/rdma/verbs/verbs_queue_pair.h"

namespace xover {

class VerbsEnd final : public Fabric {
 public:
  static Result<std::unique_ptr<VerbsEnd>> open(const OpenParameters& parameters, const FabricShape& shape);

  const FabricLimits& limits() const noexcept override { return limits_; }
  Result<std::string> listen() override;
  Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) override;
  Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) override;

  Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind pages, RemoteAccess access) override;
  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override;
  Failure deregister(std::uint64_t handle) noexcept override;

  std::size_t poll(std::span<WorkResult> out) noexcept override;
  bool can_sleep() const noexcept override { return completions_->sleeps(); }
  void wait(MonotonicNs deadline) noexcept override;

  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

  // For its queue pairs.
  void add(VerbsQueuePair& queue_pair);
  void remove(const VerbsQueuePair& queue_pair) noexcept;
  void ended() noexcept { ended_ = true; }
  VerbsCompletions& completions() noexcept { return *completions_; }
  VerbsCounters& counted() noexcept { return counters_; }

 private:
  struct Request;  // for a connection, from a peer

  VerbsEnd(VerbsDevice device, const OpenParameters& parameters, const FabricShape& shape);
  Result<void> find_inline_limit();
  Result<void> room_for_queue_pair(const char* operation) const;
  Result<std::unique_ptr<VerbsQueuePair>> make_queue_pair(VerbsHandle<rdma_event_channel> events,
                                                          VerbsHandle<rdma_cm_id> id);
  ibv_qp_init_attr queue_pair_attributes(std::size_t inline_bytes) const;
  Result<VerbsHandle<rdma_cm_id>> reach(rdma_event_channel* events, const std::string& address, MonotonicNs deadline);
  Result<Request> next_request(MonotonicNs deadline);

  VerbsQueuePair* at(std::uint32_t index) const noexcept { return index < all_.size() ? all_[index] : nullptr; }
  void look() noexcept;
  void watch() noexcept;  // brings watched_ up to date

  VerbsDevice device_;
  RdmaPeer peer_;
  FabricShape shape_;
  FabricLimits limits_;
  std::unique_ptr<VerbsCompletions> completions_;
  VerbsCounters counters_;
  std::vector<VerbsQueuePair*> all_;  // by index; null: gone
  std::size_t living_ = 0;
  std::vector<pollfd> watched_;  // the completion channel, then each of all_ that can end
  bool ended_ = false;           // a queue pair did, since the last look
  bool listening_ = false;
  Ticks next_look_ = 0;
  MonotonicNs last_look_ = 0;
};

}  // namespace xover
