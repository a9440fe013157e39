// The static table of all transports, in the order in which people read them: explicit, so that linking cannot lose a
// row and the order does not depend on it.
#include <algorithm>
#include <vector>

#include "core/transport.h"
#include "transports/dpdk/dpdk.h"
#include "transports/files/files.h"
#include "transports/inproc/inproc.h"
#include "transports/null/null.h"
#include "transports/rdma/rdma.h"
#include "transports/sdp/sdp.h"
#include "transports/rsocket/rsocket.h"
#include "transports/tcp/tcp.h"
#include "transports/udp/udp.h"
#include "transports/uring/uring.h"

namespace xover {

namespace {

std::vector<Descriptor> all_transports() {
  std::vector<Descriptor> rows;
  const auto add = [&](std::span<const Descriptor> more) { rows.insert(rows.end(), more.begin(), more.end()); };
  add(null_transports());
  add(inproc_transports());
  add(tcp_transports());
  add(file_transports());
  add(udp_transports());
  add(uring_transports());
  add(dpdk_transports());
  add(rdma_transports());
  add(sdp_transports());
  add(rsocket_transports());
  return rows;
}

}  // namespace

std::span<const Descriptor> transports() {
  static const std::vector<Descriptor> table = all_transports();
  return table;
}

const Descriptor* find_transport(std::string_view id) {
  const auto rows = transports();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Descriptor& row) { return row.id == id; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace xover
