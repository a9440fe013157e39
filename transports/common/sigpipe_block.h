// Keeps SIGPIPE from killing the process while a session passes bytes to sockets by calls that know no MSG_NOSIGNAL:
// sendfile, splice, and an io_uring's writes. The kernel signals the thread that made the call, so the signal is
// blocked for that thread alone, as long as one of its sessions needs it; around each call it would cost two system
// calls more. What has become pending by then is taken off before the mask is put back.
// Source: signal(7), pthread_sigmask(3).
#pragma once

namespace xover {

class SigpipeBlock {
 public:
  SigpipeBlock() = default;
  SigpipeBlock(const SigpipeBlock&) = delete;
  SigpipeBlock& operator=(const SigpipeBlock&) = delete;
  // On another thread than that of begin(): that one's mask stays as it is, as nobody else can change it.
  ~SigpipeBlock();

  void begin() noexcept;  // on the thread that makes the calls; again: does nothing

 private:
  const void* thread_ = nullptr;  // its thread-local state; null: not begun
};

}  // namespace xover
