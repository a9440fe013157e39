// How two ends meet: hello, welcome, ready. Each then has the other's pages, and has tried to reach its memory.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "transports/rdma/local/local_adapter.h"

namespace xover {

namespace {

using Kind = LineRecord::Kind;

}  // namespace

Result<std::string> LocalAdapter::listen() {
  if (listener_) return address_;
  auto made = MeetingLine::listen();
  if (!made) return tl::make_unexpected(std::move(made.error()));
  listener_ = std::move(made->first);
  address_ = std::move(made->second);
  return address_;
}

Result<std::unique_ptr<LocalQueuePair>> LocalAdapter::new_queue_pair(const char* operation) {
  if (state_.queue_pairs.size() < state_.shape.max_queue_pairs) return LocalQueuePair::create(state_, next_index_);
  return make_error(ErrorCode::no_memory, operation,
                    "the fabric was opened for " + std::to_string(state_.shape.max_queue_pairs) + " queue pairs");
}

Result<void> LocalAdapter::introduce(const MeetingLine& line, const LocalQueuePair& queue_pair, Kind kind,
                                     const Hello& hello, MonotonicNs deadline) const {
  assert(hello.size() <= LineRecord::max_hello_bytes);
  LineRecord record;
  record.kind = kind;
  record.end_id = queue_pair.page().id();
  record.end_address = reinterpret_cast<std::uintptr_t>(queue_pair.page().data());
  record.fabric_id = state_.regions.memory().id();
  record.receive_slots = queue_pair.receive_slots();
  record.sleeps = bell_ ? 1 : 0;
  record.memories = static_cast<std::uint32_t>(
      std::count_if(memories_.begin(), memories_.end(), [](const auto& memory) { return memory != nullptr; }));
  record.hello_bytes = static_cast<std::uint32_t>(hello.size());
  std::copy(hello.begin(), hello.end(), record.hello.begin());
  const std::array passed{queue_pair.page().fd(), state_.regions.memory().fd(), bell_.get()};
  if (auto said = line.say(record, std::span(passed).first(bell_ ? 3 : 2), deadline); !said) return said;
  for (std::uint32_t index = 0; index < memories_.size(); ++index) {
    if (!memories_[index]) continue;
    if (auto said = tell_memory(line, index, deadline); !said) return said;
  }
  return {};
}

Result<void> LocalAdapter::tell_memory(const MeetingLine& line, std::uint32_t index, MonotonicNs deadline) const {
  LineRecord record;
  record.kind = Kind::memory;
  record.memory_index = index;
  const SharedMemory* const memory = memories_[index].get();
  if (memory == nullptr) return line.say(record, {}, deadline);
  record.memory_address = reinterpret_cast<std::uintptr_t>(memory->data());
  record.memory_bytes = memory->size_bytes();
  const std::array passed{memory->fd()};
  return line.say(record, passed, deadline);
}

// Returns what it says of its application.
Result<Hello> LocalAdapter::learn_peer(const MeetingLine& line, Kind kind, LocalPeer& peer,
                                       MonotonicNs deadline) const {
  const auto process = line.peer_process();
  if (!process) return tl::make_unexpected(process.error());
  auto heard = line.hear(kind, deadline);
  if (!heard) return tl::make_unexpected(std::move(heard.error()));
  const LineRecord record = heard->record;
  if (record.hello_bytes > record.hello.size()) return make_error(ErrorCode::bad_input, "meet the peer", "its hello");
  auto opened = LocalPeer::open(std::move(*heard), *process);
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  peer = std::move(*opened);
  for (std::uint32_t i = 0; i < record.memories; ++i) {
    auto memory = line.hear(Kind::memory, deadline);
    if (!memory) return tl::make_unexpected(std::move(memory.error()));
    if (!memory->passed.empty()) (void)peer.map(memory->record, std::move(memory->passed.front()));
  }
  if (auto reached = peer.may_reach(record.end_address); !reached) {
    return tl::make_unexpected(std::move(reached.error()));
  }
  return Hello(record.hello.begin(), record.hello.begin() + record.hello_bytes);
}

Result<Hello> LocalAdapter::meet_listener(LocalQueuePair& queue_pair, const std::string& address,
                                          const Prepare& prepare, MonotonicNs deadline) {
  const auto own_hello = prepare(queue_pair, {});
  if (!own_hello) return own_hello;
  auto line = MeetingLine::connect(address, deadline);
  if (!line) return tl::make_unexpected(std::move(line.error()));
  const auto process = line->peer_process();
  if (!process) return tl::make_unexpected(process.error());
  let_in(*process);
  if (auto said = introduce(*line, queue_pair, Kind::hello, *own_hello, deadline); !said) {
    auto answer = line->hear(Kind::welcome, monotonic_now_ns());  // perhaps a refusal before all was said
    return tl::make_unexpected(std::move(answer ? said.error() : answer.error()));
  }
  LocalPeer peer;
  auto hello = learn_peer(*line, Kind::welcome, peer, deadline);
  if (!hello) {
    line->refuse(hello.error().code, hello.error().message());
    return hello;
  }
  LineRecord ready;
  ready.kind = Kind::ready;
  if (auto said = line->say(ready, {}, deadline); !said) return tl::make_unexpected(std::move(said.error()));
  queue_pair.attach(std::move(*line), std::move(peer));
  return hello;
}

Result<Hello> LocalAdapter::meet_connector(LocalQueuePair& queue_pair, MeetingLine& line, const Prepare& prepare,
                                           MonotonicNs deadline) {
  LocalPeer peer;
  auto hello = learn_peer(line, Kind::hello, peer, deadline);
  if (!hello) {
    line.refuse(hello.error().code, hello.error().message());
    return hello;
  }
  if (const auto process = line.peer_process()) let_in(*process);
  const auto answer = prepare(queue_pair, *hello);
  if (!answer) {
    line.refuse(ErrorCode::refused, answer.error().message());
    return answer;
  }
  if (auto said = introduce(line, queue_pair, Kind::welcome, *answer, deadline); !said) {
    return tl::make_unexpected(std::move(said.error()));
  }
  // From when it says that it is ready, which may come too late here, the peer is at work in this end's memory: so the
  // queue pair has to know it already, to wait for it before it goes.
  queue_pair.attach(std::move(line), std::move(peer));
  if (auto ready = queue_pair.line().hear(Kind::ready, deadline); !ready) {
    return tl::make_unexpected(std::move(ready.error()));
  }
  return hello;
}

Result<Fabric::Connected> LocalAdapter::connected(std::unique_ptr<LocalQueuePair> queue_pair, Result<Hello> hello) {
  if (!hello) return tl::make_unexpected(std::move(hello.error()));
  if (sleeper_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = queue_pair.get();
    if (epoll_ctl(sleeper_.get(), EPOLL_CTL_ADD, queue_pair->line().fd(), &event) != 0) {
      return system_error("epoll_ctl", "line to the peer");
    }
  }
  (queue_pair->in_one_process() ? met_thread_ : met_process_) = true;
  ++next_index_;
  return Connected{std::move(queue_pair), std::move(*hello)};
}

Result<Fabric::Connected> LocalAdapter::connect(const std::string& address, const Prepare& prepare,
                                                MonotonicNs deadline) {
  auto queue_pair = new_queue_pair("connect");
  if (!queue_pair) return tl::make_unexpected(std::move(queue_pair.error()));
  auto hello = meet_listener(**queue_pair, address, prepare, deadline);
  return connected(std::move(*queue_pair), std::move(hello));
}

Result<Fabric::Connected> LocalAdapter::accept(const Prepare& prepare, MonotonicNs deadline) {
  if (!listener_) return make_error(ErrorCode::bad_input, "accept", "the fabric does not listen");
  auto line = MeetingLine::accept(listener_.get(), deadline);
  if (!line) return tl::make_unexpected(std::move(line.error()));
  auto queue_pair = new_queue_pair("accept");
  if (!queue_pair) {
    line->refuse(ErrorCode::refused, queue_pair.error().message());
    return tl::make_unexpected(std::move(queue_pair.error()));
  }
  auto hello = meet_connector(**queue_pair, *line, prepare, deadline);
  return connected(std::move(*queue_pair), std::move(hello));
}

}  // namespace xover
