// What the two ends of a connection have in common: for each end a page of its own that both map, and for each fabric
// its table of regions. The peer works on them as a network card would: it takes posted receives, says what arrived in
// them, and looks up keys.
//
// Each word but `sleeping` has one writer, so a store with `release` hands over what was written before it, and there
// is no read-modify-write. Two orders need more, and use sequential consistency at both sides:
//   The peer says that an operation is under way before it looks whether it still may; the owner says that it no longer
//     may before it looks whether one is under way. So nothing is taken away under the peer's hands.
//   The peer says that something arrived before it looks whether the owner sleeps; the owner says that it sleeps before
//     it looks whether something arrived. So nobody sleeps over an arrival.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace xover {

inline constexpr std::size_t cache_line_bytes = 64;
inline constexpr std::uint32_t no_memory_index = UINT32_MAX;

using SharedWord = std::atomic<std::uint32_t>;
static_assert(SharedWord::is_always_lock_free && sizeof(SharedWord) == sizeof(std::uint32_t),
              "words between processes take no lock of one of them");

// Why an end takes part no more. The first stands.
enum class Ending : std::uint32_t { none, disconnected, failed };

// --- a page for each end of a connection: header, receives, arrivals

struct alignas(cache_line_bytes) EndHeader {
  static constexpr std::uint64_t known_magic = 0x786f7665726c6f63;
  std::uint64_t magic = known_magic;               // the word by which the peer tries whether it may read this process
  alignas(cache_line_bytes) SharedWord ending{0};  // Ending; written by the owner
  alignas(cache_line_bytes) SharedWord peers_operations{0};  // written by the peer: odd while one is under way
};

// Posted by the owner, taken by the peer, both in order. The n-th one since the start, from 0 on, lies in slot
// n modulo the number of slots and has turn n + 1.
struct alignas(32) PostedReceive {
  SharedWord turn{0};
  std::uint32_t size_bytes = 0;
  std::uint64_t address = 0;               // of the owner
  std::uint32_t memory = no_memory_index;  // the shared memory that it lies in
};

// Written by the peer for the posted receive of the same number.
struct alignas(16) Arrival {
  enum Kind : std::uint32_t { message, with_immediate, too_long };
  SharedWord turn{0};
  std::uint32_t bytes = 0;
  std::uint32_t immediate = 0;
  std::uint32_t kind = 0;  // Kind
};

// A view of the page; the number of slots is a power of two.
class EndPage {
 public:
  EndPage() = default;
  EndPage(std::byte* page, std::uint32_t slots) : page_(page), mask_(slots - 1) {}

  static std::size_t size_bytes(std::uint32_t slots) noexcept {
    return sizeof(EndHeader) + slots * (sizeof(PostedReceive) + sizeof(Arrival));
  }
  EndHeader& header() const noexcept { return *reinterpret_cast<EndHeader*>(page_); }
  PostedReceive& receive(std::uint32_t number) const noexcept { return receives()[number & mask_]; }
  Arrival& arrival(std::uint32_t number) const noexcept {
    return reinterpret_cast<Arrival*>(receives() + mask_ + 1)[number & mask_];
  }

 private:
  PostedReceive* receives() const noexcept { return reinterpret_cast<PostedReceive*>(page_ + sizeof(EndHeader)); }

  std::byte* page_ = nullptr;
  std::uint32_t mask_ = 0;
};

// --- one for each fabric

// The low bits of a key are the slot, the others its generation, so that a key of the past fits no more.
inline constexpr std::uint32_t region_slot_bits = 14;
inline constexpr std::uint32_t region_slots = 1u << region_slot_bits;

struct alignas(32) SharedRegion {
  std::uint64_t address = 0;
  std::uint64_t size_bytes = 0;
  SharedWord key{0};  // 0: free. What stands around it is written before it, and not while it is valid
  std::uint32_t access = 0;
  std::uint32_t memory = no_memory_index;
};

struct FabricPage {
  // The owner sleeps, or is about to: ring its bell. Whichever peer takes the word away does so, and the owner when it
  // wakes up.
  alignas(cache_line_bytes) SharedWord sleeping{0};
  alignas(cache_line_bytes) SharedRegion regions[region_slots];
};

}  // namespace xover
