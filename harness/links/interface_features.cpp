// SIOCETHTOOL, as netdevice(7) and linux/ethtool.h have it.
#include "harness/links/interface_features.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>
#include <vector>

namespace xover {

namespace {

// False with errno. `command` is a struct of linux/ethtool.h, which begins with the number of the command.
bool ask(int socket, const std::string& interface, void* command) {
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket, SIOCETHTOOL, &request) == 0;
}

bool flag(int socket, const std::string& interface, std::uint32_t command) {
  ethtool_value value{command, 0};
  return ask(socket, interface, &value) && value.data != 0;
}

// A struct of linux/ethtool.h with `count` elements behind it, in memory that suits both.
template <typename Head, typename Element>
std::vector<Head> with_room_for(std::size_t count) {
  return std::vector<Head>(1 + (count * sizeof(Element) + sizeof(Head) - 1) / sizeof(Head));
}

// Those in use, by the names that the kernel gives them. Empty where it does not tell.
std::set<std::string> active_features(int socket, const std::string& interface) {
  auto counted = with_room_for<ethtool_sset_info, std::uint32_t>(1);
  counted[0].cmd = ETHTOOL_GSSET_INFO;
  counted[0].sset_mask = 1ULL << ETH_SS_FEATURES;
  if (!ask(socket, interface, counted.data()) || counted[0].sset_mask == 0) return {};
  std::uint32_t count = 0;
  std::memcpy(&count, counted[0].data, sizeof count);
  const std::uint32_t blocks = (count + 31) / 32;

  auto names = with_room_for<ethtool_gstrings, std::array<char, ETH_GSTRING_LEN>>(count);
  names[0].cmd = ETHTOOL_GSTRINGS;
  names[0].string_set = ETH_SS_FEATURES;
  names[0].len = count;
  auto states = with_room_for<ethtool_gfeatures, ethtool_get_features_block>(blocks);
  states[0].cmd = ETHTOOL_GFEATURES;
  states[0].size = blocks;
  if (!ask(socket, interface, names.data()) || !ask(socket, interface, states.data())) return {};
  std::set<std::string> active;
  for (std::uint32_t bit = 0; bit < count; ++bit) {
    const char* name = reinterpret_cast<const char*>(names[0].data) + std::size_t{bit} * ETH_GSTRING_LEN;
    const bool on = (states[0].features[bit / 32].active >> (bit % 32) & 1) != 0;
    if (on) active.emplace(name, strnlen(name, ETH_GSTRING_LEN));
  }
  return active;
}

// The ioctl for checksums alone says "on" as soon as the device computes any, be it that of FCoE.
bool computes_checksums(int socket, const std::string& interface) {
  const auto active = active_features(socket, interface);
  return active.contains("tx-checksum-ip-generic") ||
         (active.contains("tx-checksum-ipv4") && active.contains("tx-checksum-ipv6"));
}

}  // namespace

Result<FeatureSocket> FeatureSocket::open() {
  FileDescriptor opened(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!opened) return system_error("socket(AF_INET)");
  return FeatureSocket(std::move(opened));
}

Result<InterfaceFeatures> FeatureSocket::read(const std::string& interface) const {
  const int fd = socket_.get();
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  InterfaceFeatures features;
  if (ask(fd, interface, &driver)) {
    features.driver = driver.driver;
  } else if (errno != EOPNOTSUPP) {
    return system_error("ioctl(SIOCETHTOOL, ETHTOOL_GDRVINFO)", interface);
  }
  features.tso = flag(fd, interface, ETHTOOL_GTSO);
  features.gso = flag(fd, interface, ETHTOOL_GGSO);
  features.gro = flag(fd, interface, ETHTOOL_GGRO);
  features.tx_checksum = computes_checksums(fd, interface);
  features.scatter_gather = flag(fd, interface, ETHTOOL_GSG);
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ask(fd, interface, &channels)) {
    features.tx_queues = channels.tx_count + channels.combined_count;
    features.rx_queues = channels.rx_count + channels.combined_count;
  }
  return features;
}

Result<void> FeatureSocket::turn_off(const std::string& interface) const {
  for (const std::uint32_t command :
       {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SSG}) {
    ethtool_value off{command, 0};
    if (!ask(socket_.get(), interface, &off) && errno != EOPNOTSUPP)
      return system_error("turn offloads off", interface);
  }
  return {};
}

Result<void> FeatureSocket::set_queues(const std::string& interface, std::uint32_t queues) const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  const std::string operation = "set queues=" + std::to_string(queues);
  if (!ask(socket_.get(), interface, &channels))
    return system_error(operation, interface, "leave the option out: this driver has a fixed number");
  const bool combined = channels.max_combined != 0;
  const std::string greatest =
      "this device has up to " + std::to_string(combined ? channels.max_combined : channels.max_tx);
  if (!combined) channels.rx_count = queues;
  (combined ? channels.combined_count : channels.tx_count) = queues;
  channels.cmd = ETHTOOL_SCHANNELS;
  if (ask(socket_.get(), interface, &channels)) return {};
  if (errno == EINVAL) return make_error(ErrorCode::bad_input, operation, interface, greatest);
  return system_error(operation, interface, greatest);
}

}  // namespace xover
