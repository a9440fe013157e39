// Places, and who gets them.
#include "harness/server/waiting_room.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "core/quote.h"
#include "harness/server/listen_address.h"

namespace xover {

namespace {

constexpr MonotonicNs moment_ns = 25'000'000;  // a handshake's answer takes one round trip

bool is_keyless(const Visitor& visitor) {
  return visitor.stage() == Stage::handshake || visitor.stage() == Stage::leaving;
}

// Of the network that has most, the oldest: they stand in the order in which they came. There is one at least.
template <typename Visitors>
auto who_must_go(Visitors& strangers) {
  std::map<std::string_view, std::size_t> share;
  for (const Visitor& visitor : strangers)
    if (is_keyless(visitor)) ++share[visitor.network()];
  const auto most = std::ranges::max_element(share, {}, [](const auto& entry) { return entry.second; });
  return std::ranges::find_if(
      strangers, [&](const Visitor& visitor) { return is_keyless(visitor) && visitor.network() == most->first; });
}

}  // namespace

std::size_t WaitingRoom::count_keyless() const {
  return static_cast<std::size_t>(std::ranges::count_if(strangers_, is_keyless));
}

std::size_t WaitingRoom::count_clients() const {
  const auto with_key = std::ranges::count_if(strangers_, [](const Visitor& visitor) { return visitor.has_key(); });
  return queue_.size() + static_cast<std::size_t>(with_key);
}

bool WaitingRoom::may_admit(MonotonicNs now) const {
  return count_keyless() < most_strangers || now - who_must_go(strangers_)->came_at() >= moment_ns;
}

void WaitingRoom::admit(FileDescriptor socket, const SocketAddress& from, MonotonicNs now) {
  if (count_keyless() >= most_strangers) {
    const auto leaver = who_must_go(strangers_);
    leaver->drop(fmt::format("{} others were in the handshake", most_strangers));
    settle(now);
  }
  strangers_.emplace_back(std::move(socket), shown(from), network_of(from), terms_, now);
  settle(now);
}

void WaitingRoom::add_to(std::vector<pollfd>& watched) const {
  for (const auto* visitors : {&strangers_, &queue_})
    for (const Visitor& visitor : *visitors) watched.push_back({visitor.socket(), visitor.events(), 0});
}

void WaitingRoom::serve(std::span<const pollfd> watched, bool one_is_served, MonotonicNs now) {
  auto entry = watched.begin();
  for (auto* visitors : {&strangers_, &queue_}) {
    for (Visitor& visitor : *visitors) {
      const bool ready = entry != watched.end() && (entry++)->revents != 0;
      if (ready) visitor.serve(count_clients() + (one_is_served ? 1 : 0) < most_clients_, now);
      visitor.look_at_clock(now);
    }
  }
  settle(now);
}

// Tells of those who were sent away or left, and brings everybody to where it belongs.
void WaitingRoom::settle(MonotonicNs now) {
  for (auto* visitors : {&strangers_, &queue_})
    for (Visitor& visitor : *visitors)
      if (const auto why = visitor.take_refusal()) log_.refuse(visitor.name(), *why, now);
  for (auto visitor = queue_.begin(); visitor != queue_.end();) {
    const auto next = std::next(visitor);
    if (visitor->stage() != Stage::queued) strangers_.splice(strangers_.end(), queue_, visitor);
    visitor = next;
  }
  std::erase_if(strangers_, [](const Visitor& visitor) { return visitor.stage() == Stage::gone; });
  for (auto visitor = strangers_.begin(); visitor != strangers_.end();) {
    const auto next = std::next(visitor);
    if (visitor->stage() == Stage::queued) {
      log_.say(fmt::format("{} is here: xover {}, run {}", visitor->name(), in_quotes(visitor->program()),
                           in_quotes(visitor->run())));
      queue_.splice(queue_.end(), strangers_, visitor);
    }
    visitor = next;
  }
}

std::list<Visitor> WaitingRoom::take_first() {
  std::list<Visitor> first;
  if (!queue_.empty()) first.splice(first.begin(), queue_, queue_.begin());
  return first;
}

void WaitingRoom::tell_places() {
  std::size_t place = 0;
  std::string line;
  for (Visitor& visitor : queue_) {
    visitor.tell_place(++place);
    line += (line.empty() ? "" : ", ") + visitor.name();
  }
  if (line == queue_told_) return;
  log_.say(line.empty() ? "nobody is waiting" : "waiting: " + line);
  queue_told_ = line;
}

void WaitingRoom::send_all_away(const std::string& why, MonotonicNs now) {
  for (auto* visitors : {&strangers_, &queue_})
    for (Visitor& visitor : *visitors) visitor.send_away(why, now);
  settle(now);
}

std::optional<MonotonicNs> WaitingRoom::next_deadline() const {
  std::optional<MonotonicNs> next;
  for (const Visitor& visitor : strangers_)
    if (const auto deadline = visitor.deadline()) next = std::min(next.value_or(*deadline), *deadline);
  return next;
}

}  // namespace xover
