// A thread that looks at a deadline.
#include "tests/conformance/watchdog.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

#include "core/clock.h"
#include "tests/conformance/side.h"

namespace xover::conformance {

namespace {

const MonotonicNs test_bound_ns = 3 * side_bound_ns;

class Watchdog final : public testing::EmptyTestEventListener {
 public:
  Watchdog() : thread_([this] { watch(); }) {}
  ~Watchdog() override {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void OnTestStart(const testing::TestInfo& test) override {
    const std::lock_guard lock(mutex_);
    running_ = std::string(test.test_suite_name()) + "." + test.name();
    deadline_ = monotonic_now_ns() + test_bound_ns;
  }

  void OnTestEnd(const testing::TestInfo&) override {
    const std::lock_guard lock(mutex_);
    running_.clear();
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    while (!ending_) {
      changed_.wait_for(lock, std::chrono::milliseconds(500));
      if (running_.empty() || monotonic_now_ns() < deadline_) continue;
      std::fprintf(stderr, "%s: some call has not returned in %lld s\n", running_.c_str(),
                   static_cast<long long>(test_bound_ns / 1'000'000'000));
      std::abort();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string running_;  // empty: no test runs
  MonotonicNs deadline_ = 0;
  bool ending_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace

testing::TestEventListener* new_watchdog() { return new Watchdog; }

}  // namespace xover::conformance
