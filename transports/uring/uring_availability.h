// What a refusal means and what a user can do about it. Decisions alone, no system call: true for any machine.
#pragma once

#include <cstddef>

#include "core/error.h"
#include "core/transport.h"

namespace xover {

// Why io_uring_setup(2) failed. `disabled_setting` is what /proc/sys/kernel/io_uring_disabled says: 0 for everybody,
// 1 for users outside of its group, 2 for all; -1 when there is no such file (before Linux 6.6).
Availability uring_refused_by(int errno_value, int disabled_setting);

Availability uring_not_built();
Availability uring_opcode_missing(const char* opcode, const char* needs);

// The same as the error of the call that found out.
Error error_of(const Availability& availability, const char* operation);

// Memory that the kernel did not want to lock: a registered buffer of wanted_bytes, or a ring or table (0).
// `limit_bytes` is RLIMIT_MEMLOCK.
Error locked_memory_error(const char* operation, std::size_t wanted_bytes, std::size_t limit_bytes);

// A polling thread of the kernel on either side takes a core of its own beside the two workers; with fewer, poller and
// worker take turns by the clock and a round trip takes milliseconds.
Result<void> allow_sqpoll(std::size_t allowed_cpus);

// Refuses options that contradict each other.
Result<void> check_uring_options(const Options& options);

}  // namespace xover
