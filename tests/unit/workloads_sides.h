// Both sides of a sample in one process, as the coordinator takes them through their steps, for tests of the workloads.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "harness/agents/sample.h"

namespace xover::test {

inline constexpr std::int64_t millisecond_ns = 1'000'000;

// A short sample of a variant: `id[option=value]`, on its own link.
SampleSpec short_sample(const std::string& variant, const Point& point, std::int64_t duration_ns = 50 * millisecond_ns);

// A sample from opening to closing: a warm-up, then the timed phase. `meanwhile` runs beside the timed phase, once it
// has begun. The sender's error is returned, else the receiver's, as they came.
struct SidesResult {
  Error sender_error{.code = ErrorCode::none}, receiver_error{.code = ErrorCode::none};  // none: there was none
  Sample sample;

  bool ok() const { return sender_error.code == ErrorCode::none && receiver_error.code == ErrorCode::none; }
  std::string message() const { return sender_error.message() + " | " + receiver_error.message(); }
};
SidesResult run_sides(const SampleSpec& spec, const std::function<void()>& meanwhile = {});

std::uint64_t counter(const SideReport& report, const std::string& name);

// A new directory under the system's place for files on disk, removed with its contents at the end.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace xover::test
