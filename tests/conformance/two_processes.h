// A test in two processes, for subjects whose ends do not share one. The process of the suite has the receiver's end.
// At the test's first pair it spawns its own binary for exactly this test, and that process, in which the same code
// runs, has the sender's end: run_pair() runs one body in each.
//
//   suite     SetUp, facts of the subject --- run_pair: spawns ------ receiver's body --- next pair or end --- waits
//   spawned                                   SetUp, run_pair: joins --- sender's body ----- next pair or end --- exits
//
// What the two bodies share is a Shared<T>, which stands in memory of both. Each gets its place in the order of
// construction, so both processes must construct the same ones in the same order: in the test's body, outside of the
// two sides' bodies, before the pair that uses them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "tests/conformance/subject.h"

namespace xover::conformance {

// Which of a test's ends this process has.
enum class Ends : std::uint8_t { both, receiver, sender };
Ends ends_here();

// The fixture's part. In the suite's process, for a subject of two processes: the memory they share; then the end of
// the spawned one, which is awaited, killed at its bound, and a failure of the test unless it was in order.
void begin_two_processes(const Subject& subject, const SubjectFacts& facts);
void end_two_processes();
// In the spawned process: what the other found out about the subject.
SubjectFacts facts_from_suite();

// A pair's part. False: the other process has ended, or has no such pair.
bool begin_pair(const Subject& subject);
// True once the other process is done with this pair, or has ended.
bool other_process_is_done();
bool other_process_failed();  // it has ended, and was not done
void end_pair();

// The spawned process: what main() does before it runs the tests. False: these arguments ask for none.
bool run_as_other_end(int argc, char** argv);

// Zeroed memory of both processes, none where the test has one process. For Shared.
void* shared_room(std::size_t size_bytes, std::size_t alignment_bytes);

template <class T>
class Shared {
  static_assert(std::is_trivially_destructible_v<T>, "it ends with the memory of the two processes");

 public:
  template <class... Arguments>
  explicit Shared(const Arguments&... arguments) {
    void* const room = shared_room(sizeof(T), alignof(T));
    if (room == nullptr) {
      local_ = std::make_unique<T>(arguments...);
      value_ = local_.get();
    } else if (ends_here() == Ends::receiver) {
      value_ = new (room) T(arguments...);
    } else {
      value_ = static_cast<T*>(room);  // the suite's process has constructed it before it began the pair
    }
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  T& operator*() const { return *value_; }
  T* operator->() const { return value_; }

 private:
  std::unique_ptr<T> local_;
  T* value_ = nullptr;
};

// A text that one side sets, once, and the other waits for.
class SharedText {
 public:
  bool set(const std::string& text);  // false: too long
  bool known() const { return known_.load(); }
  std::string get() const { return bytes_.data(); }

 private:
  std::array<char, 1024> bytes_{};
  std::atomic<bool> known_{false};
};

}  // namespace xover::conformance
