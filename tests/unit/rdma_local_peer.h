// A process at the other end of the fabric `local`: the calling test run again, which for it begins with
// `if (is_local_peer()) return be_local_peer();`. It connects, exposes memory, answers messages and does as it is told.
#pragma once

#include <memory>
#include <string>

#include "tests/fabric/rig.h"
#include "tests/support/child_process.h"

namespace xover::test {

// Said by the peer when it connects: what the test may read and write.
struct ExposedMemory {
  RemotePiece pages;   // of its own, reached by system calls; holds payload with seed 1
  RemotePiece shared;  // of its fabric, mapped by both ends; holds payload with seed 2
};
inline constexpr std::size_t exposed_bytes = std::size_t{1} << 20;
inline constexpr std::size_t command_bytes = 32;  // at least, of a message to the peer

// The first word of a message.
enum class Command : std::uint64_t {
  echo,                // send it back
  read_until_refused,  // read `remote` again and again, see that it holds payload with seed 3, end well when it is gone
  read_on,             // the same for ever
  sleep,               // from now on between messages
  disconnect,
  allocate,  // more shared memory with seed 4; its place is the answer
};
struct CommandMessage {
  Command command = Command::echo;
  RemotePiece remote;
  std::uint64_t size_bytes = 0;
};
static_assert(sizeof(CommandMessage) <= command_bytes);

bool is_local_peer();
void be_local_peer();

// This end, and the process at the other one.
class LocalPeerProcess {
 public:
  LocalPeerProcess() = default;
  // Listens, starts the process, and accepts it.
  void start(const OptionText& options = {}, bool sleeps = false);
  Result<void> try_start(const OptionText& options = {}, bool sleeps = false);

  bool until(const std::function<bool()>& done);
  void command(const CommandMessage& message);
  // Sends so many bytes, and waits for the same to come back.
  void expect_echo(std::size_t size_bytes);
  // What comes back for the request, or null.
  const WorkResult* result_of(const fabric_test::OneSided& request);
  std::uint64_t counter(std::string_view name) const;
  std::string fact(std::string_view name) const;

  fabric_test::End end;
  std::unique_ptr<ChildProcess> process;
  ExposedMemory exposed;

 private:
  Result<void> accept();

  std::uint64_t messages_ = 0, echoes_ = 0;
};

}  // namespace xover::test
