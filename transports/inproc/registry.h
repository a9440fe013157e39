// Who listens in this process, by address. Control plane: every member may be called from any thread and takes a lock.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "core/transport.h"
#include "transports/inproc/wire.h"

namespace xover {

// Connections that were made and wait for accept().
class InprocListener {
 public:
  InprocListener(std::size_t depth, std::shared_ptr<Wakeup> wakeup) : depth_(depth), wakeup_(std::move(wakeup)) {}

  // Null: this listener has been closed.
  std::shared_ptr<Connection> connect(std::size_t connector_depth, std::shared_ptr<Wakeup> connector);
  // Null: nobody came before the deadline.
  std::shared_ptr<Connection> accept(MonotonicNs deadline);
  // Refuses new connections and resets those that wait.
  void close();

 private:
  const std::size_t depth_;
  const std::shared_ptr<Wakeup> wakeup_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::shared_ptr<Connection>> waiting_;
  bool closed_ = false;
};

std::string register_listener(std::shared_ptr<InprocListener> listener);    // returns its address, never used again
std::shared_ptr<InprocListener> find_listener(const std::string& address);  // null: nobody listens there
void remove_listener(const std::string& address);

}  // namespace xover
