// What the channels of an SDP session share: the fabric, settings, memory, the account and the counters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/transport.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/registered_memory.h"
#include "transports/sdp/message.h"
#include "transports/sdp/sdp_way.h"
#include "transports/sdp/transfer_account.h"

namespace xover {

struct SdpSettings {
  SdpWay way = SdpWay::bcopy;
  std::size_t stage_bytes = 0;     // payload of a copied message at most
  std::size_t receives = 0;        // private receive buffers of a connection
  std::size_t stages = 0;          // messages of a connection whose send has not ended
  std::size_t chunk_bytes = 4096;  // of an advert at most
  std::size_t adverts = 1;         // of a connection at a time
  std::uint64_t threshold_bytes = UINT64_MAX;
  std::uint64_t sink_threshold_bytes = UINT64_MAX;
  bool learns = false;  // the threshold is where a connection begins
  bool delayed_registration = true;
  bool account = true;

  std::size_t message_bytes() const noexcept { return sdp::most_head_bytes + stage_bytes; }  // at most
};

struct SdpCounters {
  std::uint64_t depth_stalls = 0;  // submits that met a full depth
  std::uint64_t reads = 0, writes = 0;
};

struct SdpShared {
  SdpShared(Fabric& the_fabric, const Limits& the_limits, const SdpSettings& the_settings)
      : fabric(the_fabric), limits(the_limits), settings(the_settings), account(the_fabric, the_settings.account) {}

  Fabric& fabric;
  const Limits& limits;
  const SdpSettings settings;
  std::unique_ptr<RegisteredMemory> memory;  // null: sdp.bcopy, which registers nothing of the application's
  TransferAccount account;
  SdpCounters counters;
};

}  // namespace xover
