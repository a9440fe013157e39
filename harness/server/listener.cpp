// The loop, and what can happen in a round of it.
#include "harness/server/listener.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/quote.h"
#include "core/units.h"
#include "harness/server/listen_address.h"
#include "transports/common/tcp_keepalive.h"
#include "transports/common/timespec.h"

namespace xover {

namespace {

constexpr MonotonicNs second_ns = 1'000'000'000;
constexpr MonotonicNs close_bound_ns = 3 * second_ns;
constexpr MonotonicNs shortage_pause_ns = second_ns / 10;
constexpr MonotonicNs crowd_pause_ns = second_ns / 100;
constexpr int most_accepts = 64;  // in one round

enum Watched : std::size_t { signal_entry, socket_entry, line_entry, process_entry, first_visitor };

}  // namespace

Listener::Listener(FileDescriptor socket, ServerTerms terms, std::size_t most_clients, ServerLog::Print print)
    : socket_(std::move(socket)), terms_(std::move(terms)), log_(std::move(print)), room_(terms_, most_clients, log_) {}

void Listener::run() {
  while (round()) {
  }
}

bool Listener::round() {
  MonotonicNs now = monotonic_now_ns();
  std::vector<pollfd> entries = watched(now);
  const timespec timeout = to_timespec(wake_at(now) - now);
  (void)ppoll(entries.data(), entries.size(), &timeout, nullptr);

  now = monotonic_now_ns();
  if (entries[line_entry].revents != 0) host_->listen();
  room_.serve(std::span(entries).subspan(first_visitor), host_ != nullptr, now);
  look_after_host(now);
  give_turn(now);
  if (entries[socket_entry].revents != 0) accept_all(now);
  room_.tell_places();
  log_.tell_counted(now);
  if (const std::string name = signals_.take(); !name.empty()) begin_to_close(name, now);
  return close_by_ == 0 || ((host_ || !room_.empty()) && now < close_by_);
}

std::vector<pollfd> Listener::watched(MonotonicNs now) const {
  std::vector<pollfd> entries(first_visitor, pollfd{-1, POLLIN, 0});  // -1: left out
  entries[signal_entry].fd = signals_.get();
  if (accepts(now)) entries[socket_entry].fd = socket_.get();
  if (host_) entries[line_entry].fd = host_->line();
  if (host_) entries[process_entry].fd = host_->process();
  room_.add_to(entries);
  return entries;
}

// Without anything to look after it sleeps until somebody comes: the cores belong to what is measured.
MonotonicNs Listener::wake_at(MonotonicNs now) const {
  MonotonicNs at = now + 3600 * second_ns;
  if (host_ || log_.has_counted()) at = std::min(at, now + second_ns);
  if (const auto deadline = room_.next_deadline()) at = std::min(at, *deadline);
  if (close_by_ != 0) return std::min(at, close_by_);
  if (now < accept_again_at_) at = std::min(at, accept_again_at_);
  if (!room_.may_admit(now)) at = std::min(at, now + crowd_pause_ns);
  return std::max(at, now);
}

bool Listener::accepts(MonotonicNs now) const {
  return close_by_ == 0 && now >= accept_again_at_ && room_.may_admit(now);
}

void Listener::accept_all(MonotonicNs now) {
  for (int i = 0; i < most_accepts && accepts(now); ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    FileDescriptor client(
        accept4(socket_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client) {
      const SocketAddress address = SocketAddress::of(from);
      if (keep_alive(client.get())) room_.admit(std::move(client), address, now);
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EAGAIN) return;
    // The connection stays where it is, and would wake the loop again at once.
    log_.refuse("a connection, for now", std::strerror(errno), now);
    accept_again_at_ = now + shortage_pause_ns;
  }
}

void Listener::look_after_host(MonotonicNs now) {
  if (!host_) return;
  host_->look_after(now);
  const auto ended = host_->ended();
  if (!ended) return;
  log_.say(fmt::format("{} is done after {} and {} sample{}: {}", served_, format_duration(now - turn_began_),
                       ended->samples, ended->samples == 1 ? "" : "s", ended->how));
  host_.reset();
}

void Listener::give_turn(MonotonicNs now) {
  while (!host_ && close_by_ == 0) {
    std::list<Visitor> next = room_.take_first();
    if (next.empty()) return;
    Visitor& visitor = next.front();
    auto host = HostProcess::start(visitor.descriptor(), visitor.hand_over());
    if (!host) {
      log_.say(fmt::format("{} could not be served: {}", visitor.name(), host.error().message()));
      visitor.send_away("it could not be served: " + host.error().message(), now);
      continue;
    }
    host_ = std::move(*host);
    served_ = visitor.name();
    turn_began_ = now;
    log_.say(fmt::format("{} has its turn", served_));
  }
}

void Listener::begin_to_close(const std::string& why, MonotonicNs now) {
  if (close_by_ != 0) return;
  close_by_ = now + close_bound_ns;
  socket_.close();
  log_.say("closing because of " + why);
  room_.send_all_away("the server is closing", now);
  if (host_) host_->stop("the server is closing");
}

}  // namespace xover
