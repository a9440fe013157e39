// A futex with a deadline (futex(2)). std::atomic::wait would do but for the deadline.
//
// Why no notification is lost: the sleeper sets sleeping_ before the kernel compares the word with the ticket, the
// notifier changes the word before it reads sleeping_, and both are sequentially consistent. So either the notifier
// sees the sleeper and wakes it, or the word has changed before the comparison and the kernel refuses to sleep.
#include "transports/inproc/wakeup.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace xover {

namespace {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is the word itself");

}  // namespace

void Wakeup::notify() noexcept {
  notifications_.fetch_add(1);
  if (sleeping_.load()) ::syscall(SYS_futex, &notifications_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

std::uint32_t Wakeup::ticket() noexcept { return notifications_.load(); }

void Wakeup::sleep(std::uint32_t ticket, MonotonicNs deadline) noexcept {
  const MonotonicNs left_ns = deadline - monotonic_now_ns();
  if (left_ns <= 0) return;
  timespec timeout{};
  timeout.tv_sec = left_ns / 1'000'000'000;
  timeout.tv_nsec = left_ns % 1'000'000'000;
  sleeping_.store(true);
  ::syscall(SYS_futex, &notifications_, FUTEX_WAIT_PRIVATE, ticket, &timeout, nullptr, 0);
  sleeping_.store(false);
}

}  // namespace xover
