// Invalidations as userfaultfd(2) tells them: the kernel reports every munmap, mremap, mmap over old memory, and
// MADV_DONTNEED, MADV_FREE or MADV_REMOVE of watched pages. Pages are registered in write-protect mode and never
// protected, so no page fault is ever to be served. Private anonymous memory and, on newer kernels, shmem can be
// watched; mapped files cannot, nor memory that another userfaultfd of this process watches, and watch() says so.
//
// The thread that unmaps sleeps until the event is read, so a thread of its own reads. It takes the lock before it
// reads and keeps it until the event is recorded: the read is what lets munmap() return, and whoever learned from that
// return that the memory is new must find the event in take(). Neither it nor anybody who holds the lock allocates,
// frees or unmaps: that could be watched memory, whose event would then never be read.
//
// The kernel's events are described in userfaultfd(2), ioctl_userfaultfd(2) and admin-guide/mm/userfaultfd.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "core/error.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/registration/invalidation_source.h"

struct uffd_msg;

namespace xover {

class UserfaultfdSource final : public InvalidationSource {
 public:
  // What fits between two calls of take(); one more, and the next take() says that something was lost.
  static constexpr std::size_t max_told = 1024;

  // Tries userfaultfd(2), then /dev/userfaultfd. not_permitted or unsupported, with a remedy, where neither works.
  static Result<std::unique_ptr<UserfaultfdSource>> open();
  ~UserfaultfdSource() override;

  Failure watch(PageRange pages) noexcept override;
  void unwatch(PageRange pages) noexcept override;
  Told take(std::span<PageRange> out) noexcept override;

 private:
  UserfaultfdSource(FileDescriptor userfaultfd, FileDescriptor stop);

  Result<void> start_reader();
  void read_until_stopped() noexcept;
  bool read_events() noexcept;
  void record(const uffd_msg& message) noexcept;
  void record(PageRange pages) noexcept;

  int page_shift_;  // log2 of the page size
  std::mutex mutex_;
  FileDescriptor userfaultfd_;  // closed when the reader cannot go on: nothing is watched from then on
  FileDescriptor stop_;         // an eventfd that ends the reader
  std::array<PageRange, max_told> told_;
  std::size_t told_count_ = 0;
  bool lost_ = false;
  std::thread reader_;
};

}  // namespace xover
