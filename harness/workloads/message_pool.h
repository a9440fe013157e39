// The messages that a connection sends: memory laid out as the point asks (fields, alignment, pool size), filled with a
// pattern that the receiver can check, and cycled through. Message n is in slot n modulo slots(), of which there are
// enough for all messages in flight. Messages that are never written to again share their places in memory when the
// pool has fewer: a pool of one message is one hot buffer, however many are in flight.
//
// Field f of all messages lies together, apart from the other fields, as separately allocated fields would. Where the
// arena comes in buffers (Limits::buffer_bytes) each field is made of whole buffers instead, and no two messages share
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "harness/experiment/point.h"
#include "transports/common/pages.h"

namespace xover {

inline constexpr std::size_t sequence_bytes = 8;  // leads every datagram, inside its size
inline constexpr std::uint64_t fanout_seed = 1;   // of the one pool that all receivers of a fanout get messages from

// Whether each message begins with its sequence number: those that arrive whole, and may not arrive. All others are
// counted like a stream.
bool carry_sequence(const Limits& limits);

class MessagePool {
 public:
  // Takes memory from the session's arena or, for `foreign`, from its own pages. Faulted in and filled.
  static Result<MessagePool> make(Session& session, const Point& point, std::uint64_t seed);

  std::span<const Segment> message(std::uint64_t number) const {
    return {segments_.data() + (number < places_ ? number : number % places_) * segments_each_, segments_each_};
  }
  std::size_t slots() const { return slots_; }

  // Writes a datagram's sequence number over its first bytes; the slot must not be on loan.
  void stamp(std::uint64_t number, std::uint64_t sequence);

  // How many messages lie apart in a point's pool: both ends must know, to know what arrives.
  static std::size_t places_for(const Point& point, const Limits& limits);
  // How many segments each message has.
  static std::size_t segments_for(const Point& point, const Limits& limits);

 private:
  static Result<MessagePool> make_in_buffers(Session& session, const Point& point, std::uint64_t seed);

  std::size_t slots_ = 0;  // a multiple of the places
  std::size_t places_ = 0, segments_each_ = 0;
  std::vector<Segment> segments_;  // place after place, segments_each_ each
  Pages own_pages_;                // foreign memory
};

// Checks received bytes against what pools of this layout send. Streams are followed by position, datagrams by number.
class PayloadChecker {
 public:
  PayloadChecker(const Point& point, const Limits& limits, std::uint64_t seed);

  // True when `bytes` are what a stream carries from `position` on.
  bool stream_matches(std::span<const std::byte> bytes, std::uint64_t position) const;
  // True when `bytes` stand in datagram `number` at this offset, but for its sequence number.
  bool datagram_matches(std::span<const std::byte> bytes, std::uint64_t number, std::uint64_t offset) const;

 private:
  std::uint64_t seed_, message_bytes_, cycle_bytes_;
};

}  // namespace xover
