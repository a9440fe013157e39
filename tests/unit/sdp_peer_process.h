// A process at the other end of an SDP connection on the link `local`: the calling test run again, which for it begins
// with `if (is_sdp_peer()) return be_sdp_peer();`. It does its part, and then goes on until it is killed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/unit/session_pair.h"

namespace xover::test {

enum class SdpPart : std::uint8_t {
  source,        // sends one op
  idle_sink,     // receives nothing
  halting_sink,  // stops itself in the middle of the RDMA Read of an op
  reading_sink,  // receives one op
};

// An op is one advert and one RDMA Read, of more than one copy step: so its reader sees it begun and not finished. Both
// ends register it at a time, and stay below the 8 MiB that one user may pin by rings where nobody raised the limit.
inline constexpr std::size_t sdp_op_bytes = std::size_t{3} << 20;
inline constexpr std::uint64_t sdp_op_seed = 23;

bool is_sdp_peer();
void be_sdp_peer();

// The session's link, its options and a depth of 2. Memory is registered only while it is used.
std::unique_ptr<Session> open_sdp_end();
// A read of an op has begun, and has brought some of it.
bool read_is_under_way(const SessionEnd& end);

// This end, and the process at the other one.
struct SdpPeerProcess {
  SessionEnd end;
  std::unique_ptr<ChildProcess> process;

  // Listens, starts the process, and accepts it.
  void start(SdpPart part);
  // Returns when it is dead; what it was in the middle of it does no more.
  void kill();
};

}  // namespace xover::test
