// What the two ends say to each other while they meet: our own greeting, because what librdmacm carries for a
// connection (rdma_connect(3): 56 bytes) has no room for the Hello of the standard, which has 92. So this end can talk
// with its like alone, and says so.
//
//   0 "xovS"   4 version   5 reserved   6 max_adverts   8 receives   10 reserved   12 receive_bytes      16 bytes
//
// Big-endian, as the messages are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/error.h"
#include "transports/sdp/settings.h"

namespace xover::sdp {

inline constexpr std::uint8_t hello_version = 1;
inline constexpr std::size_t hello_bytes = 16;

std::vector<std::byte> hello_of(const End& own);

// `refused` for what is no greeting, another version, or an end that nobody can send to.
Result<End> end_of(std::span<const std::byte> hello);

}  // namespace xover::sdp
