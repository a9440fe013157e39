// The commands of linux/ethtool.h that ask for one value, or set one.
#include "harness/interfaces/interface_features.h"

#include <linux/ethtool.h>

#include <cerrno>
#include <utility>

#include "harness/interfaces/ethtool.h"

namespace xover {

namespace {

bool flag(int socket, const std::string& interface, std::uint32_t command) {
  ethtool_value value{command, 0};
  return ask_driver(socket, interface, &value) && value.data != 0;
}

}  // namespace

Result<FeatureSocket> FeatureSocket::open() {
  auto opened = open_driver_socket();
  if (!opened) return tl::make_unexpected(opened.error());
  return FeatureSocket(std::move(*opened));
}

Result<InterfaceFeatures> FeatureSocket::read(const std::string& interface) const {
  const int fd = socket_.get();
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  InterfaceFeatures features;
  if (ask_driver(fd, interface, &driver)) {
    features.driver = driver.driver;
  } else if (errno != EOPNOTSUPP) {
    return system_error("ioctl(SIOCETHTOOL, ETHTOOL_GDRVINFO)", interface);
  }
  features.tso = flag(fd, interface, ETHTOOL_GTSO);
  features.gso = flag(fd, interface, ETHTOOL_GGSO);
  features.gro = flag(fd, interface, ETHTOOL_GGRO);
  features.tx_checksum = computes_checksums(active_features(fd, interface));
  features.scatter_gather = flag(fd, interface, ETHTOOL_GSG);
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ask_driver(fd, interface, &channels)) {
    features.tx_queues = channels.tx_count + channels.combined_count;
    features.rx_queues = channels.rx_count + channels.combined_count;
  }
  return features;
}

Result<void> FeatureSocket::turn_off(const std::string& interface) const {
  for (const std::uint32_t command :
       {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SSG}) {
    ethtool_value off{command, 0};
    if (!ask_driver(socket_.get(), interface, &off) && errno != EOPNOTSUPP)
      return system_error("turn offloads off", interface);
  }
  return {};
}

Result<void> FeatureSocket::set_queues(const std::string& interface, std::uint32_t queues) const {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  const std::string operation = "set queues=" + std::to_string(queues);
  if (!ask_driver(socket_.get(), interface, &channels))
    return system_error(operation, interface, "leave the option out: this driver has a fixed number");
  const bool combined = channels.max_combined != 0;
  const std::string greatest =
      "this device has up to " + std::to_string(combined ? channels.max_combined : channels.max_tx);
  if (!combined) channels.rx_count = queues;
  (combined ? channels.combined_count : channels.tx_count) = queues;
  channels.cmd = ETHTOOL_SCHANNELS;
  if (ask_driver(socket_.get(), interface, &channels)) return {};
  if (errno == EINVAL) return make_error(ErrorCode::bad_input, operation, interface, greatest);
  return system_error(operation, interface, greatest);
}

}  // namespace xover
