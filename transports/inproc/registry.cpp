// A map under a mutex; listeners have a lock of their own, never taken with the map's.
#include "transports/inproc/registry.h"

#include <chrono>
#include <map>
#include <utility>

namespace xover {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<InprocListener>, std::less<>> listeners;
  std::uint64_t next_number = 1;
};

Registry& registry() {
  static Registry instance;
  return instance;
}

}  // namespace

std::shared_ptr<Connection> InprocListener::connect(std::size_t connector_depth, std::shared_ptr<Wakeup> connector) {
  auto connection = std::make_shared<Connection>(connector_depth, depth_, std::move(connector), wakeup_);
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return nullptr;
    waiting_.push_back(connection);
  }
  arrived_.notify_one();
  return connection;
}

std::shared_ptr<Connection> InprocListener::accept(MonotonicNs deadline) {
  std::unique_lock lock(mutex_);
  while (waiting_.empty()) {
    const MonotonicNs left_ns = deadline - monotonic_now_ns();
    if (left_ns <= 0) return nullptr;
    arrived_.wait_for(lock, std::chrono::nanoseconds(left_ns));
  }
  auto connection = std::move(waiting_.front());
  waiting_.pop_front();
  return connection;
}

void InprocListener::close() {
  std::deque<std::shared_ptr<Connection>> refused;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    refused.swap(waiting_);
  }
  for (const auto& connection : refused) {
    connection->to_connector.ending.store(WireEnding::reset, std::memory_order_release);
    connection->to_acceptor.receiver_gone.store(true, std::memory_order_release);
    connection->connector_wakeup->notify();
  }
}

std::string register_listener(std::shared_ptr<InprocListener> listener) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  std::string address = "inproc:" + std::to_string(all.next_number++);
  all.listeners.emplace(address, std::move(listener));
  return address;
}

std::shared_ptr<InprocListener> find_listener(const std::string& address) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.listeners.find(address);
  return found == all.listeners.end() ? nullptr : found->second;
}

void remove_listener(const std::string& address) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.listeners.erase(address);
}

}  // namespace xover
