// Matching of what arrived against what was sent.
#include "tests/conformance/script.h"

#include <algorithm>

#include "core/payload.h"

namespace xover::conformance {

Script::Script(std::uint64_t seed, std::vector<std::size_t> sizes) : seed_(seed), sizes_(std::move(sizes)) {
  offsets_.push_back(0);
  for (const std::size_t size : sizes_) offsets_.push_back(offsets_.back() + size);
}

Script Script::repeated(std::uint64_t seed, std::size_t size_bytes, std::size_t count) {
  return Script(seed, std::vector<std::size_t>(count, size_bytes));
}

std::size_t Script::longest_bytes() const {
  return sizes_.empty() ? 0 : *std::max_element(sizes_.begin(), sizes_.end());
}

Checker::Checker(const Script& script, const Limits& receiver)
    : script_(script),
      stream_(receiver.framing == Framing::stream),
      reliable_(receiver.reliable),
      whole_messages_(receiver.whole_messages) {}

std::string Checker::take(std::span<const std::byte> bytes) {
  if (stream_ && bytes.empty()) return {};
  bytes_ += bytes.size();
  ++messages_;
  if (stream_) return take_stream(bytes);
  return whole_messages_ ? take_message(bytes) : take_piece(bytes);
}

bool Checker::complete() const {
  if (bytes_ != script_.total_bytes()) return false;
  return stream_ || !whole_messages_ || messages_ == script_.count();
}

std::string Checker::take_stream(std::span<const std::byte> bytes) {
  if (position_ + bytes.size() > script_.total_bytes()) return "more bytes arrived than were sent";
  const auto wrong = verify_payload(bytes, script_.seed(), position_);
  position_ += bytes.size();
  return wrong ? "wrong byte at stream offset " + std::to_string(*wrong) : std::string();
}

std::string Checker::take_message(std::span<const std::byte> bytes) {
  const std::size_t first = message_;
  for (; message_ < script_.count(); ++message_) {
    if (script_.size_bytes(message_) == bytes.size() &&
        !verify_payload(bytes, script_.seed(), script_.offset(message_))) {
      ++message_;
      return {};
    }
    if (reliable_) break;
  }
  message_ = first;
  return "a datagram of " + std::to_string(bytes.size()) + " bytes is none of those sent behind message " +
         std::to_string(first) + ": corrupt, double or out of order";
}

// Segmentation may cut and join anywhere: the piece has to be found as bytes.
std::string Checker::take_piece(std::span<const std::byte> bytes) {
  for (std::uint64_t at = position_; at + bytes.size() <= script_.total_bytes(); ++at) {
    if (!verify_payload(bytes, script_.seed(), at)) {
      position_ = at + bytes.size();
      return {};
    }
    if (reliable_) break;
  }
  return "a piece of " + std::to_string(bytes.size()) + " bytes is nowhere behind stream offset " +
         std::to_string(position_) + ": corrupt, double or out of order";
}

}  // namespace xover::conformance
