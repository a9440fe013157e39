// Three ways to pin pages.
#include "transports/rdma/local/page_pinning.h"

#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/units.h"
#include "transports/common/file_descriptor.h"

namespace xover {

namespace {

class NoPinning final : public PagePinning {
 public:
  Failure pin(std::uint32_t, std::span<std::byte>) noexcept override { return {}; }
  Failure unpin(std::uint32_t, std::span<std::byte>) noexcept override { return {}; }
  std::string how() const override { return "not pinned"; }
};

// A ring that nothing is ever submitted to, for its table of buffers (io_uring_register(2)). Such a registration pins
// as that of an RDMA card does: for long, and each one by itself, however they overlap.
class UringPinning final : public PagePinning {
 public:
  static Result<std::unique_ptr<PagePinning>> open(std::uint32_t slots) {
    io_uring_params parameters{};
    FileDescriptor ring(static_cast<int>(syscall(SYS_io_uring_setup, 1, &parameters)));
    if (!ring) {
      const char* const remedy =
          errno == EPERM || errno == EACCES ? "sysctl kernel.io_uring_disabled=0, or pin=mlock" : "use pin=mlock";
      return system_error("io_uring_setup", "", remedy);
    }
    io_uring_rsrc_register table{};
    table.nr = slots;
    table.flags = IORING_RSRC_REGISTER_SPARSE;
    if (syscall(SYS_io_uring_register, ring.get(), IORING_REGISTER_BUFFERS2, &table, sizeof table) != 0) {
      return system_error("io_uring_register", std::to_string(slots) + " slots", "use pin=mlock");
    }
    return std::unique_ptr<PagePinning>(new UringPinning(std::move(ring)));
  }
  // Before the ring is closed, which the kernel does later, at its leisure.
  ~UringPinning() override { syscall(SYS_io_uring_register, ring_.get(), IORING_UNREGISTER_BUFFERS, nullptr, 0); }

  Failure pin(std::uint32_t slot, std::span<std::byte> pages) noexcept override { return set(slot, pages); }
  Failure unpin(std::uint32_t slot, std::span<std::byte>) noexcept override { return set(slot, {}); }
  std::string how() const override { return "pinned by io_uring"; }

 private:
  explicit UringPinning(FileDescriptor ring) : ring_(std::move(ring)) {}

  Failure set(std::uint32_t slot, std::span<std::byte> pages) noexcept {
    const iovec range{pages.data(), pages.size()};
    const std::uint64_t tag = 0;
    io_uring_rsrc_update2 update{};
    update.offset = slot;
    update.data = reinterpret_cast<std::uintptr_t>(&range);
    update.tags = reinterpret_cast<std::uintptr_t>(&tag);
    update.nr = 1;
    const long result =
        syscall(SYS_io_uring_register, ring_.get(), IORING_REGISTER_BUFFERS_UPDATE, &update, sizeof update);
    if (result >= 0) return {};
    return {errno == ENOMEM ? ErrorCode::no_memory : code_of_errno(errno), errno, "io_uring_register"};
  }

  FileDescriptor ring_;
};

// Locks do not nest: munlock(2) unlocks a page however often it was locked. So pages are unlocked only where no other
// region lies. What the application itself has locked within a region is unlocked with it.
class LockPinning final : public PagePinning {
 public:
  LockPinning(std::uint32_t slots, std::string why) : why_(std::move(why)) { locked_.reserve(slots); }
  ~LockPinning() override {
    while (!locked_.empty()) (void)unlock(take(locked_.size() - 1));
  }

  Failure pin(std::uint32_t, std::span<std::byte> pages) noexcept override {
    const Range range = range_of(pages);
    if (mlock(pages.data(), pages.size()) == 0) {
      locked_.push_back(range);  // within its capacity: a slot is free
      return {};
    }
    const int error = errno;
    (void)unlock(range);  // the part that the kernel had locked before it failed
    return {error == ENOMEM ? ErrorCode::no_memory : code_of_errno(error), error, "mlock"};
  }

  Failure unpin(std::uint32_t, std::span<std::byte> pages) noexcept override {
    const auto found = std::find(locked_.begin(), locked_.end(), range_of(pages));
    if (found == locked_.end()) return {ErrorCode::bad_input, EINVAL, "munlock"};
    return unlock(take(static_cast<std::size_t>(found - locked_.begin())));
  }

  std::string how() const override { return why_.empty() ? "pinned by mlock" : "pinned by mlock, since " + why_; }

 private:
  struct Range {
    std::uintptr_t begin = 0, end = 0;
    bool operator==(const Range&) const = default;
  };

  static Range range_of(std::span<std::byte> pages) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(pages.data());
    return {begin, begin + pages.size()};
  }

  Range take(std::size_t position) noexcept {
    const Range range = std::exchange(locked_[position], locked_.back());
    locked_.pop_back();
    return range;
  }

  // Each stretch of the range that no locked region covers.
  Failure unlock(Range range) noexcept {
    Failure failure;
    while (range.begin < range.end) {
      std::uintptr_t covered_to = range.begin, next = range.end;
      for (const Range& other : locked_) {
        if (other.begin <= range.begin) covered_to = std::max(covered_to, other.end);
        if (other.begin > range.begin) next = std::min(next, other.begin);
      }
      if (covered_to == range.begin) {
        if (munlock(reinterpret_cast<const void*>(range.begin), next - range.begin) != 0) {
          failure = failure_of_errno(errno, "munlock");
        }
        covered_to = next;
      }
      range.begin = covered_to;
    }
    return failure;
  }

  std::string why_;
  std::vector<Range> locked_;
};

}  // namespace

Result<std::unique_ptr<PagePinning>> open_page_pinning(std::string_view choice, std::uint32_t slots) {
  if (choice == "none") return std::make_unique<NoPinning>();
  if (choice == "mlock") return std::make_unique<LockPinning>(slots, "");
  auto by_ring = UringPinning::open(slots);
  if (by_ring || choice == "io_uring") return by_ring;
  return std::make_unique<LockPinning>(slots, "there is no ring: " + by_ring.error().message());
}

Error pinning_error(const Failure& failure, std::size_t size_bytes) {
  constexpr std::size_t uring_buffer_bytes = std::size_t{1} << 30;  // io_uring_register(2): EFAULT beyond that
  if (failure.errno_value == EFAULT && size_bytes > uring_buffer_bytes) {
    return to_error(failure, format_size(size_bytes) + ", and io_uring pins at most 1G in one piece", "use pin=mlock");
  }
  if (failure.errno_value != ENOMEM && failure.errno_value != EPERM) return to_error(failure, format_size(size_bytes));
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string limited =
      limit.rlim_cur == RLIM_INFINITY ? "not limited" : format_size(static_cast<std::size_t>(limit.rlim_cur));
  return to_error(failure, format_size(size_bytes) + " to pin, RLIMIT_MEMLOCK is " + limited,
                  "raise it (ulimit -l), grant CAP_IPC_LOCK, ask for a smaller pool, or use pin=none");
}

}  // namespace xover
