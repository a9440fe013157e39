// The datagram that is arriving on a connection, in one piece or in several: how far it is, and its number. Only one is
// under way at a time, because pieces come in order; one of which a piece is missing is forgotten when the next begins.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "harness/workloads/message_pool.h"

namespace xover {

class ArrivingDatagram {
 public:
  // The next piece; where in the datagram it stands. Empty: it is void, because one before it was lost. Data plane.
  std::optional<std::uint64_t> take(std::uint16_t piece, std::span<const std::byte> bytes) noexcept {
    if (piece == 0) *this = {};
    if (piece != next_piece_) lost_ = true;
    if (lost_) return std::nullopt;
    ++next_piece_;
    const std::uint64_t offset = size_bytes_;
    if (offset < sequence_bytes)
      std::copy_n(bytes.begin(), std::min(bytes.size(), sequence_bytes - offset), sequence_.begin() + offset);
    size_bytes_ += bytes.size();
    return offset;
  }

  std::uint64_t size_bytes() const noexcept { return size_bytes_; }  // so far
  // Whole at the latest with the first byte behind it, however short the pieces are.
  bool has_sequence() const noexcept { return size_bytes_ >= sequence_bytes; }
  std::uint64_t sequence() const noexcept { return std::bit_cast<std::uint64_t>(sequence_); }

 private:
  std::array<std::byte, sequence_bytes> sequence_{};
  std::uint64_t size_bytes_ = 0;
  std::uint16_t next_piece_ = 0;
  bool lost_ = false;
};

}  // namespace xover
