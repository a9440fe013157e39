// The client host as the listening process has it: spawned, handed a client, listened to, stopped, waited for. Nothing
// here blocks but the destructor, which kills what still runs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "harness/server/handover.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct ServedClient {
  std::string how;  // it ended
  std::uint64_t samples = 0;
};

class HostProcess {
 public:
  static Result<std::unique_ptr<HostProcess>> start(const FileDescriptor& client, const HandedClient& handed);
  ~HostProcess();
  HostProcess(const HostProcess&) = delete;
  HostProcess& operator=(const HostProcess&) = delete;

  int line() const { return line_.get(); }        // readable: call listen()
  int process() const { return process_.get(); }  // readable: it has ended
  pid_t pid() const { return pid_; }

  void listen();
  // Tells it to let its client go, who is told why.
  void stop(const std::string& why);
  // Kills it when it says nothing any more, or goes on for longer than a client may. To be called every second; time
  // that this process itself did not run in does not count.
  void look_after(MonotonicNs now);

  // Once it has ended: how that was for its client. Never while it runs.
  std::optional<ServedClient> ended();

 private:
  HostProcess(pid_t pid, FileDescriptor process, FileDescriptor line, std::int64_t max_duration_ns);

  pid_t pid_;
  FileDescriptor process_, line_;
  bool line_closed_ = false, collected_ = false;
  MonotonicNs began_, looked_at_;
  std::int64_t silent_ns_ = 0, longest_ns_;
  std::optional<ServedClient> last_word_;
  std::string killed_because_;
};

}  // namespace xover
