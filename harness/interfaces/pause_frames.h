// Frames of flow control, which each driver calls something else: IEEE 802.3 annex 31B.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace xover {

struct PauseFrames {
  std::optional<std::uint64_t> rx, tx;
};

// Out of a driver's own counters (`ethtool -S`), by name. None where it has no counter that is known to be such.
PauseFrames pause_frames(const std::map<std::string, std::uint64_t>& driver_counters);

// Whether pause_frames() looks at a counter of this name.
bool counts_pause_frames(const std::string& name);

}  // namespace xover
