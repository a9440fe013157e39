// memcpy where both ends see the memory, else process_vm_readv(2) and process_vm_writev(2).
#include "transports/rdma/local/local_peer.h"

#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "transports/rdma/local/region_table.h"

namespace xover {

namespace {

constexpr const char* reach = "read the peer's memory";
constexpr std::size_t page_descriptor = 0, fabric_descriptor = 1, bell_descriptor = 2;

// A page of the peer: the very same in one process, else mapped.
Result<std::shared_ptr<SharedMemory>> shared_page(bool same_process, std::uint64_t id, FileDescriptor passed,
                                                  std::size_t size_bytes) {
  if (!same_process) return SharedMemory::map(std::move(passed), size_bytes);
  if (auto found = SharedMemory::find(id)) return found;
  return make_error(ErrorCode::peer_died, "meet the peer", "it has closed its end");
}

std::string yama_setting() {
  std::string setting;
  std::ifstream("/proc/sys/kernel/yama/ptrace_scope") >> setting;
  return setting.empty() ? "" : ", kernel.yama.ptrace_scope is " + setting;
}

LocalPeer::Moved moved_by_errno(int errno_value) noexcept {
  if (errno_value == ESRCH) return LocalPeer::Moved::gone;
  return errno_value == EPERM ? LocalPeer::Moved::refused : LocalPeer::Moved::bad_memory;
}

// One call moves what it can; it stops short where memory ends, and may where a signal comes.
template <typename Call>
LocalPeer::Moved move_all(Call call, pid_t process, std::uint64_t address, std::span<const iovec> own,
                          std::size_t size_bytes) noexcept {
  std::size_t skip = 0;
  while (size_bytes > 0) {
    iovec first = own.front();
    const iovec other{reinterpret_cast<void*>(address), size_bytes};
    ssize_t moved = 0;
    if (skip == 0) {
      moved = call(process, own.data(), own.size(), &other, 1, 0);
    } else {
      first = {static_cast<std::byte*>(first.iov_base) + skip, first.iov_len - skip};
      moved = call(process, &first, 1, &other, 1, 0);
    }
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return moved < 0 ? moved_by_errno(errno) : LocalPeer::Moved::bad_memory;
    address += static_cast<std::size_t>(moved);
    size_bytes -= static_cast<std::size_t>(moved);
    skip += static_cast<std::size_t>(moved);
    while (!own.empty() && skip >= own.front().iov_len) {
      skip -= own.front().iov_len;
      own = own.subspan(1);
    }
  }
  return LocalPeer::Moved::done;
}

}  // namespace

// Yama knows one process that may read this one, or any (prctl(2)). With peers in several processes it has to be any:
// those of this user, that is. Refused where there is no Yama, and then it is not needed.
void let_in(pid_t process) {
  if (process == getpid()) return;
  constexpr pid_t nobody = 0, several = -1;
  static std::atomic<pid_t> let_in_before{nobody};
  pid_t before = nobody;
  if (!let_in_before.compare_exchange_strong(before, process) && before != process) let_in_before = several;
  const bool only_one = let_in_before == process;
  (void)prctl(PR_SET_PTRACER, only_one ? static_cast<unsigned long>(process) : PR_SET_PTRACER_ANY, 0, 0, 0);
}

Result<LocalPeer> LocalPeer::open(HeardRecord&& heard, pid_t process) {
  const LineRecord& record = heard.record;
  const std::size_t descriptors = record.sleeps != 0 ? 3 : 2;
  if (!std::has_single_bit(record.receive_slots) || heard.passed.size() != descriptors) {
    return make_error(ErrorCode::bad_input, "meet the peer", "what it says of itself makes no sense");
  }
  LocalPeer peer;
  peer.process_ = process;
  peer.same_process_ = process == getpid();
  peer.sleeps_ = record.sleeps != 0;
  auto page = shared_page(peer.same_process_, record.end_id, std::move(heard.passed[page_descriptor]),
                          EndPage::size_bytes(record.receive_slots));
  if (!page) return tl::make_unexpected(page.error());
  auto fabric =
      shared_page(peer.same_process_, record.fabric_id, std::move(heard.passed[fabric_descriptor]), sizeof(FabricPage));
  if (!fabric) return tl::make_unexpected(fabric.error());
  peer.page_memory_ = std::move(*page);
  peer.fabric_memory_ = std::move(*fabric);
  peer.page_ = EndPage(peer.page_memory_->data(), record.receive_slots);
  peer.fabric_ = reinterpret_cast<FabricPage*>(peer.fabric_memory_->data());
  if (peer.sleeps_) peer.bell_ = std::move(heard.passed[bell_descriptor]);
  if (!peer.same_process_) peer.memories_.resize(max_shared_memories);
  return peer;
}

Result<void> LocalPeer::may_reach(std::uint64_t end_address) const {
  if (same_process_) return {};
  std::uint64_t word = 0;
  const iovec to{&word, sizeof word}, from{reinterpret_cast<void*>(end_address), sizeof word};
  errno = 0;
  if (process_vm_readv(process_, &to, 1, &from, 1, 0) == sizeof word && word == EndHeader::known_magic) return {};
  const std::string why = errno == EPERM ? "process_vm_readv is not permitted" : "process_vm_readv does not reach it";
  return make_error(ErrorCode::not_permitted, reach,
                    "process " + std::to_string(process_) + ": " + why + yama_setting(),
                    "run both ends as the same user and in one PID namespace, and grant CAP_SYS_PTRACE or "
                    "sysctl kernel.yama.ptrace_scope=0 where that is not enough");
}

bool LocalPeer::map(const LineRecord& record, FileDescriptor memory) noexcept {
  if (record.memory_index >= memories_.size()) return false;
  memories_[record.memory_index] = {};
  if (record.memory_bytes == 0 || !memory) return false;
  auto mapped = SharedMemory::map(std::move(memory), record.memory_bytes);
  if (!mapped) return false;
  memories_[record.memory_index] = {record.memory_address, std::move(*mapped)};
  return true;
}

void LocalPeer::tell_arrival(Arrival::Kind kind, std::uint32_t bytes, std::uint32_t immediate) noexcept {
  Arrival& arrival = page_.arrival(arrived_);
  arrival.bytes = bytes;
  arrival.immediate = immediate;
  arrival.kind = kind;
  ++arrived_;
  arrival.turn.store(arrived_, sleeps_ ? std::memory_order_seq_cst : std::memory_order_release);
}

// The key first, for each step anew, and the rest only after it: once it was found valid, with this operation under
// way, nothing of the slot changes until the operation ends.
const SharedRegion* LocalPeer::region(const RemotePiece& remote, std::uint64_t size_bytes,
                                      RemoteAccess access) const noexcept {
  const SharedRegion& region = fabric_->regions[slot_of_key(remote.key)];
  if (remote.key == 0 || region.key.load() != remote.key) return nullptr;
  const auto wanted = static_cast<std::uint32_t>(access);
  return (region.access & wanted) == wanted && holds(region, remote.address, size_bytes) ? &region : nullptr;
}

std::byte* LocalPeer::mapped_at(const Target& target, std::size_t size_bytes) const noexcept {
  if (target.memory >= memories_.size()) return nullptr;
  const Mapped& mapped = memories_[target.memory];
  if (!mapped.memory || target.address < mapped.address) return nullptr;
  const std::uint64_t offset = target.address - mapped.address, length = mapped.memory->size_bytes();
  return size_bytes <= length && offset <= length - size_bytes ? mapped.memory->data() + offset : nullptr;
}

LocalPeer::Way LocalPeer::way_to(const Target& target, std::size_t size_bytes) const noexcept {
  if (same_process_) return Way::same_process;
  return mapped_at(target, size_bytes) != nullptr ? Way::mapped : Way::system_call;
}

LocalPeer::Moved LocalPeer::write(const Target& to, std::span<const iovec> from,
                                  std::size_t size_bytes) const noexcept {
  if (size_bytes == 0) return Moved::done;
  std::byte* at = same_process_ ? reinterpret_cast<std::byte*>(to.address) : mapped_at(to, size_bytes);
  if (at == nullptr) return move_all(process_vm_writev, process_, to.address, from, size_bytes);
  for (const iovec& piece : from) {
    std::memcpy(at, piece.iov_base, piece.iov_len);
    at += piece.iov_len;
  }
  return Moved::done;
}

LocalPeer::Moved LocalPeer::read(const Target& from, std::span<const iovec> to, std::size_t size_bytes) const noexcept {
  if (size_bytes == 0) return Moved::done;
  const std::byte* at = same_process_ ? reinterpret_cast<const std::byte*>(from.address) : mapped_at(from, size_bytes);
  if (at == nullptr) return move_all(process_vm_readv, process_, from.address, to, size_bytes);
  for (const iovec& piece : to) {
    std::memcpy(piece.iov_base, at, piece.iov_len);
    at += piece.iov_len;
  }
  return Moved::done;
}

bool LocalPeer::wake() const noexcept {
  if (!sleeps_ || fabric_->sleeping.load() == 0 || fabric_->sleeping.exchange(0) == 0) return false;
  const std::uint64_t ring = 1;
  // It fails only where the counter is full, and then the bell has been rung.
  (void)!::write(bell_.get(), &ring, sizeof ring);
  return true;
}

}  // namespace xover
