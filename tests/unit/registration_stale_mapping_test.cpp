// The test that matters most: memory is registered and sent, goes away, and other memory with other bytes comes to the
// same address. What is sent from there then must be the new bytes, on the real kernel, through fixed buffers of
// io_uring. The control runs the same with invalidations ignored, and must send the old bytes: else the test shows
// nothing.
#include <gtest/gtest.h>

#include <linux/io_uring.h>
// After the kernel's header, which knows more than the one that liburing brings.
#include <liburing.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "transports/common/file_descriptor.h"
#include "transports/common/registration/registration_cache.h"

namespace xover {
namespace {

const std::size_t memory_bytes = 4 * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

// A ring with a sparse table of fixed buffers; the handle is the slot.
class Ring final : public Registrar {
 public:
  ~Ring() {
    if (opened_) io_uring_queue_exit(&ring_);
  }

  // The errno of what failed; 0: open.
  int open() {
    const int made = io_uring_queue_init(8, &ring_, 0);
    if (made < 0) return -made;
    opened_ = true;
    return -io_uring_register_buffers_sparse(&ring_, static_cast<unsigned>(taken_.size()));
  }

  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte> pages) noexcept override {
    for (std::size_t slot = 0; slot < taken_.size(); ++slot) {
      if (taken_[slot]) continue;
      if (const Failure failure = update(slot, {pages.data(), pages.size()})) return tl::make_unexpected(failure);
      taken_[slot] = true;
      return slot;
    }
    return tl::make_unexpected(failure_of_errno(ENOBUFS, "io_uring: no free slot"));
  }
  Failure deregister(std::uint64_t handle) noexcept override {
    taken_[handle] = false;
    return update(handle, {nullptr, 0});
  }

  // Returns what the kernel wrote, or a negative errno.
  int write_fixed(int fd, std::span<const std::byte> bytes, std::uint64_t slot) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    io_uring_prep_write_fixed(entry, fd, bytes.data(), static_cast<unsigned>(bytes.size()), 0, static_cast<int>(slot));
    io_uring_submit(&ring_);
    io_uring_cqe* completion = nullptr;
    __kernel_timespec bound{.tv_sec = 5, .tv_nsec = 0};
    if (const int waited = io_uring_wait_cqe_timeout(&ring_, &completion, &bound); waited < 0) return waited;
    const int written = completion->res;
    io_uring_cqe_seen(&ring_, completion);
    return written;
  }

 private:
  Failure update(std::size_t slot, iovec bytes) noexcept {
    const int updated = io_uring_register_buffers_update_tag(&ring_, static_cast<unsigned>(slot), &bytes, nullptr, 1);
    return updated < 0 ? failure_of_errno(-updated, "io_uring_register_buffers_update_tag") : Failure{};
  }

  io_uring ring_{};
  bool opened_ = false;
  std::array<bool, 8> taken_{};
};

// The ways in which other memory comes to the same address.
enum class Change { munmap_and_mmap, mmap_over, mremap_away, mremap_out_of_place, drop_pages };

std::string to_string(Change change) {
  switch (change) {
    case Change::munmap_and_mmap: return "munmap_and_mmap";
    case Change::mmap_over: return "mmap_over";
    case Change::mremap_away: return "mremap_away";
    case Change::mremap_out_of_place: return "mremap_out_of_place";
    case Change::drop_pages: return "drop_pages";
  }
  return "";
}

constexpr std::array changes{Change::munmap_and_mmap, Change::mmap_over, Change::mremap_away,
                             Change::mremap_out_of_place, Change::drop_pages};

