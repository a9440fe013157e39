// One io_uring: made with the best settings that this kernel grants, entered by one thread.
//
// The ring is created disabled and starts with its first use, because with SINGLE_ISSUER the thread that starts it is
// the only one that may enter it, and sessions are opened on one thread and may be used on another.
// Source: io_uring_setup(2), io_uring_enter(2), io_uring_register(2).
#pragma once

// In this order: liburing's own copy of the kernel's header lacks names that this one has.
#include <linux/io_uring.h>
// clang-format off
#include <liburing.h>
// clang-format on

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/clock.h"
#include "core/transport.h"

namespace xover {

struct RingCounters {
  std::uint64_t enters = 0;
  std::uint64_t sqes = 0;
  std::uint64_t cqes = 0;
  std::uint64_t overflows = 0;  // times that the completion queue was full and the kernel kept entries aside
};

class UringRing {
 public:
  struct Settings {
    unsigned sq_entries = 64;
    unsigned cq_entries = 0;  // 0: the kernel's choice, twice the submissions
    bool sqpoll = false;
  };

  // The first of single_issuer and defer_taskrun, coop_taskrun, and nothing of these, that the kernel takes.
  static Result<std::unique_ptr<UringRing>> create(const Settings& settings);
  ~UringRing();
  UringRing(const UringRing&) = delete;
  UringRing& operator=(const UringRing&) = delete;

  // --- control plane
  Result<void> make_file_table(unsigned slots);
  Result<void> make_buffer_table(unsigned slots);
  Result<void> set_file(unsigned slot, int fd);
  bool has_opcode(int opcode) const noexcept { return opcode < 256 && opcodes_[static_cast<std::size_t>(opcode)]; }
  void append_facts(std::vector<Fact>& facts) const;
  const RingCounters& counters() const noexcept { return counters_; }
  // Whether this thread may enter: it started the ring, or nobody has.
  bool may_enter() const noexcept;

  // --- data plane: none of these blocks but wait()
  void clear_file(unsigned slot) noexcept;
  // 0, or the negative errno of io_uring_register(2). An empty range empties the slot.
  int set_buffer(unsigned slot, std::span<std::byte> memory) noexcept;

  unsigned sqe_room() const noexcept { return io_uring_sq_space_left(&ring_); }
  io_uring_sqe* next_sqe() noexcept;  // null: no room before the next enter()
  bool has_sqes() const noexcept;     // which no enter() has submitted
  // Work waits for this thread to enter the kernel, or completions for room in the queue.
  bool has_work() const noexcept;

  // The next enter submits a chain of so many requests. The kernel works a chain off as deferred work, and does no more
  // of that than the number of completions asked for demands: without this, a chain would take an enter for each link.
  void expect_chain(std::size_t links) noexcept {
    if (!polled()) chained_ += static_cast<unsigned>(links);
  }

  // Submits and lets the kernel do its deferred work. 0, or a negative errno with which the ring cannot go on.
  int enter() noexcept;
  // The same, and sleeps until a completion is there, for at most this long.
  int wait(MonotonicNs longest_ns) noexcept;

  // Takes the completion entries that are there now, and no later ones.
  template <typename Take>
  void drain(Take take) noexcept {
    const unsigned ready = io_uring_cq_ready(&ring_);
    unsigned head = *ring_.cq.khead;
    for (unsigned i = 0; i < ready; ++i, ++head) {
      const io_uring_cqe entry = ring_.cq.cqes[head & ring_.cq.ring_mask];
      take(entry.user_data, entry.res, entry.flags);
    }
    if (ready == 0) return;
    counters_.cqes += ready;
    io_uring_cq_advance(&ring_, ready);
  }

  io_uring* get() noexcept { return &ring_; }

 private:
  UringRing() = default;
  Result<void> learn_opcodes();
  int start() noexcept;
  bool polled() const noexcept { return (flags_ & IORING_SETUP_SQPOLL) != 0; }
  int submit_to_poller() noexcept;
  void count_enter() noexcept;
  int settle(int result) noexcept;

  io_uring ring_{};
  bool created_ = false, started_ = false, ring_fd_registered_ = false;
  pid_t thread_ = 0;  // that started it
  unsigned flags_ = 0;
  unsigned chained_ = 0;  // requests in chains that the next enter submits
  unsigned file_slots_ = 0, buffer_slots_ = 0;
  std::vector<bool> opcodes_ = std::vector<bool>(256);
  RingCounters counters_;
};

// /proc/sys/kernel/io_uring_disabled; -1: there is none.
int io_uring_disabled_setting();
std::size_t locked_memory_limit_bytes();

}  // namespace xover
