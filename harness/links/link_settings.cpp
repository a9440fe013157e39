// What the values of options mean, and the addresses of the two ends.
#include "harness/links/link_settings.h"

namespace xover {

LinkSettings link_settings(const Options& options) {
  return {static_cast<std::uint32_t>(options.integer("mtu")), static_cast<std::uint32_t>(options.integer("queues")),
          options.choice("offloads") == "system"};
}

HostAddresses sender_addresses() { return {"198.18.0.1", "2001:2::1"}; }
HostAddresses receiver_addresses() { return {"198.18.0.2", "2001:2::2"}; }

}  // namespace xover
