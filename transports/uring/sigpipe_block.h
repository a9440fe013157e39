// Keeps SIGPIPE from killing the process while a ring writes to sockets: IORING_OP_WRITE_FIXED has no MSG_NOSIGNAL, and
// the kernel signals the thread that entered the ring. Blocked for that thread alone and as long as its session lives,
// because to block it around each call would cost two system calls more. What has become pending by then is taken off
// before the mask is put back. Source: signal(7), pthread_sigmask(3).
#pragma once

#include <signal.h>
#include <sys/types.h>

namespace xover {

class SigpipeBlock {
 public:
  ~SigpipeBlock();
  void begin() noexcept;  // on the thread that enters the ring; again: does nothing

 private:
  pid_t thread_ = 0;  // 0: not begun
  bool was_blocked_ = false;
};

}  // namespace xover
