// Hellos written, read and matched.
#include "transports/files/pairing.h"

#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr char magic[] = "xover pair 1";
constexpr std::size_t magic_bytes = sizeof magic - 1;
constexpr std::size_t role_place = magic_bytes;
constexpr std::size_t nonce_place = 16;
constexpr std::byte data_role{'d'}, acknowledgements_role{'a'};
constexpr MonotonicNs longest_nap_ns = 100'000'000;

}  // namespace

Result<SocketPair> connect_pair(const TcpSockets& sockets, const std::string& address, MonotonicNs deadline) {
  PairAcceptor::Hello hello{};
  std::memcpy(hello.data(), magic, magic_bytes);
  const std::size_t nonce_bytes = hello.size() - nonce_place;
  if (getrandom(hello.data() + nonce_place, nonce_bytes, 0) != static_cast<ssize_t>(nonce_bytes)) {
    return system_error("getrandom");
  }
  const auto open = [&](std::byte role) -> Result<FileDescriptor> {
    auto socket = role == data_role ? sockets.connect(address, deadline) : sockets.connect_beside(address, deadline);
    if (!socket) return socket;
    hello[role_place] = role;
    if (send(socket->get(), hello.data(), hello.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(hello.size())) {
      return system_error("send of the hello", address, "is the other side running?");
    }
    return socket;
  };
  auto data = open(data_role);
  if (!data) return tl::make_unexpected(data.error());
  auto acknowledgements = open(acknowledgements_role);
  if (!acknowledgements) return tl::make_unexpected(acknowledgements.error());
  return SocketPair{std::move(*data), std::move(*acknowledgements)};
}

Result<SocketPair> PairAcceptor::accept(TcpSockets& sockets, MonotonicNs deadline) {
  for (;;) {
    if (auto taken = take_connections(sockets); !taken) return tl::make_unexpected(taken.error());
    read_hellos();
    match();
    drop_strangers();
    if (!pairs_.empty()) {
      SocketPair pair = std::move(pairs_.front());
      pairs_.pop_front();
      return pair;
    }
    if (auto ready = wait(sockets.listener(), deadline); !ready) return tl::make_unexpected(ready.error());
  }
}

Result<void> PairAcceptor::take_connections(TcpSockets& sockets) {
  for (;;) {
    auto socket = sockets.accept(0);
    if (!socket) {
      if (socket.error().code == ErrorCode::timed_out) return {};
      return tl::make_unexpected(socket.error());
    }
    Half half;
    half.socket = std::move(*socket);
    half.came_ns = monotonic_now_ns();
    halves_.push_back(std::move(half));
    if (halves_.size() > most_halves) return {};
  }
}

// No byte beyond the hello: what follows belongs to the channel.
void PairAcceptor::read_hellos() {
  std::erase_if(halves_, [](Half& half) {
    if (half.got_bytes == hello_bytes) return false;
    const ssize_t got =
        recv(half.socket.get(), half.hello.data() + half.got_bytes, hello_bytes - half.got_bytes, MSG_DONTWAIT);
    if (got < 0) return errno != EAGAIN && errno != EINTR;
    half.got_bytes += static_cast<std::size_t>(got);
    const std::byte role = half.hello[role_place];
    const bool complete = half.got_bytes == hello_bytes;
    const bool stranger = std::memcmp(half.hello.data(), magic, std::min(half.got_bytes, magic_bytes)) != 0 ||
                          (complete && role != data_role && role != acknowledgements_role);
    return got == 0 || stranger;
  });
}

void PairAcceptor::match() {
  const auto nonce_of = [](const Half& half) { return std::span(half.hello).subspan(nonce_place); };
  const auto fits = [&](const Half& half, std::byte role) {
    return half.got_bytes == hello_bytes && half.hello[role_place] == role;
  };
  for (Half& data : halves_) {
    if (!fits(data, data_role)) continue;
    const auto other = std::ranges::find_if(halves_, [&](const Half& half) {
      return half.socket && fits(half, acknowledgements_role) && std::ranges::equal(nonce_of(half), nonce_of(data));
    });
    if (other == halves_.end()) continue;
    pairs_.push_back({std::move(data.socket), std::move(other->socket)});
  }
  std::erase_if(halves_, [](const Half& half) { return !half.socket; });
}

void PairAcceptor::drop_strangers() {
  const MonotonicNs now = monotonic_now_ns();
  std::erase_if(halves_, [&](const Half& half) { return now - half.came_ns > patience_ns; });
  if (halves_.size() > most_halves) halves_.erase(halves_.begin());
}

Result<void> PairAcceptor::wait(int listener, MonotonicNs deadline) const {
  std::vector<pollfd> watched{{listener, POLLIN, 0}};
  for (const Half& half : halves_) {
    if (half.got_bytes < hello_bytes) watched.push_back({half.socket.get(), POLLIN, 0});
  }
  const MonotonicNs left = deadline - monotonic_now_ns();
  if (left <= 0) return make_error(ErrorCode::timed_out, "accept", "no peer came", "is the other side running?");
  const timespec timeout{0, static_cast<long>(std::min(left, longest_nap_ns))};
  if (ppoll(watched.data(), watched.size(), &timeout, nullptr) < 0 && errno != EINTR) return system_error("poll");
  return {};
}

}  // namespace xover
