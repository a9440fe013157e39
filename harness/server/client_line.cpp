// Sends and receives, each bounded.
#include "harness/server/client_line.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include <nlohmann/json.hpp>

#include "transports/common/sockets.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t send_bound_ns = 10'000'000'000;
constexpr std::int64_t finish_bound_ns = 500'000'000;

}  // namespace

ClientLine::ClientLine(FileDescriptor socket, HandedClient& handed)
    : socket_(std::move(socket)),
      writer_(handed.keys.to_client, handed.write_sequence),
      parser_(handed.keys.to_server, max_sealed_text_bytes, handed.read_sequence),
      unsent_(std::move(handed.unsent)) {
  parser_.feed(handed.unparsed);
}

Result<void> ClientLine::send(const json& text) {
  if (!unsent_.empty())
    if (auto sent = send_bytes(std::exchange(unsent_, {})); !sent) return sent;
  return send_bytes(writer_.seal(text.dump(-1, ' ', false, json::error_handler_t::replace)));
}

Result<void> ClientLine::send_bytes(std::string_view bytes) {
  const MonotonicNs deadline = monotonic_now_ns() + send_bound_ns;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (auto ready = await(socket_.get(), POLLOUT, deadline, "send", "the client does not read"); !ready)
        return ready;
    } else if (errno != EINTR) {
      return system_error("send", "to the client");
    }
  }
  return {};
}

Result<std::optional<json>> ClientLine::take() {
  for (;;) {
    auto text = parser_.next();
    if (!text) return tl::make_unexpected(text.error());
    if (*text) {
      json request = json::parse(**text, nullptr, false);
      if (!request.is_object()) return make_error(ErrorCode::bad_input, "read a request", "it is no JSON object");
      return std::optional(std::move(request));
    }
    std::array<char, 65536> bytes;
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
      parser_.feed({bytes.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      if (auto whole = parser_.end_of_stream(); !whole) return tl::make_unexpected(whole.error());
      return make_error(ErrorCode::peer_died, "receive", "it ended the connection");
    } else if (errno == EAGAIN) {
      return std::optional<json>();
    } else if (errno != EINTR) {
      auto lost = system_error("receive", "from the client");
      lost.value().code = ErrorCode::peer_died;
      return lost;
    }
  }
}

void ClientLine::finish() {
  shutdown(socket_.get(), SHUT_WR);
  const MonotonicNs deadline = monotonic_now_ns() + finish_bound_ns;
  std::array<char, 65536> bytes;
  while (monotonic_now_ns() < deadline && await(socket_.get(), POLLIN, deadline, "finish", "the client"))
    if (recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) <= 0) return;
}

}  // namespace xover
