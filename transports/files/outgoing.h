// An op on its way: how far its segments have been handed to the next stage, a pipe or the socket itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/transport.h"

namespace xover {

struct Outgoing {
  Token token = 0;
  std::span<const Segment> segments;
  std::uint64_t size_bytes = 0;
  std::uint64_t taken_bytes = 0;   // from the segments
  std::uint64_t sent_bytes = 0;    // into the socket; less than taken where something lies between
  std::size_t segment = 0;         // the first that has not been taken entirely,
  std::size_t segment_offset = 0;  // and how much of it has

  Outgoing() = default;
  explicit Outgoing(const SendOp& op) : token(op.token), segments(op.segments), size_bytes(total_bytes(op.segments)) {
    take(0);
  }

  bool all_taken() const noexcept { return taken_bytes == size_bytes; }
  bool done() const noexcept { return sent_bytes == size_bytes; }
  // What is left of the foremost segment; not to be asked when all is taken.
  const Segment& front() const noexcept { return segments[segment]; }
  std::size_t front_bytes() const noexcept { return front().size_bytes - segment_offset; }
  std::uint64_t front_file_offset() const noexcept { return front().file_offset + segment_offset; }

  void take(std::size_t bytes) noexcept {
    taken_bytes += bytes;
    segment_offset += bytes;
    while (segment < segments.size() && segment_offset >= segments[segment].size_bytes) {
      segment_offset -= segments[segment].size_bytes;
      ++segment;
    }
  }
  void take_and_send(std::size_t bytes) noexcept {
    take(bytes);
    sent_bytes += bytes;
  }
};

}  // namespace xover
