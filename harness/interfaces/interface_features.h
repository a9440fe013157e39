// What a network driver does for the kernel: offloads, queues, its name. The ioctls of linux/ethtool.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct InterfaceFeatures {
  std::string driver;
  bool tso = false, gso = false, gro = false;
  bool tx_checksum = false;  // for both versions of IP
  bool scatter_gather = false;
  std::optional<std::uint32_t> tx_queues, rx_queues;  // in use; none where the driver cannot tell

  // Lent pages go to the device as they are. The kernel copies a packet into one piece, unseen, for a device that
  // cannot read it from several places or does not compute its checksum (skb_checksum_help, skb_segment).
  bool gathers() const { return scatter_gather && tx_checksum; }
};

// Belongs to the network namespace that its maker was in, wherever he goes afterwards.
class FeatureSocket {
 public:
  static Result<FeatureSocket> open();

  // What the driver does not have, or does not tell, counts as off.
  Result<InterfaceFeatures> read(const std::string& interface) const;

  // Everything that can be turned off is: segmentation, receive aggregation, checksums, scatter-gather. A driver keeps
  // what it cannot do without; read() tells.
  Result<void> turn_off(const std::string& interface) const;

  // As many each way, as combined channels where the driver has such. `unsupported` where their number is fixed.
  Result<void> set_queues(const std::string& interface, std::uint32_t queues) const;

 private:
  explicit FeatureSocket(FileDescriptor socket) : socket_(std::move(socket)) {}

  FileDescriptor socket_;
};

}  // namespace xover
