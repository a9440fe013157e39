// One condition for all: few meet, and seldom.
#include "transports/rdma/simulated/lobby.h"

#include <chrono>
#include <utility>

namespace xover {

namespace {

std::chrono::nanoseconds time_left(MonotonicNs deadline) {
  return std::chrono::nanoseconds(deadline - monotonic_now_ns());
}

}  // namespace

std::string Lobby::listen() {
  const std::lock_guard lock(mutex_);
  std::string address = "simulated:" + std::to_string(++last_number_);
  waiting_[address];
  return address;
}

void Lobby::close(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(address);
  if (found == waiting_.end()) return;
  for (const auto& visitor : found->second)
    answer(*visitor, make_error(ErrorCode::refused, "connect", address, "the peer stopped listening"));
  waiting_.erase(found);
}

Result<Hello> Lobby::visit(const std::string& address, std::size_t queue_pair, const Hello& hello,
                           MonotonicNs deadline) {
  std::unique_lock lock(mutex_);
  const auto found = waiting_.find(address);
  if (found == waiting_.end())
    return make_error(ErrorCode::refused, "connect", address, "nobody listens there in this simulation");
  auto visitor = std::make_shared<Visitor>();
  visitor->queue_pair = queue_pair;
  visitor->hello = hello;
  found->second.push_back(visitor);
  changed_.notify_all();
  while (!visitor->answer) {
    const auto left = time_left(deadline);
    if (left.count() <= 0) {
      visitor->gave_up = true;
      return make_error(ErrorCode::timed_out, "connect", address, "the peer must accept within the deadline");
    }
    changed_.wait_for(lock, left);
  }
  return std::move(*visitor->answer);
}

std::shared_ptr<Lobby::Visitor> Lobby::next(const std::string& address, MonotonicNs deadline) {
  std::unique_lock lock(mutex_);
  auto& waiting = waiting_[address];
  for (;;) {
    while (!waiting.empty()) {
      auto visitor = std::move(waiting.front());
      waiting.pop_front();
      if (!visitor->gave_up) return visitor;
    }
    const auto left = time_left(deadline);
    if (left.count() <= 0) return nullptr;
    changed_.wait_for(lock, left);
  }
}

bool Lobby::let_in(Visitor& visitor, const Hello& hello, const std::function<void()>& join) {
  const std::lock_guard lock(mutex_);
  if (visitor.gave_up) return false;
  join();
  answer(visitor, hello);
  return true;
}

void Lobby::turn_away(Visitor& visitor, const Error& reason) {
  const std::lock_guard lock(mutex_);
  answer(visitor, make_error(ErrorCode::refused, "connect", "the peer said: " + reason.message()));
}

void Lobby::answer(Visitor& visitor, Result<Hello> answer) {
  visitor.answer.emplace(std::move(answer));
  changed_.notify_all();
}

}  // namespace xover
