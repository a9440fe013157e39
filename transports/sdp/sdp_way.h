// The four transports differ in who moves the payload of a message, and in nothing else.
#pragma once

#include <cstdint>
#include <memory>

#include "core/transport.h"

namespace xover {

enum class SdpWay : std::uint8_t {
  bcopy,        // through private registered buffers
  read_zcopy,   // the sink reads the source's memory
  write_zcopy,  // the source writes to the sink's memory
  automatic,    // bcopy or read_zcopy, as the connection has learned what they cost
};

Result<std::unique_ptr<Session>> open_sdp(const OpenParameters& parameters, SdpWay way);

}  // namespace xover
