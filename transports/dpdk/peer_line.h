// The line between the two ends of a connection, beside the frames: the socket that they met over, see MeetingPlace. It
// carries what must not be lost, few and small notices, and its hanging up is how a dead process is known at once, on
// every link. Between two hosts that is a stream, so a notice has one size and may come in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "transports/common/file_descriptor.h"

namespace xover {

struct Notice {
  enum class Kind : std::uint8_t {
    finished,  // value: how many data frames were sent in all; none will follow
    aborted,   // nothing will follow, and what is on its way is void
    stalled,   // value: how many data frames were sent so far, and no grant has come for a while
    granted,   // value: as FrameHeader::granted, in answer to `stalled`
    gone,      // the peer hung up: never sent, only heard, and then always
  };
  Kind kind = Kind::gone;
  std::uint32_t value = 0;
};

// Data plane but for construction: neither blocks.
class PeerLine {
 public:
  PeerLine() = default;
  explicit PeerLine(FileDescriptor socket) : socket_(std::move(socket)) {}

  // False: the peer is gone, or has not listened for very long.
  bool say(Notice notice) noexcept;
  // The next that was said; empty: nothing new. A system call.
  std::optional<Notice> hear() noexcept;

  int fd() const noexcept { return socket_.get(); }  // readable when hear() has something

 private:
  static constexpr std::size_t notice_bytes = 8;

  FileDescriptor socket_;
  std::array<std::byte, notice_bytes> heard_{};
  std::size_t heard_bytes_ = 0;
};

}  // namespace xover
