// That what sessions and fabrics take is given back: pages pinned or locked and descriptors, which the kernel counts
// for the process; and what is registered, which a fabric counts.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "core/transport.h"

namespace xover::test {

// Of /proc/self/status, in kilobytes: VmPin or VmLck.
inline std::size_t status_kilobytes(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::stoul(line.substr(line.find(':') + 1));
  }
  return 0;
}

inline std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

// Waits for a condition of the kernel's, which unpins a ring's buffers soon and not at once.
template <typename Condition>
[[nodiscard]] bool soon_true(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return condition();
}

// Stands before everything else of a test: when that has gone, the process holds no more than it did before.
class GivenBack {
 public:
  GivenBack() = default;
  GivenBack(const GivenBack&) = delete;
  GivenBack& operator=(const GivenBack&) = delete;
  ~GivenBack() {
    EXPECT_TRUE(soon_true([&] { return status_kilobytes("VmPin") <= pinned_; })) << pinned_ << " kB were pinned before";
    EXPECT_LE(status_kilobytes("VmLck"), locked_) << "kB locked";
    EXPECT_LE(open_descriptors(), descriptors_) << "descriptors";
  }

 private:
  const std::size_t pinned_ = status_kilobytes("VmPin"), locked_ = status_kilobytes("VmLck"),
                    descriptors_ = open_descriptors();
};

// What is registered with the fabric of an rdma or sdp session at this moment: bytes on `local`, the session's own
// buffers among them; regions of the application's on `simulated`.
inline std::uint64_t registered_now(const Session& session) {
  std::optional<std::uint64_t> made, undone;
  for (const Counter& counter : session.counters()) {
    if (counter.name == "registered_bytes") return counter.value;
    if (counter.name == "fabric_registrations") made = counter.value;
    if (counter.name == "fabric_deregistrations") undone = counter.value;
  }
  return made.value() - undone.value();
}

}  // namespace xover::test
