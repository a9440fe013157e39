// What all channels of one session of rdma.* share: the way, sizes, memory, counters; and the words that two ends
// say to each other beside the messages.
//
// The flow of a direction. The receiver says in its hello how many messages it takes: the window. The sender counts
// what it sent, the receiver what it gave back, and tells so in a `grant` with the whole count, so that a grant may be
// late but never wrong. A sender without credit says busy. Each message and each word takes a posted receive of the
// peer; there is one for all that can be on the way, which is why no receiver is ever not ready:
//   window             messages that were sent and not given back
//   most_grants        grants not yet heard: each one says of so many more messages or bytes that were sent under
//                      grants that had been heard, and these are bounded by the window
//   1                  the end
// and one more, which no message takes: it comes back when the connection ends, behind all that arrived before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/transport.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/registered_memory.h"

namespace xover {

enum class RdmaWay : std::uint8_t { send, write, read };

struct RdmaSettings {
  RdmaWay way = RdmaWay::send;
  std::uint32_t window = 64;     // messages that the peer of a channel may send without word from here
  std::size_t buffer_bytes = 0;  // send: of a posted receive
  std::size_t ring_bytes = 0;    // write, read: that messages arrive in
  std::size_t inline_bytes = 0;  // send: up to so many are taken by the post itself
  std::size_t reads = 0;         // read: messages that are read at a time
  std::size_t max_op_bytes = 0;
  std::size_t max_segments = 1;
  PageKind pages = PageKind::system;  // of arenas
  Handover handover = Handover::unverified;
};

struct RdmaCounters {
  std::uint64_t messages_sent = 0, messages_received = 0;
  std::uint64_t inline_sends = 0;
  std::uint64_t busy = 0;                 // submit() calls that ended in Stop::busy
  std::uint64_t credit_stalls = 0;        // of these, for want of the peer's grant
  std::uint64_t queue_stalls = 0;         // posts that found the queue pair full
  std::uint64_t registration_stalls = 0;  // ops that found the cache taken up by memory in use
  std::uint64_t ring_stalls = 0;          // read: messages that had to wait for room, because of leases held
  std::uint64_t grants_sent = 0, grants_received = 0;

  void append_to(std::vector<Counter>& counters) const;
};

struct RdmaShared {
  Fabric& fabric;
  const Limits& limits;
  const RdmaSettings settings;
  std::unique_ptr<RegisteredMemory> memory;
  RdmaCounters counters;
};

// An immediate: what kind of word it is, and a count modulo 2^30.
enum class Word : std::uint8_t { message, grant, end };
inline constexpr std::uint32_t count_mask = (std::uint32_t{1} << 30) - 1;

constexpr std::uint32_t immediate_of(Word word, std::uint64_t count) {
  return static_cast<std::uint32_t>(word) << 30 | (static_cast<std::uint32_t>(count) & count_mask);
}
constexpr Word word_of(std::uint32_t immediate) { return static_cast<Word>(immediate >> 30); }
// The whole count whose low bits these are, not below `from`.
constexpr std::uint64_t count_from(std::uint64_t from, std::uint32_t immediate) {
  return from + ((immediate - static_cast<std::uint32_t>(from)) & count_mask);
}

// What a request or a posted receive was for, in its id, with a number of that kind.
enum class Purpose : std::uint8_t { op, word, read, receive };
constexpr std::uint64_t work_id(Purpose purpose, std::uint64_t number) {
  return static_cast<std::uint64_t>(purpose) << 56 | (number & ((std::uint64_t{1} << 56) - 1));
}
constexpr Purpose purpose_of(std::uint64_t id) { return static_cast<Purpose>(id >> 56); }
constexpr std::uint64_t number_of(std::uint64_t id) { return id & ((std::uint64_t{1} << 56) - 1); }

// A message that reached the peer says where the sender's memory lies: rdma.read's only payload on the wire.
struct ReadDescriptor {
  struct Piece {
    std::uint64_t address = 0;
    std::uint32_t key = 0;
    std::uint32_t size_bytes = 0;
  };
  static constexpr std::size_t max_pieces = 16;

  static constexpr std::size_t size_bytes(std::size_t pieces) { return sizeof(std::uint64_t) + pieces * sizeof(Piece); }

  std::uint64_t pieces = 0;
  Piece piece[max_pieces];
};
static_assert(sizeof(ReadDescriptor) == ReadDescriptor::size_bytes(ReadDescriptor::max_pieces));

// So many messages given back are worth a grant.
constexpr std::uint32_t grant_step(std::uint32_t window) { return window < 8 ? 1 : window / 4; }
// See above. rdma.read tells of each message by itself if need be; else there are a grant for each step of the window,
// four for the quarters of a ring, and one when the window is used up.
constexpr std::size_t most_grants(const RdmaSettings& settings) {
  if (settings.way == RdmaWay::read) return settings.window;
  return settings.window / grant_step(settings.window) + 4 + 1;
}
constexpr std::size_t posted_receives(const RdmaSettings& settings) {
  return settings.window + most_grants(settings) + 2;
}
constexpr std::size_t slot_bytes(const RdmaSettings& settings) {
  if (settings.way == RdmaWay::send) return settings.buffer_bytes;
  return settings.way == RdmaWay::read ? sizeof(ReadDescriptor) : 64;
}

// Sets all fields; those that are not given to their defaults, and the lease to none.
inline void begin_completion(Completion& out, std::uint32_t channel, Moments moments, Handover evidence) noexcept {
  out = Completion{};
  out.channel = channel;
  out.moments = moments;
  out.evidence = evidence;
}

}  // namespace xover
