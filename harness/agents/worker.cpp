// The worker's loop.
#include "harness/agents/worker.h"

#include <utility>

#include "harness/placement/placement.h"

namespace xover {

Worker::Worker(std::optional<unsigned> os_cpu) : os_cpu_(os_cpu), thread_([this] { serve(); }) {}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::start(Step step) {
  {
    std::lock_guard lock(mutex_);
    step_ = std::move(step);
  }
  changed_.notify_all();
}

Result<void> Worker::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !step_; });
  return result_;
}

void Worker::serve() {
  const Result<void> pinned = os_cpu_ ? pin_this_thread(*os_cpu_) : Result<void>();
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || step_; });
    if (!step_) return;
    lock.unlock();
    Result<void> result = pinned ? step_() : pinned;
    lock.lock();
    result_ = std::move(result);
    step_ = nullptr;
    changed_.notify_all();
  }
}

}  // namespace xover
