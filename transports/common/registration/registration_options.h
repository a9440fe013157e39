// The options of a registration cache, for the tables of the transports that have one; only how many regions there may
// be differs with the device.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/options.h"
#include "transports/common/registration/registration_cache.h"

namespace xover {

constexpr std::array<OptionSpec, 3> registration_options(std::string_view regions, std::int64_t most_regions) {
  return {
      OptionSpec{"registration", OptionKind::choice, "owned", "none|owned|uffd", 0, 0,
                 "how the cache of registered memory learns that memory it knows was unmapped"},
      OptionSpec{"cache_regions", OptionKind::integer, regions, "", 1, most_regions, "registered regions at a time"},
      OptionSpec{"cache_bytes", OptionKind::size, "1G", "", 1 << 16, std::int64_t{1} << 40, "registered at a time"}};
}

// What was set, of a table that has these.
inline RegistrationSettings registration_settings(const Options& options) {
  RegistrationSettings settings;
  settings.policy = *parse_registration_policy(options.choice("registration"));
  settings.max_bytes = options.size_bytes("cache_bytes");
  settings.max_regions = static_cast<std::size_t>(options.integer("cache_regions"));
  return settings;
}

}  // namespace xover
