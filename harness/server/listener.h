// The listening process: one loop over poll(2) in which nothing blocks. It accepts, lets the waiting room deal with who
// came, and keeps one client host at a time: when that ends, whoever is first in the queue has its turn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "harness/server/host_process.h"
#include "harness/server/server_log.h"
#include "harness/server/stop_signals.h"
#include "harness/server/waiting_room.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class Listener {
 public:
  Listener(FileDescriptor socket, ServerTerms terms, std::size_t most_clients, ServerLog::Print print);

  // Until a signal asks for the end. Then everybody is told so, and what serves a client is ended.
  void run();

 private:
  bool round();  // false: it is over
  std::vector<pollfd> watched(MonotonicNs now) const;
  MonotonicNs wake_at(MonotonicNs now) const;
  void accept_all(MonotonicNs now);
  bool accepts(MonotonicNs now) const;
  void look_after_host(MonotonicNs now);
  void give_turn(MonotonicNs now);
  void begin_to_close(const std::string& why, MonotonicNs now);

  FileDescriptor socket_;
  const ServerTerms terms_;
  ServerLog log_;
  StopSignals signals_;
  WaitingRoom room_;
  std::unique_ptr<HostProcess> host_;
  std::string served_;  // the name of its client
  MonotonicNs turn_began_ = 0;
  MonotonicNs accept_again_at_ = 0;  // after a shortage
  MonotonicNs close_by_ = 0;         // 0: it goes on
};

}  // namespace xover
