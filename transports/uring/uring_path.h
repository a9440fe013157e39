// The four ways of the io_uring family, and the two calls that stand for all that needs liburing. A build without
// liburing has uring_not_built.cpp in place of everything behind these calls.
#pragma once

#include <cstdint>
#include <memory>

#include "core/transport.h"

namespace xover {

enum class UringPath : std::uint8_t {
  send,           // IORING_OP_SEND from any memory
  write_fixed,    // IORING_OP_WRITE_FIXED from registered memory
  send_zc,        // IORING_OP_SEND_ZC from any memory
  send_zc_fixed,  // the same from registered memory
};

constexpr bool from_registered_memory(UringPath path) {
  return path == UringPath::write_fixed || path == UringPath::send_zc_fixed;
}
constexpr bool asks_for_zero_copy(UringPath path) {
  return path == UringPath::send_zc || path == UringPath::send_zc_fixed;
}

// Creates a ring as a session would, and asks it for the opcodes.
Availability probe_uring(UringPath path);

Result<std::unique_ptr<Session>> open_uring(const OpenParameters& parameters, UringPath path);

}  // namespace xover
