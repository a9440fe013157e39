// Where the ends of one simulation meet: who listens, who waits to be let in, and what they say to each other. Control
// plane: every member may be called from any thread and takes a lock. Deadlines are of the wall clock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/error.h"
#include "transports/rdma/fabric.h"

namespace xover {

class Lobby {
 public:
  // Somebody who waits in connect(), and the answer.
  struct Visitor {
    std::size_t queue_pair = 0;  // of the simulation
    Hello hello;
    bool gave_up = false;  // his queue pair may be gone
    std::optional<Result<Hello>> answer;
  };

  std::string listen();                    // an address of its own
  void close(const std::string& address);  // refuses who waits there
  // Blocks until the answer. refused, timed_out.
  Result<Hello> visit(const std::string& address, std::size_t queue_pair, const Hello& hello, MonotonicNs deadline);
  // Blocks until somebody is there; null: nobody came before the deadline.
  std::shared_ptr<Visitor> next(const std::string& address, MonotonicNs deadline);
  // `join` is called when the visitor is still there, who then stays until it returns. False: he gave up.
  bool let_in(Visitor& visitor, const Hello& answer, const std::function<void()>& join);
  void turn_away(Visitor& visitor, const Error& reason);

 private:
  void answer(Visitor& visitor, Result<Hello> answer);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::deque<std::shared_ptr<Visitor>>, std::less<>> waiting_;  // by address
  std::uint64_t last_number_ = 0;
};

}  // namespace xover
