// Tables of options put together from parts that several transports share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/options.h"

namespace xover {

template <std::size_t... sizes>
constexpr auto joined(const std::array<OptionSpec, sizes>&... parts) {
  std::array<OptionSpec, (sizes + ...)> table;
  auto to = table.begin();
  ((to = std::copy(parts.begin(), parts.end(), to)), ...);
  return table;
}

}  // namespace xover
