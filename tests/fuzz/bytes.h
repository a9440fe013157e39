// The fuzzer's bytes as a row of choices; when they are used up, each further choice is 0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace xover::fuzz {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size_bytes) : rest_(reinterpret_cast<const char*>(data), size_bytes) {}

  bool used_up() const { return rest_.empty(); }

  std::uint8_t one() {
    if (rest_.empty()) return 0;
    const char byte = rest_.front();
    rest_.remove_prefix(1);
    return static_cast<std::uint8_t>(byte);
  }

  // As many as there are, and no more than that.
  std::string up_to(std::size_t size_bytes) {
    const std::string taken(rest_.substr(0, size_bytes));
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace xover::fuzz
