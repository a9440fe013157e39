// RDMA devices of this host, as a link names them: found, and how the connection manager reaches them. Control plane.
// Always built; where libibverbs or librdmacm was missing, every answer says what to install.
#pragma once

#include <string>

#include "core/error.h"
#include "core/link.h"
#include "core/transport.h"

namespace xover {

struct RdmaDevice {
  std::string name;           // "rxe0"
  std::string ipv4;           // an address of this host that rdma_bind_addr(3) takes to this device
  unsigned prefix_bits = 32;  // of its network: how many of the address' first bits
  // A driver moves the bytes, and no card (rxe, siw): it copies all payload.
  bool soft = false;

  Handover handover() const { return soft ? Handover::driver : Handover::zero_copied; }
};

// The device that stands behind the colon of the link; the first one with an address where nothing does, but rather the
// one with this address. Finds out by binding to each address of the host. Errors: `unsupported` where it was not
// built, `not_permitted`, `no_device`; all but the unforeseen with a remedy.
Result<RdmaDevice> find_rdma_device(const Link& link, const std::string& rather_at = {});

// For an end of a session: of "A+B" the one that its role names; between two hosts rather the one with the address
// where the hosts reach each other.
Result<RdmaDevice> find_rdma_device(const OpenParameters& parameters);

// What came of trying to use a device, in the words of `xover list`.
Availability rdma_availability(const Result<void>& outcome);

}  // namespace xover
