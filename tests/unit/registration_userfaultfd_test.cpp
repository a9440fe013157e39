// What userfaultfd tells, on the real kernel: every way in which memory goes is told before the call that did it
// returns, and only for pages that are watched.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "transports/common/file_descriptor.h"
#include "transports/common/registration/registration_cache.h"
#include "transports/common/registration/userfaultfd_source.h"

namespace xover {
namespace {

const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));

std::byte* map_pages(std::size_t count, std::byte* fixed = nullptr) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (fixed == nullptr ? 0 : MAP_FIXED);
  void* memory = mmap(fixed, count * page, PROT_READ | PROT_WRITE, flags, -1, 0);
  EXPECT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, count * page);
  return static_cast<std::byte*>(memory);
}

PageRange pages_at(const std::byte* start, std::size_t count) {
  const std::uint64_t first = reinterpret_cast<std::uintptr_t>(start) / page;
  return {first, first + count};
}

class UserfaultfdTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = UserfaultfdSource::open();
    if (!opened) GTEST_SKIP() << opened.error().message();
    source_ = std::move(*opened);
  }

  std::vector<PageRange> told(std::size_t most = 64) {
    std::vector<PageRange> out(most);
    const InvalidationSource::Told taken = source_->take(out);
    EXPECT_FALSE(taken.lost);
    out.resize(taken.count);
    return out;
  }

  std::unique_ptr<UserfaultfdSource> source_;
};

TEST_F(UserfaultfdTest, MunmapIsToldBeforeItReturns) {
  for (int i = 0; i < 2000; ++i) {
    std::byte* memory = map_pages(4);
    ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
    munmap(memory, 4 * page);
    ASSERT_EQ(told(), std::vector{pages_at(memory, 4)});
  }
}

TEST_F(UserfaultfdTest, PartOfTheWatchedPagesIsToldAsThatPart) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  munmap(memory + page, 2 * page);
  EXPECT_EQ(told(), std::vector{pages_at(memory + page, 2)});
  munmap(memory, 4 * page);
  EXPECT_FALSE(told().empty());
}

TEST_F(UserfaultfdTest, AMappingOverItIsTold) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  map_pages(2, memory);
  EXPECT_EQ(told(), std::vector{pages_at(memory, 2)});
  munmap(memory, 4 * page);
}

TEST_F(UserfaultfdTest, DroppedPagesAreTold) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  madvise(memory, page, MADV_DONTNEED);
  EXPECT_EQ(told(), std::vector{pages_at(memory, 1)});
  madvise(memory + page, page, MADV_FREE);
  EXPECT_EQ(told(), std::vector{pages_at(memory + page, 1)});
  munmap(memory, 4 * page);
}

TEST_F(UserfaultfdTest, MovedMemoryIsToldByItsOldPlaceAndNotWatchedInTheNew) {
  std::byte* memory = map_pages(4);
  std::byte* target = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  ASSERT_EQ(mremap(memory, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
  const std::vector<PageRange> after = told();
  EXPECT_NE(std::ranges::find(after, pages_at(memory, 4)), after.end());
  munmap(target, 4 * page);
  EXPECT_TRUE(told().empty());
}

TEST_F(UserfaultfdTest, MemoryMovedOutOfItsPlaceIsToldAlthoughNothingIsUnmapped) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  void* moved = mremap(memory, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, nullptr);
  if (moved == MAP_FAILED) GTEST_SKIP() << "MREMAP_DONTUNMAP: " << std::strerror(errno);
  EXPECT_EQ(told(), std::vector{pages_at(memory, 4)});
  munmap(moved, 4 * page);
  munmap(memory, 4 * page);
}

TEST_F(UserfaultfdTest, WatchedTwiceIsToldOnceAndUnwatchedNotAtAll) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 3)));
  ASSERT_FALSE(source_->watch(pages_at(memory + page, 3)));
  source_->unwatch(pages_at(memory, 2));
  munmap(memory, 2 * page);
  EXPECT_TRUE(told().empty());
  munmap(memory + 2 * page, 2 * page);
  EXPECT_EQ(told().size(), 1u);
  source_->unwatch(pages_at(memory, 4));  // long gone: no harm
}

