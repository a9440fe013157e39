// Asking a network driver: the ioctl SIOCETHTOOL, as netdevice(7) and linux/ethtool.h have it.
#pragma once

#include <linux/ethtool.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

// Questions put through it go to the interfaces of the network namespace that its maker was in.
Result<FileDescriptor> open_driver_socket();

// False with errno. `command` is a struct of linux/ethtool.h, which begins with the number of the command.
bool ask_driver(int socket, const std::string& interface, void* command);

// A struct of linux/ethtool.h with `count` elements behind it, in memory that suits both.
template <typename Head, typename Element>
std::vector<Head> with_room_for(std::size_t count) {
  return std::vector<Head>(1 + (count * sizeof(Element) + sizeof(Head) - 1) / sizeof(Head));
}

// The names of a set of strings (ETH_SS_FEATURES, ETH_SS_STATS), by index. Empty where the driver does not tell.
std::vector<std::string> driver_strings(int socket, const std::string& interface, ethtool_stringset set);

// Features in use, by the names that the kernel gives them: "tx-tcp-segmentation". Empty where it does not tell.
std::set<std::string> active_features(int socket, const std::string& interface);

// Checksums of both versions of IP. The ioctl for checksums alone says "on" as soon as the device computes any, be it
// that of FCoE.
bool computes_checksums(const std::set<std::string>& active);

}  // namespace xover
