// What two ends of a DPDK link tell each other while they meet. A record is its bytes, all of one size: on a stream it
// is cut by that, and its version, which comes first, does not fit a peer of another byte order.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "core/clock.h"
#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct MeetingRecord {
  enum class Kind : std::uint32_t { hello, welcome, ready, descriptor, accepted, refused };
  static constexpr std::uint32_t known_version = 0x58565201;

  std::uint32_t version = known_version;
  Kind kind = Kind::hello;
  std::int32_t process = 0;
  std::uint32_t connection = 0;
  std::uint32_t window_frames = 0;
  std::uint32_t mtu_bytes = 0;
  ErrorCode code = ErrorCode::none;  // refused
  std::array<std::uint8_t, 6> mac{};
  std::array<char, 96> link{};    // hello: its name alone
  std::array<char, 96> detail{};  // welcome: what the link's driver needs
  std::array<char, 401> text{};   // refused: why
};
static_assert(std::has_unique_object_representations_v<MeetingRecord>);  // no byte of padding is sent

// Cut where it is too long; always ends with a zero.
template <std::size_t size>
void put_text(std::array<char, size>& to, const std::string& text) {
  to.fill('\0');
  text.copy(to.data(), size - 1);
}

// Also of a peer that ends it with no zero.
template <std::size_t size>
std::string text_of(const std::array<char, size>& from) {
  return {from.data(), strnlen(from.data(), size)};
}

// Never waits. `passed`: a descriptor that the peer gets its own copy of; -1: none.
Result<void> send_record(int line, const MeetingRecord& record, int passed = -1);
// What the peer refused becomes the error that it met. peer_died: it hung up; bad_input: what came is no record.
Result<MeetingRecord> receive_record(int line, MonotonicNs deadline, MeetingRecord::Kind expected,
                                     FileDescriptor* passed = nullptr);
// For a line that was seen to hang up: the peer's last word, a refusal that nobody has read, or peer_died. Never waits.
tl::unexpected<Error> why_it_hung_up(int line, const std::string& operation);
// Sleeps for so long, less than a second, or until the peer hangs up, for loops that wait for something beside the
// line. The error is why_it_hung_up().
Result<void> pause_beside(int line, MonotonicNs pause_ns, const std::string& operation);
// Tells the peer, as far as it listens.
void send_refusal(int line, const Error& why);

}  // namespace xover
