// What every fuzz target is made of. A target is a file that defines LLVMFuzzerTestOneInput; it is linked with the
// fuzzer to search, and with replay_main.cpp to go through its corpus in the ordinary test suite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// Any bytes must come back with 0: no crash, no leak, no exception, and every require() holds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes);

namespace xover::fuzz {

// A property of the code under test; counts in release builds too, which drop assert.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size_bytes) {
  return {reinterpret_cast<const char*>(data), size_bytes};
}

}  // namespace xover::fuzz
