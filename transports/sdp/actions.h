// What the machine asks of whoever executes it, in this order and without exception.
//
// Data plane: a list has room for a fixed number and never allocates. Pointers are those that came with submit() and
// offer(); the machine itself never looks at payload.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <variant>

#include "core/error.h"
#include "core/transport.h"
#include "transports/sdp/message.h"

namespace xover::sdp {

// A run of an op's bytes: begins `offset` bytes into segments[0] and may go on in those behind it.
struct Gather {
  const Segment* segments = nullptr;
  std::uint64_t offset = 0;
  std::uint32_t size_bytes = 0;
  bool operator==(const Gather&) const = default;
};

// Names a registration from Register until Release; below tickets(settings), and then used again.
using Ticket = std::uint16_t;
inline constexpr Ticket no_ticket = UINT16_MAX;

// Payload of the message that the next PostMessage behind this posts, before what that one brings itself: small ops
// that leave together. Never the last in a list.
struct Carry {
  Gather payload;
  bool operator==(const Carry&) const = default;
};

// Posts header, extension and payload as one message. The payload is free when the action has been executed: taken
// inline, or copied to the stage. sends_finished() tells when the stage may be used again.
struct PostMessage {
  Message message;
  Gather payload;           // size 0: none; less than message.payload_bytes by what was carried
  std::uint16_t stage = 0;  // 0, 1, ... and round again
  bool operator==(const PostMessage&) const = default;
};

// RDMA Read of the peer's memory; read_finished() when it has ended, in the order of posting.
struct PostRead {
  Ticket ticket = no_ticket;  // of the receive that it goes to; none: to the private read stage, from its beginning on
  std::byte* to = nullptr;    // null for the read stage
  std::uint32_t size_bytes = 0;
  std::uint64_t address = 0;
  std::uint32_t key = 0;
  bool operator==(const PostRead&) const = default;
};

// RDMA Write to the peer's memory; write_finished() when it has ended, in the order of posting.
struct PostWrite {
  Ticket ticket = no_ticket;
  const std::byte* from = nullptr;
  std::uint32_t size_bytes = 0;
  std::uint64_t address = 0;
  std::uint32_t key = 0;
  bool operator==(const PostWrite&) const = default;
};

enum class Access : std::uint8_t {
  peer_reads,   // a source advert
  peer_writes,  // a sink advert, and reads into it by this end
  local,        // reads and writes of this end alone
};

// Answered by registered() or refused(), at once or later.
struct Register {
  Ticket ticket = no_ticket;
  std::byte* data = nullptr;
  std::size_t size_bytes = 0;
  Access access = Access::local;
  bool operator==(const Register&) const = default;
};

// Nobody uses the registration any more. Not after refused().
struct Release {
  Ticket ticket = no_ticket;
  bool operator==(const Release&) const = default;
};

// From a received message, or from the read stage, to an offered receive.
struct Copy {
  bool from_read_stage = false;
  std::uint16_t slot = 0;    // the private receive buffer
  std::uint32_t offset = 0;  // in it, headers counted; or in the read stage
  std::uint32_t size_bytes = 0;
  std::byte* to = nullptr;
  bool operator==(const Copy&) const = default;
};

// The private receive buffer is empty: posts it again.
struct PostReceive {
  std::uint16_t slot = 0;
  bool operator==(const PostReceive&) const = default;
};

// As Completion has it. `released` comes exactly once for each token; `sent` at most once, with it or before.
struct CompleteSend {
  Token token = 0;
  Moments moments;
  std::uint64_t bytes = 0;         // that went
  std::uint64_t copied_bytes = 0;  // of these through private buffers, the rest from where they lay
  Failure failure;
  bool operator==(const CompleteSend& other) const {
    return token == other.token && moments == other.moments && bytes == other.bytes &&
           copied_bytes == other.copied_bytes && failure.code == other.failure.code;
  }
};

struct CompleteReceive {
  Token token = 0;
  std::uint64_t bytes = 0;
  std::uint64_t copied_bytes = 0;
  bool operator==(const CompleteReceive&) const = default;
};

// The peer will send no more. Once; behind it receives that are still offered come back empty.
struct Closed {
  Failure failure;  // none: the peer's DisConn
  bool operator==(const Closed& other) const { return failure.code == other.failure.code; }
};

// QueuePair::fail(), before any action behind it: only then is memory no longer in the peer's reach. Not after lost().
struct Abort {
  Failure reason;
  bool operator==(const Abort& other) const { return reason.code == other.reason.code; }
};

using Action = std::variant<Carry, PostMessage, PostRead, PostWrite, Register, Release, Copy, PostReceive, CompleteSend,
                            CompleteReceive, Closed, Abort>;

class Actions {
 public:
  static constexpr std::size_t capacity = 64;

  const Action* begin() const noexcept { return actions_.data(); }
  const Action* end() const noexcept { return actions_.data() + size_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t room() const noexcept { return capacity - size_; }
  const Action& operator[](std::size_t position) const noexcept {
    assert(position < size_);
    return actions_[position];
  }

  void clear() noexcept { size_ = 0; }
  template <typename One>
  void add(const One& action) noexcept {
    assert(size_ < capacity);
    actions_[size_++].emplace<One>(action);
  }

 private:
  std::array<Action, capacity> actions_;
  std::size_t size_ = 0;
};

}  // namespace xover::sdp
