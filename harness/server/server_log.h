// What the server tells the person who started it: one line for each thing that happens, on standard error. What
// strangers can cause is told at most once a second for each kind; the rest of it is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace xover {

class ServerLog {
 public:
  using Print = std::function<void(std::string_view line)>;

  explicit ServerLog(Print print) : print_(std::move(print)) {}

  void say(std::string_view what) { print_(what); }

  // "refused WHO: WHY". Two reasons are of one kind when they differ in numbers only, since those may be the stranger's
  // own choice.
  void refuse(const std::string& who, const std::string& why, MonotonicNs now);

  // Tells of what was only counted, once its second is over.
  void tell_counted(MonotonicNs now);
  bool has_counted() const { return !kinds_.empty(); }

 private:
  struct Kind {
    MonotonicNs told_at = 0;
    std::uint64_t counted = 0;  // since then
    std::string last_who, last_why;
  };

  Print print_;
  std::map<std::string, Kind> kinds_;  // of the last second
};

// A line on standard error with the time in front; nothing in it that a terminal would act on.
void print_server_line(std::string_view line);

}  // namespace xover
