// A set of states, known by 128 bits of hash: with ten million states, the odds that two different ones meet are one in
// 10^24.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace xover::explore {

struct StateHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const StateHash&) const = default;
};

// Two lanes of multiply and rotate, each with its own constants, mixed at the end.
inline StateHash hash_of(std::span<const std::byte> state) noexcept {
  constexpr std::uint64_t first = 0x9e3779b97f4a7c15, second = 0xc2b2ae3d27d4eb4f, third = 0x165667b19e3779f9;
  StateHash hash{.low = first ^ state.size(), .high = third};
  for (std::size_t i = 0; i < state.size(); i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, state.data() + i, std::min(sizeof(word), state.size() - i));
    hash.low = std::rotl((hash.low ^ word) * second, 29);
    hash.high = std::rotl(hash.high + word * first, 31) * third;
  }
  const auto mix = [](std::uint64_t value) {
    value = (value ^ (value >> 33)) * 0xff51afd7ed558ccd;
    value = (value ^ (value >> 29)) * 0xc4ceb9fe1a85ec53;
    return value ^ (value >> 32);
  };
  hash.low = mix(hash.low ^ std::rotl(hash.high, 17));
  hash.high = mix(hash.high + hash.low);
  return hash;
}

// Numbers states from 0 on, in the order in which they come.
class StateSet {
 public:
  struct Found {
    std::uint32_t number;
    bool is_new;
  };

  StateSet() : slots_(std::size_t{1} << 16) {}

  std::size_t size() const noexcept { return size_; }

  Found insert(StateHash hash) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    Slot& slot = slot_of(hash);
    if (slot.number != 0) return {slot.number - 1, false};
    slot = {hash, ++size_};
    return {size_ - 1, true};
  }

 private:
  struct Slot {
    StateHash hash;
    std::uint32_t number = 0;  // counted from 1; 0: empty
  };

  Slot& slot_of(const StateHash& hash) noexcept {
    std::size_t at = hash.low & (slots_.size() - 1);
    while (slots_[at].number != 0 && slots_[at].hash != hash) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.number != 0) slot_of(slot.hash) = slot;
    }
  }

  std::vector<Slot> slots_;
  std::uint32_t size_ = 0;
};

}  // namespace xover::explore
