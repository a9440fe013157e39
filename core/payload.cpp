// Ranges are walked as: bytes up to a word boundary of the stream, whole words, the bytes of the last word. Whole words
// go in blocks without a branch per word, because a receiver may check everything that it gets.
#include "core/payload.h"

#include <algorithm>
#include <cstring>

namespace xover {

namespace {

constexpr std::size_t word_bytes = sizeof(std::uint64_t);
constexpr std::size_t block_words = 8;
constexpr std::size_t block_bytes = block_words * word_bytes;

// Odd multipliers: neighbouring words and neighbouring seeds differ in every byte; the fold makes that hold for the low
// bytes too, which would otherwise repeat every 256 words.
std::uint64_t word_at(std::uint64_t seed, std::uint64_t index) noexcept {
  const std::uint64_t mixed = index * 0x9e3779b97f4a7c15u + seed * 0xc2b2ae3d27d4eb4fu + 0x165667b19e3779f9u;
  return mixed ^ (mixed >> 32);
}

// The bytes of a range that lie in one word of the stream: at most up to the word's end.
struct Piece {
  std::byte bytes[word_bytes];
  std::size_t size;
};

Piece piece_at(std::uint64_t seed, std::uint64_t offset, std::size_t limit) noexcept {
  const std::uint64_t word = word_at(seed, offset / word_bytes);
  const std::size_t start = offset % word_bytes;
  Piece piece{};
  piece.size = std::min(limit, word_bytes - start);
  std::memcpy(piece.bytes, reinterpret_cast<const std::byte*>(&word) + start, piece.size);
  return piece;
}

bool block_is_right(const std::byte* at, std::uint64_t seed, std::uint64_t first_word) noexcept {
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < block_words; ++i) {
    std::uint64_t found;
    std::memcpy(&found, at + i * word_bytes, word_bytes);
    difference |= found ^ word_at(seed, first_word + i);
  }
  return difference == 0;
}

}  // namespace

void fill_payload(std::span<std::byte> range, std::uint64_t seed, std::uint64_t offset) noexcept {
  while (!range.empty()) {
    while (offset % word_bytes == 0 && range.size() >= word_bytes) {
      const std::uint64_t word = word_at(seed, offset / word_bytes);
      std::memcpy(range.data(), &word, word_bytes);
      range = range.subspan(word_bytes);
      offset += word_bytes;
    }
    const Piece piece = piece_at(seed, offset, range.size());
    std::copy_n(piece.bytes, piece.size, range.data());
    range = range.subspan(piece.size);
    offset += piece.size;
  }
}

std::optional<std::uint64_t> verify_payload(std::span<const std::byte> range, std::uint64_t seed,
                                            std::uint64_t offset) noexcept {
  while (!range.empty()) {
    while (offset % word_bytes == 0 && range.size() >= block_bytes &&
           block_is_right(range.data(), seed, offset / word_bytes)) {
      range = range.subspan(block_bytes);
      offset += block_bytes;
    }
    const Piece piece = piece_at(seed, offset, range.size());
    const auto wrong = std::mismatch(piece.bytes, piece.bytes + piece.size, range.data()).first;
    if (wrong != piece.bytes + piece.size) return offset + static_cast<std::uint64_t>(wrong - piece.bytes);
    range = range.subspan(piece.size);
    offset += piece.size;
  }
  return std::nullopt;
}

}  // namespace xover