class StaleMappingTest : public testing::TestWithParam<Change> {
 protected:
  void SetUp() override {
    if (const int failed = ring_.open()) GTEST_SKIP() << "io_uring: " << std::strerror(failed);
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    sender_ = FileDescriptor(ends[0]);
    receiver_ = FileDescriptor(ends[1]);
    const timeval bound{5, 0};
    setsockopt(receiver_.get(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
    memory_ = map(nullptr);
  }
  void TearDown() override {
    cache_.reset();
    if (memory_ != nullptr) munmap(memory_, memory_bytes);
  }

  static std::byte* map(std::byte* fixed) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (fixed == nullptr ? 0 : MAP_FIXED);
    void* memory = mmap(fixed, memory_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    return static_cast<std::byte*>(memory);
  }

  // False: this machine does not let it, and the test is skipped.
  bool open_cache(RegistrationPolicy policy, bool ignore_invalidations) {
    auto opened = RegistrationCache::open(
        ring_, {.policy = policy, .max_regions = 8, .ignore_invalidations = ignore_invalidations});
    if (!opened) {
      reason_ = opened.error().message();
      return false;
    }
    cache_ = std::move(*opened);
    tell_ = policy == RegistrationPolicy::owned;
    return true;
  }

  void change() {
    const std::span<const std::byte> all(memory_, memory_bytes);
    if (tell_) cache_->invalidate(all);
    switch (GetParam()) {
      case Change::munmap_and_mmap:
        munmap(memory_, memory_bytes);
        ASSERT_EQ(map(memory_), memory_);
        break;
      case Change::mmap_over: ASSERT_EQ(map(memory_), memory_); break;
      case Change::mremap_away: {
        std::byte* elsewhere = map(nullptr);
        ASSERT_EQ(mremap(memory_, memory_bytes, memory_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere), elsewhere);
        ASSERT_EQ(map(memory_), memory_);
        munmap(elsewhere, memory_bytes);
        break;
      }
      case Change::mremap_out_of_place: {
        void* moved = mremap(memory_, memory_bytes, memory_bytes, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
        ASSERT_NE(moved, MAP_FAILED);
        munmap(moved, memory_bytes);
        break;
      }
      case Change::drop_pages: ASSERT_EQ(madvise(memory_, memory_bytes, MADV_DONTNEED), 0); break;
    }
  }

  // Writes these bytes to the memory, sends it through its registered buffer, and returns what arrives.
  std::string send(char byte) {
    std::memset(memory_, byte, memory_bytes);
    const std::span<const std::byte> message(memory_ + 100, memory_bytes - 200);
    const auto use = cache_->acquire(message);
    EXPECT_TRUE(use.has_value());
    if (!use) return {};
    EXPECT_EQ(ring_.write_fixed(sender_.get(), message, use->handle), static_cast<int>(message.size()));
    cache_->release(*use);
    std::string received(message.size(), '?');
    EXPECT_EQ(recv(receiver_.get(), received.data(), received.size(), MSG_WAITALL),
              static_cast<ssize_t>(received.size()));
    return received;
  }

  std::string all_of(char byte) const { return std::string(memory_bytes - 200, byte); }

  // Sends old bytes twice (the second is a hit), changes the memory, sends new ones; returns what arrived last.
  std::string run() {
    EXPECT_EQ(send('a'), all_of('a'));
    EXPECT_EQ(send('b'), all_of('b'));
    change();
    return send('c');
  }

  Ring ring_;
  std::unique_ptr<RegistrationCache> cache_;
  FileDescriptor sender_, receiver_;
  std::byte* memory_ = nullptr;
  bool tell_ = false;
  std::string reason_;
};

TEST_P(StaleMappingTest, OwnedSendsTheNewBytes) {
  ASSERT_TRUE(open_cache(RegistrationPolicy::owned, false)) << reason_;
  EXPECT_EQ(run(), all_of('c'));
  EXPECT_EQ(cache_->counters().hits, 1u);
  EXPECT_EQ(cache_->counters().invalidated, 1u);
}

TEST_P(StaleMappingTest, UffdSendsTheNewBytes) {
  if (!open_cache(RegistrationPolicy::uffd, false)) GTEST_SKIP() << reason_;
  EXPECT_EQ(run(), all_of('c'));
  EXPECT_EQ(cache_->counters().hits, 1u);
  EXPECT_EQ(cache_->counters().invalidated, 1u);
  EXPECT_EQ(cache_->counters().refused, 0u);
}

TEST_P(StaleMappingTest, NoneSendsTheNewBytes) {
  ASSERT_TRUE(open_cache(RegistrationPolicy::none, false)) << reason_;
  EXPECT_EQ(run(), all_of('c'));
  EXPECT_EQ(cache_->counters().hits, 0u);
}

TEST_P(StaleMappingTest, ControlOwnedWithoutInvalidationSendsTheOldBytes) {
  ASSERT_TRUE(open_cache(RegistrationPolicy::owned, true)) << reason_;
  EXPECT_EQ(run(), all_of('b'));
  EXPECT_EQ(cache_->counters().hits, 2u);
}

TEST_P(StaleMappingTest, ControlUffdWithoutInvalidationSendsTheOldBytes) {
  if (!open_cache(RegistrationPolicy::uffd, true)) GTEST_SKIP() << reason_;
  EXPECT_EQ(run(), all_of('b'));
  EXPECT_EQ(cache_->counters().hits, 2u);
}

INSTANTIATE_TEST_SUITE_P(Changes, StaleMappingTest, testing::ValuesIn(changes),
                         [](const auto& change) { return to_string(change.param); });

}  // namespace
}  // namespace xover
