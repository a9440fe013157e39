// A peer in a process of its own, started from the test's binary, so that it can be killed in the middle of a transfer.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "tests/conformance/subject.h"

namespace xover::conformance {

enum class PeerRole : std::uint8_t {
  send,     // sends as much as it can
  receive,  // receives everything
  idle,     // connects, offers nothing, reads nothing
};

// Spawns on construction and, if nobody has done so before, kills and reaps on destruction. The child also ends by
// itself when its parent dies and at the bound of a side.
class PeerProcess {
 public:
  PeerProcess(const Subject& subject, PeerRole role, const std::string& address);
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;
  ~PeerProcess() { kill(); }

  void kill();  // SIGKILL, and waits until the process is gone

 private:
  pid_t pid_ = -1;
};

// The child's program. Empty: these arguments do not ask for one. Else its exit code.
std::optional<int> run_as_peer(int argc, char** argv);

// What the sending peer sends.
inline constexpr std::uint64_t peer_seed = 77;

}  // namespace xover::conformance
