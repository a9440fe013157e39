// A thread whose locked memory is limited, as that of an unprivileged user is, for the tests of paths that pin pages.
#pragma once

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace xover::test {

// Makes this thread one whose locked memory is counted and limited, as that of an unprivileged user is: by the system's
// limit at first, so that rings can be made.
class LimitedLockedMemory {
 public:
  LimitedLockedMemory() {
    getrlimit(RLIMIT_MEMLOCK, &before_);
    syscall(SYS_capget, &header_, data_);
    effective_before_ = data_[0].effective;
    set_effective(effective_before_ & ~(1u << CAP_IPC_LOCK));
  }
  ~LimitedLockedMemory() {
    set_effective(effective_before_);
    setrlimit(RLIMIT_MEMLOCK, &before_);
  }
  void limit_to(rlim_t bytes) {
    const rlimit limited{bytes, before_.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &limited);
  }

 private:
  void set_effective(std::uint32_t effective) {
    data_[0].effective = effective;
    syscall(SYS_capset, &header_, data_);
  }

  rlimit before_{};
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data_[2]{};
  std::uint32_t effective_before_ = 0;
};

}  // namespace xover::test
