// What a connection of SDP is set to: queue sizes, which agree with what the executor allocates, and policy.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/clock.h"
#include "transports/sdp/message.h"

namespace xover::sdp {

// How payload at or above the threshold travels; whatever is smaller, or may not go that way, goes by copy.
enum class Way : std::uint8_t {
  bcopy,        // through private buffers at both ends
  read_zcopy,   // SrcAvail, RDMA Read, RdmaRdCompl
  write_zcopy,  // SinkAvail, RDMA Write, RdmaWrCompl
  automatic,    // a write where the sink has advertised in time, else a read
};

// Breaks one rule, for tests of the tests.
enum class Broken : std::uint8_t {
  none,
  last_credit,          // the last credit is spent on anything
  fence,                // RdmaRdCompl leaves without waiting for the read
  cancel_sequence,      // any SendSm is taken for the answer to a cancel
  cancel_before_reads,  // a cancel is answered although reads are under way
  staleness,            // a sink's advert is believed without looking at its NonDiscards
};

// One end of the connection as the other must know it; travels in the greeting.
struct End {
  std::uint16_t max_adverts = 8;            // of the peer that it keeps in mind, of both kinds together; at least 1
  std::uint16_t receives = 16;              // private receive buffers, all posted before the first message
  std::uint32_t receive_bytes = 32 * 1024;  // size of each, headers included

  bool operator==(const End&) const = default;
};

// Of a private receive buffer, headers included; and how many.
inline constexpr std::uint32_t least_receive_bytes = 256;
inline constexpr std::uint16_t least_receives = 5;  // see line.h
inline constexpr std::uint32_t most_receive_bytes = 1u << 30;

struct Settings {
  Way way = Way::bcopy;
  End own, peer;

  // Queues. Work requests outstanding at once: stages + max_reads + max_writes.
  std::uint16_t depth = 1;        // ops
  std::uint16_t max_offered = 8;  // receives
  std::uint16_t stages = 16;      // messages posted whose send has not ended; each has a stage of its own
  std::uint16_t max_reads = 16;
  std::uint16_t max_writes = 16;

  // Policy.
  std::uint64_t source_threshold_bytes = 64 * 1024;  // ops from this size on
  std::uint64_t sink_threshold_bytes = 64 * 1024;    // receives from this size on
  std::uint32_t chunk_bytes = 128 * 1024;            // one source advert, read or write at most; a multiple of pages
  std::uint32_t copy_bytes = 32 * 1024;              // payload of a copied message at most
  std::uint32_t read_stage_bytes = 32 * 1024;        // the private buffer that small receives are read through
  std::uint32_t combined_bytes = 64;                 // that a SrcAvail carries in Combined mode; at least 1
  bool delayed_registration = true;       // a receive is registered when a SrcAvail is there, not when it is offered
  MonotonicNs unread_ns = 1'000'000'000;  // then an advert is taken back, and its bytes go by copy
  MonotonicNs answer_ns = 5'000'000'000;  // then a cancel without an answer ends the connection
  MonotonicNs hold_back_ns = 200'000;     // that write_zcopy waits for an advert of the sink
  Mode first_mode = Mode::combined;       // of both halves, the same at both ends

  // For tests.
  std::uint32_t first_sequence = 0;  // the greeting's; the same at both ends
  Broken broken = Broken::none;

  bool operator==(const Settings&) const = default;
};

// Payload that fits into one Data message of this end.
inline std::uint32_t most_copied_bytes(const Settings& settings) noexcept {
  const std::uint32_t room = settings.peer.receive_bytes - static_cast<std::uint32_t>(header_bytes);
  return settings.copy_bytes < room ? settings.copy_bytes : room;
}

// Tickets are smaller than this: one for each source advert, write and offered receive.
inline std::size_t tickets(const Settings& settings) noexcept {
  return std::size_t{settings.own.max_adverts} + settings.peer.max_adverts + settings.max_writes + settings.max_offered;
}

}  // namespace xover::sdp
