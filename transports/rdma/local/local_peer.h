// The peer as this end of a connection sees it: what it posted, what it registered, and the three ways to its memory.
// Whoever is in the middle of an Operation is in the peer's memory; the peer waits for its end before it takes anything
// away. Data plane but for open() and may_reach().
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/error.h"
#include "transports/common/file_descriptor.h"
#include "transports/rdma/local/meeting_line.h"
#include "transports/rdma/local/shared_layout.h"
#include "transports/rdma/local/shared_memory.h"

namespace xover {

class LocalPeer {
 public:
  // Memory of the peer, at its address.
  struct Target {
    std::uint64_t address = 0;
    std::uint32_t memory = no_memory_index;
  };
  enum class Moved : std::uint8_t {
    done,
    bad_memory,  // no such memory at one of the two ends
    gone,        // no such process
    refused,     // which no longer lets this one in
  };
  enum class Way : std::uint8_t { same_process, mapped, system_call };

  LocalPeer() = default;
  // By the peer's hello or welcome. `process` as MeetingLine::peer_process() says.
  static Result<LocalPeer> open(HeardRecord&& heard, pid_t process);
  // Tries process_vm_readv(2) on the peer; not_permitted with a remedy.
  Result<void> may_reach(std::uint64_t end_address) const;
  // Maps what a record of kind `memory` brings: mmap(2) and a small allocation, once for each memory; or unmaps it,
  // where the peer says that it is gone. False: nothing is mapped, and what there is, is reached by system calls.
  bool map(const LineRecord& record, FileDescriptor memory) noexcept;

  bool same_process() const noexcept { return same_process_; }

  class Operation {
   public:
    explicit Operation(LocalPeer& peer) noexcept : peer_(peer) {
      peer_.page_.header().peers_operations.store(++peer_.operations_);
    }
    ~Operation() { peer_.page_.header().peers_operations.store(++peer_.operations_, std::memory_order_release); }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

   private:
    LocalPeer& peer_;
  };

  Ending ending() const noexcept { return static_cast<Ending>(page_.header().ending.load()); }

  // The oldest receive that it posted and that nothing has arrived in; null: none.
  const PostedReceive* posted_receive() const noexcept {
    const PostedReceive& next = page_.receive(arrived_);
    return next.turn.load(std::memory_order_acquire) == arrived_ + 1 ? &next : nullptr;
  }
  // Something arrived in it, or was too long for it. The peer may still have to be woken up.
  void tell_arrival(Arrival::Kind kind, std::uint32_t bytes, std::uint32_t immediate) noexcept;

  // The region of this key, if the peer has it, it holds the range and allows this access; else null.
  const SharedRegion* region(const RemotePiece& remote, std::uint64_t size_bytes, RemoteAccess access) const noexcept;

  Way way_to(const Target& target, std::size_t size_bytes) const noexcept;
  Moved write(const Target& to, std::span<const iovec> from, std::size_t size_bytes) const noexcept;
  Moved read(const Target& from, std::span<const iovec> to, std::size_t size_bytes) const noexcept;

  // True when the peer slept and its bell was rung.
  bool wake() const noexcept;

 private:
  struct Mapped {
    std::uint64_t address = 0;
    std::shared_ptr<SharedMemory> memory;
  };

  std::byte* mapped_at(const Target& target, std::size_t size_bytes) const noexcept;

  pid_t process_ = 0;
  bool same_process_ = false, sleeps_ = false;
  EndPage page_;
  FabricPage* fabric_ = nullptr;
  std::uint32_t operations_ = 0;  // this end's, begun and ended
  std::uint32_t arrived_ = 0;     // receives of the peer that this end has filled
  std::shared_ptr<SharedMemory> page_memory_, fabric_memory_;
  FileDescriptor bell_;
  std::vector<Mapped> memories_;  // by index
};

// How many memories of one fabric its peers map; further ones are reached by system calls.
inline constexpr std::uint32_t max_shared_memories = 1024;

// Lets a process read this one, where Yama guards it (PR_SET_PTRACER in prctl(2)). Control plane.
void let_in(pid_t process);

}  // namespace xover
