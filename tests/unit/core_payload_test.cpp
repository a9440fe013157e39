// Payload: any cut of the stream verifies, any damage is found where it is, and places and seeds do not look alike.
#include "core/payload.h"

#include <gtest/gtest.h>

#include <vector>

namespace xover {

namespace {

std::vector<std::byte> stream(std::size_t size_bytes, std::uint64_t seed, std::uint64_t offset = 0) {
  std::vector<std::byte> bytes(size_bytes);
  fill_payload(bytes, seed, offset);
  return bytes;
}

}  // namespace

TEST(Payload, AnyRangeOfAStreamIsThatRangeOfIt) {
  const auto whole = stream(300, 1);
  for (std::size_t begin = 0; begin < 80; ++begin) {
    for (std::size_t size = 0; size < 200; size += 7) {
      const auto range = std::span(whole).subspan(begin, size);
      EXPECT_EQ(verify_payload(range, 1, begin), std::nullopt);
      const auto cut = stream(size, 1, begin);
      EXPECT_TRUE(std::equal(cut.begin(), cut.end(), range.begin()));
    }
  }
}

TEST(Payload, TheFirstWrongByteIsNamed) {
  for (const std::size_t at : {0u, 1u, 7u, 8u, 63u, 64u, 65u, 127u, 990u, 999u}) {
    auto bytes = stream(1000, 2, 12345);
    bytes[at] ^= std::byte{0x80};
    if (at + 5 < bytes.size()) bytes[at + 5] ^= std::byte{1};
    EXPECT_EQ(verify_payload(bytes, 2, 12345), 12345 + at);
  }
}

TEST(Payload, ShiftsAndOtherSeedsAreNoticed) {
  const auto bytes = stream(64, 3, 1 << 20);
  for (std::uint64_t shift = 1; shift < 5000; ++shift) {
    EXPECT_NE(verify_payload(bytes, 3, (1 << 20) + shift), std::nullopt) << shift;
    EXPECT_NE(verify_payload(bytes, 3 + shift, 1 << 20), std::nullopt) << shift;
  }
}

TEST(Payload, NothingIsAlwaysRight) { EXPECT_EQ(verify_payload({}, 4, 99), std::nullopt); }

}  // namespace xover