TEST_F(UserfaultfdTest, AMappedFileIsRefused) {
  const FileDescriptor program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  void* memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, program.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  EXPECT_EQ(source_->watch(pages_at(static_cast<std::byte*>(memory), 1)).errno_value, EINVAL);
  munmap(memory, page);
}

TEST_F(UserfaultfdTest, MemoryThatAnotherUserfaultfdWatchesIsRefused) {
  const auto other = UserfaultfdSource::open();
  ASSERT_TRUE(other);
  std::byte* memory = map_pages(2);
  ASSERT_FALSE((*other)->watch(pages_at(memory, 2)));
  EXPECT_EQ(source_->watch(pages_at(memory, 1)).errno_value, EBUSY);
  munmap(memory, 2 * page);
}

TEST_F(UserfaultfdTest, WhatDoesNotFitIsSaidToBeLost) {
  constexpr std::size_t more = UserfaultfdSource::max_told + 1;
  std::byte* memory = map_pages(more);
  ASSERT_FALSE(source_->watch(pages_at(memory, more)));
  for (std::size_t i = 0; i < more; ++i) munmap(memory + i * page, page);
  std::vector<PageRange> out(2 * more);
  EXPECT_TRUE(source_->take(out).lost);
  EXPECT_TRUE(told().empty());
}

TEST_F(UserfaultfdTest, ManyAreTakenInSeveralHelpings) {
  std::byte* memory = map_pages(10);
  ASSERT_FALSE(source_->watch(pages_at(memory, 10)));
  for (std::size_t i = 0; i < 10; ++i) munmap(memory + i * page, page);
  for (std::size_t i = 0; i < 10; i += 5) {
    const std::vector<PageRange> some = told(5);
    ASSERT_EQ(some.size(), 5u);
    EXPECT_EQ(some[0], pages_at(memory + i * page, 1));
  }
  EXPECT_TRUE(told().empty());
}

TEST_F(UserfaultfdTest, NobodyHangsOnPagesThatWereWatchedWhenItClosed) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  source_.reset();
  EXPECT_EQ(munmap(memory, 4 * page), 0);
}

TEST_F(UserfaultfdTest, AChildUnmapsItsCopyUnheard) {
  std::byte* memory = map_pages(4);
  ASSERT_FALSE(source_->watch(pages_at(memory, 4)));
  EXPECT_EXIT(_exit(munmap(memory, 4 * page)), testing::ExitedWithCode(0), "");
  EXPECT_TRUE(told().empty());
  munmap(memory, 4 * page);
  EXPECT_EQ(told().size(), 1u);
}

// Watches a mapping and unmaps it while it is asked for another: what a free() in a driver's library may come to.
class UnmappingDevice final : public Registrar {
 public:
  tl::expected<std::uint64_t, Failure> register_pages(std::span<std::byte>) noexcept override {
    if (std::byte* memory = std::exchange(unmap_at_register, nullptr)) munmap(memory, page);
    return ++registered;
  }
  Failure deregister(std::uint64_t) noexcept override {
    if (std::byte* memory = std::exchange(unmap_at_deregister, nullptr)) munmap(memory, page);
    --registered;
    return {};
  }
  std::byte* unmap_at_register = nullptr;
  std::byte* unmap_at_deregister = nullptr;
  std::uint64_t registered = 0;
};

class UserfaultfdCacheTest : public UserfaultfdTest {
 protected:
  void SetUp() override {
    UserfaultfdTest::SetUp();
    if (source_ == nullptr) return;
    const RegistrationSettings settings{.policy = RegistrationPolicy::uffd, .max_regions = 8};
    cache_ = std::move(*RegistrationCache::open(device_, settings, std::move(source_)));
  }
  void touch(std::byte* memory, std::size_t count) {
    const auto use = cache_->acquire({memory, count * page});
    ASSERT_TRUE(use.has_value());
    cache_->release(*use);
  }

  UnmappingDevice device_;
  std::unique_ptr<RegistrationCache> cache_;
};

