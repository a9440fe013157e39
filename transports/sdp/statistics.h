// What a machine counts, since it was made. No part of its state: two machines that differ in these alone are equal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "transports/sdp/message.h"

namespace xover::sdp {

// Why bytes went by copy although the way is another.
enum class CopyReason : std::uint8_t {
  below_threshold,         // the op is smaller than the threshold
  scattered,               // the op is not, but the segment is
  not_in_this_mode,        // Buffered
  too_small_for_combined,  // nothing would be left to read
  peer_waits,              // the peer's own advert lies here unread: both might wait for ever
  unread,                  // the peer did not read the advert in time
  registration_refused,
  send_small,      // the sink asked for it
  no_sink_advert,  // write_zcopy held the op back, and none came
};
inline constexpr std::size_t copy_reasons = 9;
std::string_view to_string(CopyReason reason);

inline constexpr std::size_t kinds = 14;
inline std::size_t index_of(Kind kind) noexcept {  // below `kinds`
  const auto code = static_cast<std::uint8_t>(kind);
  return code < 0xfd ? code - std::size_t{2} : code - std::size_t{0xfd - 11};
}

struct Statistics {
  std::array<std::uint64_t, kinds> sent{}, received{};                // by index_of()
  std::array<std::uint64_t, copy_reasons> fall_backs{};               // ops, each once for a reason
  std::uint64_t copied_bytes = 0, read_bytes = 0, written_bytes = 0;  // as source, each byte in one of them

  // How each source advert ended, as source.
  std::uint64_t adverts_read = 0, adverts_cancelled = 0, adverts_sent_small = 0, adverts_crossed = 0;
  // How each sink advert ended, as sink; and those that were dropped as stale, as source.
  std::uint64_t sink_adverts_written = 0, sink_adverts_copied = 0, sink_adverts_withdrawn = 0;
  std::uint64_t stale_sink_adverts = 0;

  std::uint64_t cancels = 0;  // SrcAvailCancel sent, for whatever reason
  std::uint64_t unread_timeouts = 0;
  std::uint64_t late_adverts = 0;  // source adverts of the peer that found no receive offered
  std::uint64_t stage_reads = 0;   // reads through the private stage
  std::uint64_t wasted_pins = 0;   // receives that were registered and then filled by copy alone
  std::uint64_t refused_registrations = 0;
  std::uint64_t credit_stalls = 0;   // times that data began to wait for credits
  std::uint64_t stage_stalls = 0;    // times that a message began to wait for a stage
  std::uint64_t credit_updates = 0;  // Data without payload that were sent
  std::uint64_t mode_changes = 0;    // sent
};

}  // namespace xover::sdp
