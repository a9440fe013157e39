// One thread's mask, changed by the first block on it and put back by the last.
#include "transports/common/sigpipe_block.h"

#include <signal.h>
#include <time.h>

namespace xover {

namespace {

struct ThreadState {
  unsigned blocks = 0;
  bool was_blocked = false;  // before the first of them
};

thread_local ThreadState this_thread;

sigset_t sigpipe_alone() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

}  // namespace

void SigpipeBlock::begin() noexcept {
  if (thread_ == &this_thread && this_thread.blocks != 0) return;
  thread_ = &this_thread;
  if (this_thread.blocks++ != 0) return;
  const sigset_t set = sigpipe_alone();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &set, &before);
  this_thread.was_blocked = sigismember(&before, SIGPIPE) == 1;
}

SigpipeBlock::~SigpipeBlock() {
  if (thread_ != &this_thread || this_thread.blocks == 0 || --this_thread.blocks != 0) return;
  if (this_thread.was_blocked) return;
  const sigset_t set = sigpipe_alone();
  const timespec at_once{};
  while (sigtimedwait(&set, nullptr, &at_once) == SIGPIPE) continue;
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace xover
