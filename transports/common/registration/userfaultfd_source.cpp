// Opening a userfaultfd in one of the ways that kernels allow, and the thread that reads it.
#include "transports/common/registration/userfaultfd_source.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace xover {

namespace {

// Without UFFD_FEATURE_EVENT_FORK: a child's memory is not watched, and the parent keeps its registered pages at a
// fork.
constexpr std::uint64_t features =
    UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE;

// The kernel gives it to unprivileged users only without faults of kernel mode (since 5.11), and there are none here.
FileDescriptor open_userfaultfd() {
  constexpr int flags = O_CLOEXEC | O_NONBLOCK;
  FileDescriptor opened(static_cast<int>(syscall(SYS_userfaultfd, flags | UFFD_USER_MODE_ONLY)));
  if (!opened && errno == EINVAL) opened = FileDescriptor(static_cast<int>(syscall(SYS_userfaultfd, flags)));
  if (opened) return opened;
#ifdef USERFAULTFD_IOC_NEW
  const int errno_of_call = errno;
  const FileDescriptor device(::open("/dev/userfaultfd", O_RDWR | O_CLOEXEC));
  if (device) opened = FileDescriptor(ioctl(device.get(), USERFAULTFD_IOC_NEW, flags | UFFD_USER_MODE_ONLY));
  errno = errno_of_call;
#endif
  return opened;
}

Error no_userfaultfd(int errno_value) {
  if (errno_value == ENOSYS) {
    return {ErrorCode::unsupported, errno_value, "userfaultfd", "registration cache",
            "run a kernel with CONFIG_USERFAULTFD, or choose the policy owned"};
  }
  return {code_of_errno(errno_value), errno_value, "userfaultfd", "registration cache, nor by /dev/userfaultfd",
          "as root: sysctl vm.unprivileged_userfaultfd=1; in a container: allow the system call userfaultfd; or choose "
          "the policy owned"};
}

uffdio_range bytes_of(PageRange pages, int page_shift) {
  return {.start = pages.first << page_shift, .len = pages.count() << page_shift};
}

}  // namespace

Result<std::unique_ptr<UserfaultfdSource>> UserfaultfdSource::open() {
  FileDescriptor userfaultfd = open_userfaultfd();
  if (!userfaultfd) return tl::make_unexpected(no_userfaultfd(errno));
  uffdio_api api{.api = UFFD_API, .features = features};
  if (ioctl(userfaultfd.get(), UFFDIO_API, &api) != 0) {
    return tl::make_unexpected(Error{ErrorCode::unsupported, errno, "UFFDIO_API",
                                     "write-protect mode with events of unmap, remap and remove",
                                     "run Linux 5.7 or newer on x86-64 or arm64, or choose the policy owned"});
  }
  FileDescriptor stop(eventfd(0, EFD_CLOEXEC));
  if (!stop) return system_error("eventfd", "registration cache");
  std::unique_ptr<UserfaultfdSource> source(new UserfaultfdSource(std::move(userfaultfd), std::move(stop)));
  if (auto started = source->start_reader(); !started) return tl::make_unexpected(std::move(started.error()));
  return source;
}

UserfaultfdSource::UserfaultfdSource(FileDescriptor userfaultfd, FileDescriptor stop)
    : page_shift_(std::countr_zero(static_cast<std::size_t>(sysconf(_SC_PAGESIZE)))),
      userfaultfd_(std::move(userfaultfd)),
      stop_(std::move(stop)) {}

// Closing the userfaultfd, which comes after this, wakes whoever still waits for an event to be read.
UserfaultfdSource::~UserfaultfdSource() {
  if (reader_.joinable()) {
    eventfd_write(stop_.get(), 1);
    reader_.join();
  }
}

// Signals are for the threads of the application: its handlers may do what must not be done here.
Result<void> UserfaultfdSource::start_reader() {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  Result<void> started;
  try {
    reader_ = std::thread([this] { read_until_stopped(); });
  } catch (const std::system_error& error) {
    started = make_error(ErrorCode::no_memory, "start the reader of userfaultfd", error.what(), "allow more threads");
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

Failure UserfaultfdSource::watch(PageRange pages) noexcept {
  const std::lock_guard lock(mutex_);
  uffdio_register request{.range = bytes_of(pages, page_shift_), .mode = UFFDIO_REGISTER_MODE_WP};
  if (ioctl(userfaultfd_.get(), UFFDIO_REGISTER, &request) == 0) return {};
  return failure_of_errno(errno, "UFFDIO_REGISTER");
}

// Fails where the pages are gone or are other memory; then there is nothing to unwatch.
void UserfaultfdSource::unwatch(PageRange pages) noexcept {
  const std::lock_guard lock(mutex_);
  uffdio_range range = bytes_of(pages, page_shift_);
  ioctl(userfaultfd_.get(), UFFDIO_UNREGISTER, &range);
}

InvalidationSource::Told UserfaultfdSource::take(std::span<PageRange> out) noexcept {
  const std::lock_guard lock(mutex_);
  Told told;
  told.lost = std::exchange(lost_, false) || !userfaultfd_;
  told.count = std::min(out.size(), told_count_);
  std::copy_n(told_.begin(), told.count, out.begin());
  std::copy(told_.begin() + told.count, told_.begin() + told_count_, told_.begin());
  told_count_ -= told.count;
  return told;
}

void UserfaultfdSource::read_until_stopped() noexcept {
  const int userfaultfd = userfaultfd_.get();
  for (;;) {
    std::array<pollfd, 2> ready{{{userfaultfd, POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) break;
    if (ready[1].revents != 0) return;
    if (!read_events()) break;
  }
  const std::lock_guard lock(mutex_);
  userfaultfd_.close();
}

// False: reading is impossible from now on.
bool UserfaultfdSource::read_events() noexcept {
  const std::lock_guard lock(mutex_);
  uffd_msg message;
  for (;;) {
    const ssize_t size_bytes = read(userfaultfd_.get(), &message, sizeof message);
    if (size_bytes != sizeof message) return size_bytes < 0 && (errno == EAGAIN || errno == EINTR);
    record(message);
  }
}

void UserfaultfdSource::record(const uffd_msg& message) noexcept {
  switch (message.event) {
    case UFFD_EVENT_UNMAP:
    case UFFD_EVENT_REMOVE:
      record(PageRange{message.arg.remove.start >> page_shift_, message.arg.remove.end >> page_shift_});
      break;
    case UFFD_EVENT_REMAP: {
      const auto& remap = message.arg.remap;
      record(PageRange{remap.from >> page_shift_, (remap.from + remap.len) >> page_shift_});
      // The watch moves along with the memory, to pages that no region has.
      uffdio_range moved{.start = remap.to, .len = remap.len};
      ioctl(userfaultfd_.get(), UFFDIO_UNREGISTER, &moved);
      break;
    }
    default: break;
  }
}

void UserfaultfdSource::record(PageRange pages) noexcept {
  if (told_count_ == told_.size()) {
    lost_ = true;
  } else {
    told_[told_count_++] = pages;
  }
}

}  // namespace xover
