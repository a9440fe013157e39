// One thread's mask, changed and put back.
#include "transports/uring/sigpipe_block.h"

#include <time.h>
#include <unistd.h>

namespace xover {

namespace {

sigset_t sigpipe_alone() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

void SigpipeBlock::begin() noexcept {
  if (thread_ != 0) return;
  thread_ = gettid();
  const sigset_t set = sigpipe_alone();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &set, &before);
  was_blocked_ = sigismember(&before, SIGPIPE) == 1;
}

SigpipeBlock::~SigpipeBlock() {
  if (thread_ == 0 || was_blocked_ || gettid() != thread_) return;
  const sigset_t set = sigpipe_alone();
  const timespec at_once{};
  while (sigtimedwait(&set, nullptr, &at_once) == SIGPIPE) continue;
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace xover
