// The second connection of a channel: what each side says there about the bytes that it has taken out of the first.
//
// A word is the count of all bytes taken since the beginning, 8 bytes, least first. Being cumulative, a newer word
// stands for all before it, so a full socket loses nothing. The end of this connection is a word, too: a side that has
// ended it hands out no byte any more that it had not acknowledged.
//
// A word with its highest bit set goes the other way: the side that sends bytes can do without a count until so many
// have been taken. It says so while it goes on sending, and takes it back by another such word before it rests.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "transports/common/file_descriptor.h"

namespace xover {

class Acknowledgements {
 public:
  // A word is due after so many bytes, even if more are there to be taken. Bounds of a figure that adapts: it grows as
  // long as there is always more, because words cost a busy receiver time, and shrinks whenever nothing is there,
  // because the sender may then be one who can lend no more before it hears.
  static constexpr std::uint64_t least_due_bytes = std::uint64_t{256} << 10;
  static constexpr std::uint64_t most_due_bytes = std::uint64_t{1} << 20;

  // The socket is O_NONBLOCK.
  explicit Acknowledgements(FileDescriptor socket) : socket_(std::move(socket)) {}

  int fd() const noexcept { return socket_.get(); }

  // As the one who takes bytes.
  void took(std::size_t bytes) noexcept { taken_ += bytes; }
  bool unsaid() const noexcept { return said_ != taken_; }
  bool due() const noexcept { return !spared() && (said_ < spared_until_ || taken_ - said_ >= due_bytes_); }
  void there_is_more() noexcept { due_bytes_ = std::min(due_bytes_ + least_due_bytes / 4, most_due_bytes); }
  void there_is_nothing() noexcept { due_bytes_ = std::max(due_bytes_ / 2, least_due_bytes); }
  bool blocked() const noexcept { return blocked_; }  // a word did not go: the socket is full
  // Says what is to be said and may be said now. Counts that went; a lost connection is told by listen().
  std::uint64_t say() noexcept;

  // As the one who has sent them: no count is needed before so many were taken. Goes with the next say().
  void spare_until(std::uint64_t bytes) noexcept { asked_ = bytes; }
  std::uint64_t sparing_until() const noexcept { return asked_; }
  // `thorough` makes sure that an end which has come is seen.
  std::uint64_t listen(bool thorough) noexcept;  // counts that came
  std::uint64_t heard() const noexcept { return heard_; }
  bool ended() const noexcept { return ended_; }

  void end() noexcept;  // says no more, but still listens
  void close() noexcept { socket_.close(); }

 private:
  static constexpr std::size_t word_bytes = 8;
  static constexpr std::uint64_t spare_flag = std::uint64_t{1} << 63;

  bool spared() const noexcept { return taken_ < spared_until_; }
  bool has_word() const noexcept { return asked_ != asked_and_said_ || (unsaid() && !spared()); }
  void compose() noexcept;
  std::uint64_t hear(const std::byte* bytes, std::size_t size_bytes) noexcept;

  FileDescriptor socket_;
  std::uint64_t taken_ = 0, said_ = 0;
  std::uint64_t due_bytes_ = least_due_bytes;
  std::uint64_t saying_ = 0;        // what outgoing_ says
  std::uint64_t spared_until_ = 0;  // the peer needs no count before
  std::uint64_t asked_ = 0, asked_and_said_ = 0;
  std::array<std::byte, word_bytes> outgoing_{};
  std::size_t unsent_ = 0;  // bytes of outgoing_ that have not gone
  bool blocked_ = false;
  std::uint64_t heard_ = 0;
  std::array<std::byte, word_bytes> incoming_{};
  std::size_t incoming_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace xover