TEST_F(UserfaultfdCacheTest, ADeviceMayUnmapRegisteredMemoryInItsCalls) {
  std::byte *first = map_pages(1), *second = map_pages(1), *third = map_pages(1);
  touch(first, 1);
  touch(second, 1);
  device_.unmap_at_register = first;
  touch(third, 1);
  device_.unmap_at_deregister = second;
  cache_->invalidate({third, page});
  cache_->process_invalidations();
  EXPECT_EQ(cache_->counters().invalidated, 3u);
  EXPECT_EQ(device_.registered, 0u);
  munmap(third, page);
}

TEST_F(UserfaultfdCacheTest, AMappedFileGoesPastTheCache) {
  const FileDescriptor program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  void* memory = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, program.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  touch(static_cast<std::byte*>(memory), 1);
  EXPECT_EQ(cache_->counters().refused, 1u);
  EXPECT_EQ(device_.registered, 0u);
  munmap(memory, page);
}

// This thread registers, evicts and unmaps, while another unmaps what is registered.
TEST_F(UserfaultfdCacheTest, ThreadsThatUnmapAndTheCacheDoNotBlockEachOther) {
  std::array<std::atomic<std::byte*>, 16> shared{};
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) {
      for (auto& slot : shared) {
        if (std::byte* memory = slot.exchange(nullptr)) munmap(memory, 2 * page);
      }
    }
  });
  for (std::size_t i = 0; i < 4000; ++i) {
    std::byte* memory = map_pages(2);
    touch(memory, 2);
    std::byte* before = shared[i % shared.size()].exchange(memory);
    if (before != nullptr) munmap(before, 2 * page);
  }
  stop = true;
  other.join();
  for (auto& slot : shared) {
    if (slot != nullptr) munmap(slot, 2 * page);
  }
  cache_->process_invalidations();
  EXPECT_EQ(device_.registered, 0u);
  EXPECT_GT(cache_->counters().invalidated, 0u);
}

// Exit codes of the process below.
enum : int { opened = 10, not_permitted_with_remedy, something_else, no_filter };

// Opens in a process whose kernel refuses the system call, as the filters of containers do, and exits.
void open_where_the_call_is_filtered(bool privileged) {
  const auto number = static_cast<std::uint32_t>(SYS_userfaultfd);
  std::array<sock_filter, 4> filter{{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                     BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog program{filter.size(), filter.data()};
  if (!privileged && setuid(65534) != 0) _exit(no_filter);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) _exit(no_filter);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(no_filter);
  const auto source = UserfaultfdSource::open();
  if (source) _exit(opened);
  const bool clear = source.error().code == ErrorCode::not_permitted &&
                     source.error().remedy.find("vm.unprivileged_userfaultfd") != std::string::npos;
  _exit(clear ? not_permitted_with_remedy : something_else);
}

int exit_code_of_open(bool privileged) {
  int exit_code = -1;
  const auto keep = [&exit_code](int status) {
    exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return true;
  };
  EXPECT_EXIT(open_where_the_call_is_filtered(privileged), keep, "");
  return exit_code;
}

TEST(UserfaultfdPermissionDeathTest, WithoutPermissionItSaysWhatToDo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to drop its rights";
  const int exit_code = exit_code_of_open(false);
  if (exit_code == no_filter) GTEST_SKIP() << "no seccomp filters here";
  if (exit_code == opened) GTEST_SKIP() << "everybody may open /dev/userfaultfd here";
  EXPECT_EQ(exit_code, not_permitted_with_remedy);
}

TEST(UserfaultfdPermissionDeathTest, TheDeviceFileServesWhereTheCallIsRefused) {
  if (access("/dev/userfaultfd", R_OK | W_OK) != 0) GTEST_SKIP() << "/dev/userfaultfd: " << std::strerror(errno);
  const int exit_code = exit_code_of_open(true);
  if (exit_code == no_filter) GTEST_SKIP() << "no seccomp filters here";
  EXPECT_EQ(exit_code, opened);
}

}  // namespace
}  // namespace xover
