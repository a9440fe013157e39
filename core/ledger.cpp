// The ledger's law and the one counted copy.
#include "core/ledger.h"

#include <cstring>
#include <numeric>

namespace xover {

std::string_view to_string(Handover handover) {
  switch (handover) {
    case Handover::kernel_by_design: return "kernel_by_design";
    case Handover::kernel_after_request: return "kernel_after_request";
    case Handover::driver: return "driver";
    case Handover::zero_copied: return "zero_copied";
    case Handover::unverified: return "unverified";
  }
  return "unverified";
}

Ledger& Ledger::operator+=(const Ledger& other) noexcept {
  user_copied_bytes += other.user_copied_bytes;
  completed_bytes += other.completed_bytes;
  for (std::size_t i = 0; i < handover_bytes.size(); ++i) handover_bytes[i] += other.handover_bytes[i];
  return *this;
}

Ledger& Ledger::operator-=(const Ledger& earlier) noexcept {
  user_copied_bytes -= earlier.user_copied_bytes;
  completed_bytes -= earlier.completed_bytes;
  for (std::size_t i = 0; i < handover_bytes.size(); ++i) handover_bytes[i] -= earlier.handover_bytes[i];
  return *this;
}

bool Ledger::balanced() const noexcept {
  return std::accumulate(handover_bytes.begin(), handover_bytes.end(), std::uint64_t{0}) == completed_bytes;
}

void counted_copy(Ledger& ledger, std::byte* to, const std::byte* from, std::size_t size_bytes) noexcept {
  if (size_bytes == 0) return;
  std::memcpy(to, from, size_bytes);
  ledger.user_copied_bytes += size_bytes;
}

}  // namespace xover
