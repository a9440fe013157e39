// Who copied the bytes: the account that every channel keeps, one ledger for each side.
//
// The law: each completed byte is booked in exactly one handover class, so the classes sum to the bytes completed.
// user_copied stands beside them and may be any multiple of the bytes: it counts every byte that was copied because
// user space asked for it in a buffer of its own: by counted_copy(), or by read(2) into a buffer on the way to a socket
// (docs/decisions/0012).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xover {

enum class Handover : std::uint8_t {
  kernel_by_design,      // a plain send or receive: the kernel copies
  kernel_after_request,  // zero-copy was asked for, the kernel says it copied after all
  driver,                // the driver of the link copies after the handover
  zero_copied,           // the kernel's word, or the construction, shows that nobody copied
  unverified,            // asked for, and no word about it ever came
};

inline constexpr std::size_t handover_classes = 5;

std::string_view to_string(Handover handover);

struct Ledger {
  std::uint64_t user_copied_bytes = 0;
  std::uint64_t completed_bytes = 0;
  std::array<std::uint64_t, handover_classes> handover_bytes{};

  // Books bytes that have completed, with the evidence of how they were handed over.
  void complete(Handover handover, std::uint64_t size_bytes) noexcept {
    completed_bytes += size_bytes;
    handover_bytes[static_cast<std::size_t>(handover)] += size_bytes;
  }

  std::uint64_t operator[](Handover handover) const noexcept {
    return handover_bytes[static_cast<std::size_t>(handover)];
  }

  Ledger& operator+=(const Ledger& other) noexcept;
  Ledger& operator-=(const Ledger& earlier) noexcept;  // what was booked since `earlier`, a copy of this ledger

  // The law. False is a bug in a transport.
  bool balanced() const noexcept;
};

// The one way to copy payload in user space: copies and books. Nothing in transports/ calls memcpy on payload.
void counted_copy(Ledger& ledger, std::byte* to, const std::byte* from, std::size_t size_bytes) noexcept;

}  // namespace xover
