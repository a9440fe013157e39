// Questions whose answers have as many elements as the driver says.
#include "harness/interfaces/ethtool.h"

#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace xover {

namespace {

std::uint32_t size_of_set(int socket, const std::string& interface, ethtool_stringset set) {
  auto counted = with_room_for<ethtool_sset_info, std::uint32_t>(1);
  counted[0].cmd = ETHTOOL_GSSET_INFO;
  counted[0].sset_mask = 1ULL << set;
  if (!ask_driver(socket, interface, counted.data()) || counted[0].sset_mask == 0) return 0;
  std::uint32_t count = 0;
  std::memcpy(&count, counted[0].data, sizeof count);
  return count;
}

}  // namespace

Result<FileDescriptor> open_driver_socket() {
  FileDescriptor opened(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!opened) return system_error("socket(AF_INET)");
  return opened;
}

bool ask_driver(int socket, const std::string& interface, void* command) {
  ifreq request{};
  if (interface.size() >= sizeof request.ifr_name) {
    errno = ENODEV;
    return false;
  }
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket, SIOCETHTOOL, &request) == 0;
}

std::vector<std::string> driver_strings(int socket, const std::string& interface, ethtool_stringset set) {
  const std::uint32_t count = size_of_set(socket, interface, set);
  auto names = with_room_for<ethtool_gstrings, std::array<char, ETH_GSTRING_LEN>>(count);
  names[0].cmd = ETHTOOL_GSTRINGS;
  names[0].string_set = set;
  names[0].len = count;
  if (count == 0 || !ask_driver(socket, interface, names.data())) return {};
  std::vector<std::string> strings;
  for (std::uint32_t index = 0; index < std::min(count, names[0].len); ++index) {
    const char* name = reinterpret_cast<const char*>(names[0].data) + std::size_t{index} * ETH_GSTRING_LEN;
    strings.emplace_back(name, strnlen(name, ETH_GSTRING_LEN));
  }
  return strings;
}

std::set<std::string> active_features(int socket, const std::string& interface) {
  const std::vector<std::string> names = driver_strings(socket, interface, ETH_SS_FEATURES);
  if (names.empty()) return {};
  const auto blocks = static_cast<std::uint32_t>((names.size() + 31) / 32);
  auto states = with_room_for<ethtool_gfeatures, ethtool_get_features_block>(blocks);
  states[0].cmd = ETHTOOL_GFEATURES;
  states[0].size = blocks;
  if (!ask_driver(socket, interface, states.data())) return {};
  std::set<std::string> active;
  for (std::size_t bit = 0; bit < names.size(); ++bit) {
    if ((states[0].features[bit / 32].active >> (bit % 32) & 1) != 0) active.insert(names[bit]);
  }
  return active;
}

bool computes_checksums(const std::set<std::string>& active) {
  return active.contains("tx-checksum-ip-generic") ||
         (active.contains("tx-checksum-ipv4") && active.contains("tx-checksum-ipv6"));
}

}  // namespace xover
