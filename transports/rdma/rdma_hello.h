// What two ends of rdma.* say to each other while they meet.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transports/rdma/fabric.h"
#include "transports/rdma/rdma_shared.h"

namespace xover {

struct RdmaHello {
  RdmaWay way = RdmaWay::send;
  std::uint32_t window = 0;
  std::uint64_t max_op_bytes = 0;
  std::uint64_t ring_address = 0;  // write: where messages go
  std::uint64_t ring_bytes = 0;
  std::uint32_t ring_key = 0;
};

Hello packed(const RdmaHello& hello);
// `refused` where the peer is no xover, goes another way, or was opened with other sizes: both ends must agree.
Result<RdmaHello> parse_hello(const Hello& bytes, const RdmaSettings& own);

}  // namespace xover
