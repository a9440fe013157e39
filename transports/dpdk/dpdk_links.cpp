// What stands behind the colon of a link, and in its brackets.
#include "transports/dpdk/dpdk_links.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "core/quote.h"
#include "transports/common/link_ends.h"

namespace xover {

namespace {

// "0000:01:00.0", the domain may be missing.
bool is_pci_address(std::string_view text) {
  if (text.size() == 7) return is_pci_address("0000:" + std::string(text));
  constexpr std::string_view form = "hhhh:hh:hh.h";
  return std::ranges::equal(text, form, [](char character, char kind) {
    return kind == 'h' ? std::isxdigit(static_cast<unsigned char>(character)) != 0 : character == kind;
  });
}

tl::unexpected<Error> refused(const Link& link, std::string why) {
  const bool pci = link.name == "pci";
  return make_error(ErrorCode::bad_input, "link " + in_quotes(link.text()), std::move(why),
                    pci ? "name two cards that are bound to vfio-pci: pci:0000:01:00.0+0000:02:00.0"
                        : "name the sender's and the receiver's interface: " + link.name + ":eth0+eth1");
}

std::string with_domain(const std::string& address) { return address.size() == 7 ? "0000:" + address : address; }

std::span<const OptionSpec> options_of(std::string_view name) {
  if (name == "ring") return ring_options;
  if (name == "memif") return memif_options;
  if (name == "pci") return pci_options;
  return {};
}

}  // namespace

Result<DeviceNames> parse_device_names(const Link& link, bool two_hosts) {
  const bool one_name = link.argument.find('+') == std::string::npos;
  if (one_name && !two_hosts) return refused(link, "there is no '+' between two devices");
  DeviceNames names{end_of(link, LinkRole::sender).argument, end_of(link, LinkRole::receiver).argument};
  if (names.sender.empty() || names.receiver.empty()) return refused(link, "a device has no name");
  if (link.name == "pci") {
    for (std::string* name : {&names.sender, &names.receiver}) {
      if (!is_pci_address(*name)) return refused(link, in_quotes(*name) + " is no PCI address");
      *name = with_domain(*name);
    }
  } else if (names.sender.find_first_of(",=") != std::string::npos ||
             names.receiver.find_first_of(",=") != std::string::npos) {
    return refused(link, "DPDK takes no interface with a comma or an equals sign in its name");
  }
  if (names.sender == names.receiver && !two_hosts) return refused(link, "both ends are " + names.sender);
  return names;
}

Result<std::size_t> mtu_of(const Link& link) {
  const auto table = options_of(link.name);
  auto options = Options::resolve("link " + link.name, table, link.options);
  if (!options) return tl::make_unexpected(std::move(options.error()));
  return table.empty() ? 0 : options->size_bytes("mtu");
}

}  // namespace xover
