// The thread that may hang.
#include "transports/rsocket/rsocket_ending.h"

#include <rdma/rsocket.h>
#include <signal.h>

#include <system_error>

#include "core/transport.h"

namespace xover {

Result<std::unique_ptr<RsocketEnding>> RsocketEnding::start(RsocketHandle socket) {
  std::unique_ptr<RsocketEnding> made(new RsocketEnding);
  // The caller's signals are the caller's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    made->thread_ = std::thread(serve, made->shared_);
  } catch (const std::system_error& refused) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return make_error(ErrorCode::no_memory, "start thread", refused.what(), "allow more processes (ulimit -u)");
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  made->shared_->socket = socket.release();
  return made;
}

RsocketEnding::~RsocketEnding() {
  if (!thread_.joinable()) return;
  close();
  const MonotonicNs bound = monotonic_now_ns() + abort_bound_ns;
  while ((shared_->done.load() & closing) == 0 && monotonic_now_ns() < bound) {
    const timespec pause{0, 200'000};
    nanosleep(&pause, nullptr);
  }
  if ((shared_->done.load() & closing) != 0) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool RsocketEnding::busy() const noexcept { return shared_->ordered.load() != shared_->done.load(); }

void RsocketEnding::tell(std::uint32_t order) noexcept {
  shared_->ordered.fetch_or(order);
  shared_->ordered.notify_one();
}

void RsocketEnding::serve(const std::shared_ptr<Shared>& shared) {
  for (std::uint32_t done = 0; (done & closing) == 0;) {
    shared->ordered.wait(done);
    const std::uint32_t ordered = shared->ordered.load();
    if ((ordered & ~done & shut) != 0) rshutdown(shared->socket, SHUT_WR);
    if ((ordered & closing) != 0) rclose(shared->socket);
    done = ordered;
    shared->done.store(done);
  }
}

}  // namespace xover
