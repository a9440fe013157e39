// Cutting at the plus.
#include "transports/common/link_ends.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace xover {

bool names_devices(const Link& link) {
  constexpr std::array<std::string_view, 4> names{"pci", "af_packet", "af_xdp", "verbs"};
  return std::ranges::find(names, link.name) != names.end();
}

Link end_of(const Link& link, LinkRole role) {
  const auto plus = link.argument.find('+');
  if (!names_devices(link) || plus == std::string::npos) return link;
  Link own = link;
  own.argument = role == LinkRole::sender ? link.argument.substr(0, plus) : link.argument.substr(plus + 1);
  return own;
}

}  // namespace xover
