// Addresses compared.
#include "transports/common/rdma_peer.h"

#include <arpa/inet.h>
#include <ifaddrs.h>

#include <cstring>
#include <memory>

namespace xover {

namespace {

std::uint32_t address_of(const std::string& ipv4) {
  in_addr address{};
  return inet_pton(AF_INET, ipv4.c_str(), &address) == 1 ? address.s_addr : 0;
}

std::uint32_t address_of(const sockaddr& from) {
  sockaddr_in in;
  std::memcpy(&in, &from, sizeof in);
  return in.sin_addr.s_addr;
}

bool is_of_this_host(std::uint32_t address) {
  ifaddrs* found = nullptr;
  if (getifaddrs(&found) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(found, freeifaddrs);
  for (const ifaddrs* each = found; each != nullptr; each = each->ifa_next) {
    const bool v4 = each->ifa_addr != nullptr && each->ifa_addr->sa_family == AF_INET;
    if (v4 && address_of(*each->ifa_addr) == address) return true;
  }
  return false;
}

}  // namespace

RdmaPeer::RdmaPeer(const RdmaDevice& device, const OpenParameters& parameters)
    : two_hosts_(parameters.two_hosts),
      own_(address_of(device.ipv4)),
      mask_(device.prefix_bits == 0 ? 0 : htonl(~std::uint32_t{0} << (32 - device.prefix_bits))),
      peer_(address_of(parameters.peer.ipv4)) {}

bool RdmaPeer::may_come_from(const sockaddr& from) const {
  if (from.sa_family != AF_INET) return false;
  const std::uint32_t address = address_of(from);
  if (!two_hosts_) return is_of_this_host(address);
  if (address == peer_) return true;
  return !is_near(peer_) && is_near(address);
}

}  // namespace xover
