// Bounded sends and receives of frames.
#include "harness/agents/control_channel.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace xover {

namespace {

constexpr MonotonicNs longest_nap_ns = 50'000'000;

// True when the socket is ready, false when the nap is over.
Result<bool> nap_until_ready(int socket, short events, MonotonicNs deadline) {
  const MonotonicNs left_ns = std::clamp<MonotonicNs>(deadline - monotonic_now_ns(), 0, longest_nap_ns);
  const timespec timeout{0, static_cast<long>(left_ns)};
  pollfd waiting{socket, events, 0};
  const int ready = ppoll(&waiting, 1, &timeout, nullptr);
  if (ready < 0 && errno != EINTR) return system_error("poll", "control socket");
  return ready > 0;
}

}  // namespace

ControlChannel::ControlChannel(ControlChannel&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), parser_(std::move(other.parser_)) {}

ControlChannel::~ControlChannel() {
  if (socket_ >= 0) close(socket_);
}

Result<void> ControlChannel::send(std::string_view text, MonotonicNs deadline) {
  const std::string frame = frame_of(text);
  std::size_t done = 0;
  while (done < frame.size()) {
    const ssize_t sent = ::send(socket_, frame.data() + done, frame.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return system_error("send", "control socket");
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "send", "control socket");
    if (auto ready = nap_until_ready(socket_, POLLOUT, deadline); !ready) return tl::make_unexpected(ready.error());
  }
  return {};
}

Result<std::string> ControlChannel::receive(MonotonicNs deadline, const std::function<Result<void>()>& interrupted) {
  std::array<char, 65536> bytes;
  for (;;) {
    auto frame = parser_.next();
    if (!frame) return tl::make_unexpected(frame.error());
    if (frame->has_value()) return std::move(**frame);

    if (auto goes_on = interrupted(); !goes_on) return tl::make_unexpected(goes_on.error());
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "receive", "control socket");
    auto ready = nap_until_ready(socket_, POLLIN, deadline);
    if (!ready) return tl::make_unexpected(ready.error());
    if (!*ready) continue;

    const ssize_t received = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (received > 0)
      parser_.feed({bytes.data(), static_cast<std::size_t>(received)});
    else if (received == 0)
      return make_error(ErrorCode::peer_died, "receive", "the control socket was closed");
    else if (errno != EAGAIN && errno != EINTR)
      return system_error("receive", "control socket");
  }
}

}  // namespace xover
