// Warnings: a closed list. Each says what was seen and what to do about it; a row carries those that concern it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace xover {

enum class WarningKind : std::uint8_t {
  oversubscribed,        // more workers than cores
  noisy,                 // the interval is wide
  cores_not_ours,        // the gate's cap was reached: rounds were taken on cores that were not all ours
  gate_biased,           // rejected rounds differ from accepted ones
  short_samples,         // too few messages in a sample for its figures to mean much
  memlock_low,           // RLIMIT_MEMLOCK stalled zero-copy sends
  optmem_low,            // net.core.optmem_max stalled zero-copy sends
  bbr_without_fq,        // BBR paces loopback
  copied_after_request,  // zero-copy was asked for and every byte was copied
  delayed_ack,           // messages waited for the receiver's delayed acknowledgement
  losses,                // datagrams were lost
  reference_cycles,      // no PMU: cycles are CPU time times TSC rate
  unpinned,              // workers could not be pinned
  emulated_speeds,       // the machine itself is emulated: a lab guest
  link_saturated,        // the link was full: goodput is the link's, not the transport's
  network_interfered,    // segments sent again, packets dropped, pause frames
};
inline constexpr WarningKind last_warning = WarningKind::network_interfered;

struct Warning {
  WarningKind kind;
  std::string detail;  // the figures: "64 notifications stalled 12 times"

  bool operator==(const Warning&) const = default;
};

std::string_view to_string(WarningKind kind);  // "bbr_without_fq"
std::string_view advice(WarningKind kind);     // one sentence: what it means and what to do

}  // namespace xover
