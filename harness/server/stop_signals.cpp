// signalfd(2).
#include "harness/server/stop_signals.h"

#include <sys/signalfd.h>

#include <cstring>

namespace xover {

StopSignals::StopSignals() {
  sigset_t stops;
  sigemptyset(&stops);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now{};
    sigaction(number, nullptr, &now);
    if (number != SIGHUP || now.sa_handler != SIG_IGN) sigaddset(&stops, number);
  }
  sigprocmask(SIG_BLOCK, &stops, &before_);
  descriptor_ = FileDescriptor(signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK));
}

StopSignals::~StopSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

std::string StopSignals::take() const {
  signalfd_siginfo info{};
  if (::read(descriptor_.get(), &info, sizeof info) != sizeof info) return {};
  const char* name = sigabbrev_np(static_cast<int>(info.ssi_signo));
  return name == nullptr ? "a signal" : std::string("SIG") + name;
}

}  // namespace xover
