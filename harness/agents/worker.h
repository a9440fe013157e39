// A worker: the one thread that owns a connection's session. The agent gives it steps, one at a time, and waits for
// each; between steps it sleeps.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "core/error.h"

namespace xover {

class Worker {
 public:
  using Step = std::function<Result<void>()>;

  explicit Worker(std::optional<unsigned> os_cpu);  // pinned there; a failure to pin is the first step's error
  ~Worker();                                        // waits for the step under way

  void start(Step step);  // only when no step is under way
  Result<void> wait();    // until the step has ended; its result

 private:
  void serve();

  std::optional<unsigned> os_cpu_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Step step_;
  Result<void> result_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace xover
