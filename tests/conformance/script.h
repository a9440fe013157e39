// What is sent on one direction of a channel, known to both sides beforehand, and the receiver's check against it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/transport.h"

namespace xover::conformance {

// Messages of given sizes, their bytes taken from one payload stream: message i begins where message i - 1 ended.
class Script {
 public:
  Script(std::uint64_t seed, std::vector<std::size_t> sizes);
  static Script repeated(std::uint64_t seed, std::size_t size_bytes, std::size_t count);

  std::uint64_t seed() const { return seed_; }
  std::size_t count() const { return sizes_.size(); }
  std::size_t size_bytes(std::size_t message) const { return sizes_[message]; }
  std::uint64_t offset(std::size_t message) const { return offsets_[message]; }
  std::uint64_t total_bytes() const { return offsets_.back(); }
  std::size_t longest_bytes() const;

 private:
  std::uint64_t seed_;
  std::vector<std::size_t> sizes_;
  std::vector<std::uint64_t> offsets_;  // one more than sizes_
};

// Takes what arrives and says what is wrong with it. Reliable paths must bring everything in order. Unreliable ones may
// lose messages, so what arrives must be a subsequence of the script; each piece is matched to the earliest place that
// it can have come from, which finds a match whenever there is one.
class Checker {
 public:
  Checker(const Script& script, const Limits& receiver);

  // Empty when all is well, else what is wrong.
  std::string take(std::span<const std::byte> bytes);

  std::uint64_t bytes() const { return bytes_; }
  std::size_t messages() const { return messages_; }  // pieces taken; on message framing also empty ones
  bool complete() const;                              // everything has arrived

 private:
  std::string take_stream(std::span<const std::byte> bytes);
  std::string take_message(std::span<const std::byte> bytes);
  std::string take_piece(std::span<const std::byte> bytes);

  const Script& script_;
  bool stream_, reliable_, whole_messages_;
  std::uint64_t position_ = 0;  // in the payload stream, behind what was matched last
  std::size_t message_ = 0;     // whole messages: the first that was not matched or skipped
  std::uint64_t bytes_ = 0;
  std::size_t messages_ = 0;
};

}  // namespace xover::conformance
