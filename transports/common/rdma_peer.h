// Whom a listener of the RDMA connection manager takes connections from. Its addresses are those of RDMA devices, and a
// session is told where hosts reach each other for control, which may be another network: so a host of the device's own
// network is taken for the peer where the peer's address is not of that network. Control plane; always built.
#pragma once

#include <netinet/in.h>

#include "core/transport.h"
#include "transports/common/rdma_device.h"

namespace xover {

class RdmaPeer {
 public:
  RdmaPeer() = default;
  // `device`: this end's.
  RdmaPeer(const RdmaDevice& device, const OpenParameters& parameters);

  // On one host: whoever comes from it. False for what is no IPv4 address.
  bool may_come_from(const sockaddr& from) const;

 private:
  bool is_near(std::uint32_t address) const noexcept { return ((address ^ own_) & mask_) == 0; }

  bool two_hosts_ = false;
  std::uint32_t own_ = 0, mask_ = 0xffff'ffff, peer_ = 0;  // IPv4, as they are sent
};

}  // namespace xover
