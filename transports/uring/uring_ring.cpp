// Setup by trial, and the two ways into the kernel.
#include "transports/uring/uring_ring.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "transports/uring/uring_availability.h"

namespace xover {

namespace {

constexpr unsigned poller_idle_ms = 100;  // then the poller sleeps until it is woken

struct Mode {
  unsigned flags;
  const char* name;
};
// TASKRUN_FLAG lets a polling loop see in memory whether entering would do anything.
constexpr std::array modes{
    Mode{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
         "single_issuer, defer_taskrun"},
    Mode{IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG, "coop_taskrun"},
    Mode{0, "none"},
};
constexpr Mode poller_mode{IORING_SETUP_SQPOLL, "sqpoll"};
constexpr unsigned mode_bits = modes[0].flags | modes[1].flags | poller_mode.flags;

// The kernel gives the addresses of a ring that has ended to the next one, perhaps in another thread. That this is in
// order no tool can see, as liburing unmaps by system calls of its own: this counter tells the thread sanitizer.
std::atomic<unsigned> rings_ended{0};

Error registration_error(int result, const char* operation, unsigned slots) {
  if (result == -ENOMEM) return locked_memory_error(operation, 0, locked_memory_limit_bytes());
  errno = -result;
  return system_error(operation, std::to_string(slots) + " slots").value();
}

}  // namespace

int io_uring_disabled_setting() {
  int setting = -1;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> setting;
  return setting;
}

std::size_t locked_memory_limit_bytes() {
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return limit.rlim_cur;
}

Result<std::unique_ptr<UringRing>> UringRing::create(const Settings& settings) {
  std::unique_ptr<UringRing> ring(new UringRing);
  int result = -EINVAL;
  const auto attempt = [&](const Mode& mode) {
    io_uring_params parameters{};
    parameters.flags = mode.flags | IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CLAMP;
    parameters.sq_thread_idle = poller_idle_ms;
    if (settings.cq_entries != 0) {
      parameters.flags |= IORING_SETUP_CQSIZE;
      parameters.cq_entries = std::max(settings.cq_entries, settings.sq_entries);
    }
    result = io_uring_queue_init_params(settings.sq_entries, &ring->ring_, &parameters);
    ring->flags_ = parameters.flags;
  };
  if (settings.sqpoll) {
    attempt(poller_mode);
  } else {
    for (std::size_t i = 0; i < modes.size() && result == -EINVAL; ++i) attempt(modes[i]);
  }
  if (result == -ENOMEM) {
    return tl::make_unexpected(locked_memory_error("io_uring_setup", 0, locked_memory_limit_bytes()));
  }
  if (result < 0) {
    return tl::make_unexpected(error_of(uring_refused_by(-result, io_uring_disabled_setting()), "io_uring_setup"));
  }
  ring->created_ = true;
  (void)rings_ended.load(std::memory_order_acquire);
  if (auto done = ring->learn_opcodes(); !done) return tl::make_unexpected(done.error());
  return ring;
}

// The registration of a ring's descriptor is an index in the table of one thread. On another thread the index may be
// that of another ring, which liburing would then unregister: it is made to forget.
UringRing::~UringRing() {
  constexpr unsigned descriptor_is_registered = 1;  // INT_FLAG_REG_RING in liburing's src/int_flags.h
  if (!created_) return;
  if (!may_enter()) {
    ring_.int_flags &= static_cast<__u8>(~descriptor_is_registered);
    ring_.enter_ring_fd = ring_.ring_fd;
  }
  rings_ended.fetch_add(1, std::memory_order_release);
  io_uring_queue_exit(&ring_);
}

bool UringRing::may_enter() const noexcept { return !started_ || thread_ == gettid(); }

Result<void> UringRing::learn_opcodes() {
  const std::unique_ptr<io_uring_probe, decltype(&io_uring_free_probe)> probe(io_uring_get_probe_ring(&ring_),
                                                                              &io_uring_free_probe);
  if (!probe) return make_error(ErrorCode::unsupported, "io_uring_get_probe", "", "boot Linux 6.1 or newer");
  for (int opcode = 0; opcode < 256; ++opcode) {
    opcodes_[static_cast<std::size_t>(opcode)] = io_uring_opcode_supported(probe.get(), opcode) != 0;
  }
  return {};
}

Result<void> UringRing::make_file_table(unsigned slots) {
  const int result = io_uring_register_files_sparse(&ring_, slots);
  if (result < 0) return tl::make_unexpected(registration_error(result, "io_uring_register_files", slots));
  file_slots_ = slots;
  return {};
}

Result<void> UringRing::make_buffer_table(unsigned slots) {
  const int result = io_uring_register_buffers_sparse(&ring_, slots);
  if (result < 0) return tl::make_unexpected(registration_error(result, "io_uring_register_buffers", slots));
  buffer_slots_ = slots;
  return {};
}

Result<void> UringRing::set_file(unsigned slot, int fd) {
  const int result = io_uring_register_files_update(&ring_, slot, &fd, 1);
  if (result >= 0) return {};
  errno = -result;
  return system_error("io_uring_register_files_update", "slot " + std::to_string(slot));
}

void UringRing::clear_file(unsigned slot) noexcept {
  const int none = -1;
  io_uring_register_files_update(&ring_, slot, &none, 1);
}

int UringRing::set_buffer(unsigned slot, std::span<std::byte> memory) noexcept {
  const iovec range{memory.data(), memory.size()};
  const __u64 tag = 0;
  return std::min(io_uring_register_buffers_update_tag(&ring_, slot, &range, &tag, 1), 0);
}

io_uring_sqe* UringRing::next_sqe() noexcept {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  if (entry != nullptr) ++counters_.sqes;
  return entry;
}

bool UringRing::has_sqes() const noexcept {
  return polled() ? ring_.sq.sqe_tail != ring_.sq.sqe_head : io_uring_sq_ready(&ring_) != 0;
}

bool UringRing::has_work() const noexcept {
  const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

int UringRing::start() noexcept {
  // Not io_uring_enable_rings(), which liburing 2.3 declares and does not export.
  const int result = io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result < 0) return result;
  started_ = true;
  thread_ = gettid();
  ring_fd_registered_ = io_uring_register_ring_fd(&ring_) == 1;  // saves the look-up of the descriptor in each call
  return 0;
}

void UringRing::count_enter() noexcept {
  ++counters_.enters;
  if ((IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) ++counters_.overflows;
}

int UringRing::enter() noexcept {
  if (!started_) {
    if (const int result = start(); result < 0) return result;
  }
  if (polled() && !has_work()) return submit_to_poller();
  count_enter();
  const unsigned chained = std::exchange(chained_, 0);
  if (chained < 2) return settle(io_uring_submit_and_get_events(&ring_));
  __kernel_timespec at_once{};
  io_uring_cqe* entry = nullptr;
  return settle(io_uring_submit_and_wait_timeout(&ring_, &entry, chained, &at_once, nullptr));
}

// A call into the kernel only if the poller sleeps.
int UringRing::submit_to_poller() noexcept {
  if ((IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_NEED_WAKEUP) != 0) ++counters_.enters;
  return settle(io_uring_submit(&ring_));
}

int UringRing::wait(MonotonicNs longest_ns) noexcept {
  if (chained_ > 1) {
    const int result = enter();
    if (result < 0 || io_uring_cq_ready(&ring_) != 0) return result;
  }
  if (!started_) {
    if (const int result = start(); result < 0) return result;
  }
  count_enter();
  chained_ = 0;
  __kernel_timespec longest{longest_ns / 1'000'000'000, longest_ns % 1'000'000'000};
  io_uring_cqe* entry = nullptr;
  return settle(io_uring_submit_and_wait_timeout(&ring_, &entry, 1, &longest, nullptr));
}

// A kernel that took only a part for want of memory has cut a chain in two, whose second half would overtake the
// first. EBUSY: completions are waiting for room, and this very call has made it.
int UringRing::settle(int result) noexcept {
  if (result >= 0 || result == -ETIME || result == -EINTR || result == -EBUSY) {
    return result != -EBUSY && result != -EINTR && !polled() && io_uring_sq_ready(&ring_) != 0 ? -ENOMEM : 0;
  }
  return result == -EAGAIN ? 0 : result;
}

void UringRing::append_facts(std::vector<Fact>& facts) const {
  std::string granted = "none";
  for (const Mode& mode : modes) {
    if ((flags_ & mode_bits) == mode.flags) granted = mode.name;
  }
  if ((flags_ & poller_mode.flags) != 0) granted = poller_mode.name;
  facts.push_back({"ring_setup", granted});
  facts.push_back({"ring_fd", ring_fd_registered_ ? "registered" : "by number"});
  facts.push_back({"sq_entries", std::to_string(ring_.sq.ring_entries)});
  facts.push_back({"cq_entries", std::to_string(ring_.cq.ring_entries)});
  facts.push_back({"registered_files", std::to_string(file_slots_)});
  facts.push_back({"registered_buffers", std::to_string(buffer_slots_)});
}

}  // namespace xover
