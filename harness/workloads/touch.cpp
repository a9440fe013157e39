// The sum is over 8-byte words, in a loop that the compiler turns into vector loads: as fast as memory gives them.
// Eight sums go on side by side: with one, each load waits for the addition before it, which hides what memory costs.
#include "harness/workloads/touch.h"

#include <array>
#include <cstring>

namespace xover {

std::uint64_t read_every_byte(std::span<const std::byte> bytes) noexcept {
  std::array<std::uint64_t, 8> sums{};
  std::size_t at = 0;
  for (; at + sizeof(sums) <= bytes.size(); at += sizeof(sums)) {
    std::array<std::uint64_t, sums.size()> words;
    std::memcpy(words.data(), bytes.data() + at, sizeof(words));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += words[i];
  }
  std::uint64_t sum = 0;
  for (const std::uint64_t part : sums) sum += part;
  for (; at + sizeof(sum) <= bytes.size(); at += sizeof(sum)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    sum += word;
  }
  for (; at < bytes.size(); ++at) sum += static_cast<std::uint64_t>(bytes[at]);
  return sum;
}

}  // namespace xover
