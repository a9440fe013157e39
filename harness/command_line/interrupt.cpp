// The handler only sets a flag, the one thing that a signal handler may safely do.
#include "harness/command_line/interrupt.h"

#include <cstddef>

namespace xover {

namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_signal(int) { interrupted = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  struct sigaction action{};
  action.sa_handler = note_signal;
  // No SA_RESTART: waits come back and look at the flag. SA_RESETHAND: the next signal does what it always does.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    ::sigaction(signals[i], nullptr, &before_[i]);
    // What is ignored on purpose (nohup) stays so.
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
}

bool InterruptGuard::requested() const noexcept { return interrupted != 0; }

}  // namespace xover
