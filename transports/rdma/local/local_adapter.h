// The fabric `local`: a host channel adapter made of software, of which each end has one. What it moves, the thread
// that posts has copied: inside one process and into memory that both ends map by memcpy, else by process_vm_readv(2)
// and process_vm_writev(2).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "transports/common/file_descriptor.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/local/local_queue_pair.h"
#include "transports/rdma/local/local_state.h"
#include "transports/rdma/local/meeting_line.h"
#include "transports/rdma/local/page_pinning.h"

namespace xover {

class LocalAdapter final : public Fabric {
 public:
  // `pin`: the value of the link's option.
  static Result<std::unique_ptr<LocalAdapter>> create(const std::string& pin, const FabricShape& shape);
  ~LocalAdapter() override;

  const FabricLimits& limits() const noexcept override { return state_.limits; }

  Result<std::string> listen() override;
  Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) override;
  Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) override;

  // Of what is allocated here, peers in other processes have a mapping. Pages of the kind `huge` are private; these
  // they reach by system calls, as all other memory.
  Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind pages, RemoteAccess access) override;
  Result<std::unique_ptr<FabricPages>> allocate_pages(std::size_t size_bytes, PageKind pages) override;

  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override;
  Failure deregister(std::uint64_t handle) noexcept override;

  std::size_t poll(std::span<WorkResult> out) noexcept override;
  bool can_sleep() const noexcept override { return state_.shape.sleeps; }
  void wait(MonotonicNs deadline) noexcept override;

  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  class SharedPages;
  class Memory;

  LocalAdapter() = default;

  Result<void> make_bell();
  Result<std::unique_ptr<LocalQueuePair>> new_queue_pair(const char* operation);
  Result<void> introduce(const MeetingLine& line, const LocalQueuePair& queue_pair, LineRecord::Kind kind,
                         const Hello& hello, MonotonicNs deadline) const;
  Result<void> tell_memory(const MeetingLine& line, std::uint32_t index, MonotonicNs deadline) const;
  Result<Hello> learn_peer(const MeetingLine& line, LineRecord::Kind kind, LocalPeer& peer, MonotonicNs deadline) const;
  Result<Hello> meet_listener(LocalQueuePair& queue_pair, const std::string& address, const Prepare& prepare,
                              MonotonicNs deadline);
  Result<Hello> meet_connector(LocalQueuePair& queue_pair, MeetingLine& line, const Prepare& prepare,
                               MonotonicNs deadline);
  Result<Connected> connected(std::unique_ptr<LocalQueuePair> queue_pair, Result<Hello> hello);
  std::uint32_t share(const std::shared_ptr<SharedMemory>& memory);
  void unshare(std::uint32_t index);
  void tell_peers_of_memory(std::uint32_t index) const;
  std::uint32_t shared_index_of(std::span<const std::byte> pages) const noexcept;
  bool anything_ready() const noexcept;
  void sleep(MonotonicNs deadline) noexcept;

  LocalState state_;
  std::unique_ptr<PagePinning> pinning_;
  std::vector<std::shared_ptr<SharedMemory>> memories_;  // by the index that peers know; null: gone
  FileDescriptor listener_, bell_, sleeper_;             // sleeper_: an epoll of the bell and all lines
  std::string address_;
  std::uint32_t next_index_ = 0;
  std::size_t first_polled_ = 0;
  bool met_process_ = false, met_thread_ = false;
};

}  // namespace xover
