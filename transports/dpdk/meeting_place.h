// Where two ends of a DPDK link find each other beside its frames: an abstract Unix socket on one host, which leaves no
// file behind, or a TCP connection between two hosts. What comes out is the line of one connection; its calls do not
// wait where they are told not to (MSG_DONTWAIT).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "core/link.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct MeetingHosts {
  bool two = false;         // the ends are on two hosts, which reach each other at these addresses
  HostAddresses own, peer;  // else not looked at
};

// Control plane.
class MeetingPlace {
 public:
  static Result<std::unique_ptr<MeetingPlace>> make(const MeetingHosts& hosts);
  virtual ~MeetingPlace() = default;

  // The address for the peer's connect(): "dpdk:NAME" on one host, "ADDRESS:PORT" between two.
  virtual Result<std::string> listen() = 0;
  // The next who comes; between two hosts from the peer's alone.
  virtual Result<FileDescriptor> accept(MonotonicNs deadline) = 0;
  virtual Result<FileDescriptor> connect(const std::string& address, MonotonicNs deadline) = 0;
  virtual std::uint64_t strangers() const noexcept { return 0; }  // who were turned away
};

}  // namespace xover
