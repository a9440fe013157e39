// Where messages lie in a ring of bytes: each in one piece, in order, at a multiple of a cache line; one that does not
// fit before the end begins at the start. Both ends of a connection that go through the same sizes come to the same
// places, so nobody has to tell.
//
// What always holds: the messages that were taken and not given back up to the oldest that is still out lie apart, and
// whoever may take a quarter of the ring always can once three quarters of it are given back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace xover {

class RingSpace {
 public:
  static constexpr std::size_t granule_bytes = 64;

  // A multiple of the granule; at most so many messages at a time.
  RingSpace(std::size_t size_bytes, std::size_t max_messages);

  // Where a message of so many bytes would lie; none: there is no room now.
  std::optional<std::size_t> place(std::size_t size_bytes) const noexcept;
  // Takes it; there is room. Messages are numbered from 0 on.
  std::uint64_t take(std::size_t size_bytes) noexcept;
  void give_back(std::uint64_t message) noexcept;

  std::uint64_t taken() const noexcept { return next_; }
  std::uint64_t given_back() const noexcept { return oldest_; }       // all messages before this one
  std::uint64_t given_back_bytes() const noexcept { return begin_; }  // counted on for ever
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  struct Message {
    std::uint64_t end = 0;  // counted on for ever
    bool out = false;
  };

  std::uint64_t start_of(std::size_t size_bytes) const noexcept;
  Message& message(std::uint64_t number) noexcept { return messages_[number & (messages_.size() - 1)]; }

  const std::size_t size_bytes_, max_messages_;
  std::vector<Message> messages_;
  std::uint64_t oldest_ = 0, next_ = 0;  // messages
  std::uint64_t begin_ = 0, end_ = 0;    // bytes that are taken, counted on for ever
};

}  // namespace xover
