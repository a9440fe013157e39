// Channels made, reaped and waited for.
#include "transports/rsocket/rsocket_session.h"

#include <rdma/rsocket.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "transports/common/link_ends.h"
#include "transports/common/sockets.h"
#include "transports/common/timespec.h"
#include "transports/rsocket/rsocket_open.h"

namespace xover {

namespace {

// How long a pause is while rpoll(3) must not be asked.
constexpr MonotonicNs pause_ns = 1'000'000;

Limits limits_for(const OpenParameters& parameters) {
  Limits limits;
  limits.max_channels = parameters.max_channels;
  limits.depth = parameters.depth;
  limits.max_op_bytes = std::size_t{64} << 20;
  limits.max_segments = 1024;
  limits.framing = Framing::stream;
  limits.receive = Receive::offered;
  limits.max_offered = std::max<std::size_t>(parameters.depth, 64);
  limits.reliable = true;
  limits.foreign_memory = true;
  return limits;
}

}  // namespace

Availability probe_rsocket(const Link& link) {
  for (const LinkRole role : {LinkRole::sender, LinkRole::receiver}) {  // each of "A+B"
    auto device = find_rdma_device(end_of(link, role));
    if (!device) return rdma_availability(tl::make_unexpected(device.error()));
    const auto listener = listen_rsocket(device->ipv4, {}, 1);
    if (!listener) return rdma_availability(tl::make_unexpected(listener.error()));
    if (end_of(link, LinkRole::receiver) == link) break;
  }
  return rdma_availability({});
}

Result<std::unique_ptr<Session>> open_rsocket(const OpenParameters& parameters) {
  auto session = RsocketSession::open(parameters);
  if (!session) return tl::make_unexpected(session.error());
  return std::move(*session);
}

Result<std::unique_ptr<RsocketSession>> RsocketSession::open(const OpenParameters& parameters) {
  auto device = find_rdma_device(parameters);
  if (!device) return tl::make_unexpected(device.error());
  std::unique_ptr<RsocketSession> session(new RsocketSession(parameters, std::move(*device)));
  session->timer_ = FileDescriptor(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!session->timer_) return system_error("timerfd_create");
  return session;
}

RsocketSession::RsocketSession(const OpenParameters& parameters, RdmaDevice device)
    : device_(std::move(device)),
      peer_(device_, parameters),
      buffers_{parameters.options.size_bytes("send_buffer"), parameters.options.size_bytes("receive_buffer")},
      pages_(parameters.pages),
      shared_(limits_for(parameters), device_.handover(), parameters.options.integer("slowdown_percent")) {
  channels_.reserve(parameters.max_channels);
  watched_.reserve(parameters.max_channels + 1);
}

// --- connections

Result<void> RsocketSession::room(const char* operation) const {
  return room_for_channel(channels_.size(), shared_.limits.max_channels, operation);
}

Result<std::string> RsocketSession::listen() {
  if (!listener_) {
    auto made = listen_rsocket(device_.ipv4, buffers_, static_cast<int>(shared_.limits.max_channels));
    if (!made) return tl::make_unexpected(made.error());
    listener_ = std::move(*made);
  }
  return address_of_rsocket(listener_.get());
}

Result<Channel*> RsocketSession::accept(MonotonicNs deadline) {
  if (auto there = room("accept"); !there) return tl::make_unexpected(there.error());
  if (!listener_) return make_error(ErrorCode::bad_input, "accept", "listen() comes first");
  for (;;) {
    auto accepted = accept_rsocket(listener_.get(), deadline);
    if (!accepted) return tl::make_unexpected(accepted.error());
    if (peer_.may_come_from(reinterpret_cast<const sockaddr&>(accepted->from))) {
      return adopt(std::move(accepted->socket));
    }
    ++strangers_;
    (void)RsocketEnding::start(std::move(accepted->socket));  // and its end: closed, within a bound
    // However many come, they do not stretch the bound.
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "accept", "no peer came");
  }
}

Result<Channel*> RsocketSession::connect(const std::string& address, MonotonicNs deadline) {
  if (auto there = room("connect"); !there) return tl::make_unexpected(there.error());
  return adopt(connect_rsocket(device_.ipv4, address, buffers_, deadline));
}

Result<Channel*> RsocketSession::adopt(Result<RsocketHandle> socket) {
  if (!socket) return tl::make_unexpected(socket.error());
  // The library doubles what it is asked for and answers with what it has.
  send_buffer_bytes_ = static_cast<std::size_t>(rsocket_option(socket->get(), SOL_SOCKET, SO_SNDBUF));
  receive_buffer_bytes_ = static_cast<std::size_t>(rsocket_option(socket->get(), SOL_SOCKET, SO_RCVBUF));
  auto ending = RsocketEnding::start(std::move(*socket));
  if (!ending) return tl::make_unexpected(ending.error());
  const auto index = static_cast<std::uint32_t>(channels_.size());
  channels_.push_back(std::make_unique<RsocketChannel>(shared_, index, std::move(*ending)));
  return channels_.back().get();
}

Result<std::vector<Segment>> RsocketSession::arena(std::size_t size_bytes) {
  return add_arena(arenas_, size_bytes, pages_);
}

// --- progress

void RsocketSession::progress() noexcept {
  for (const auto& channel : channels_) channel->progress();
}

std::size_t RsocketSession::reap(std::span<Completion> out) noexcept {
  auto& ready = shared_.completions;
  if (ready.empty() || out.empty()) progress();
  std::size_t count = 0;
  for (; count < out.size() && !ready.empty(); ++count) {
    Completion& completion = ready.front();
    if (completion.moments.has(Moment::released)) channels_[completion.channel]->released_was_reaped();
    out[count] = std::move(completion);
    ready.pop();
  }
  return count;
}

// A `busy` submit is worth another try when a socket can send again, which ends the sleep, too.
void RsocketSession::wait(MonotonicNs deadline) noexcept {
  progress();
  if (!shared_.completions.empty()) return;
  sleep_until(deadline);
  progress();
}

void RsocketSession::sleep_until(MonotonicNs deadline) noexcept {
  watched_.clear();
  bool ending = false;
  for (const auto& channel : channels_) {
    if (!channel->alive()) continue;
    ending |= channel->ending();
    if (const short events = channel->interest(); events != 0) watched_.push_back({channel->socket(), events, 0});
  }
  if (ending) {
    const timespec pause = to_timespec(std::min(deadline - monotonic_now_ns(), pause_ns));
    ppoll(nullptr, 0, &pause, nullptr);
    return;
  }
  // The timer is what ends the sleep: see rsocket_events().
  const itimerspec at{{}, to_timespec(std::max<MonotonicNs>(deadline, 1))};
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
  watched_.push_back({timer_.get(), POLLIN, 0});
  rpoll(watched_.data(), watched_.size(), -1);
}

// --- what it says of itself

std::vector<Counter> RsocketSession::counters() const {
  return {{"send_calls", shared_.send_calls},
          {"receive_calls", shared_.receive_calls},
          {"partial_sends", shared_.partial_sends},
          {"busy", shared_.busy},
          {"strangers", strangers_}};
}

std::vector<Fact> RsocketSession::facts() const {
  return {{"device", device_.name},
          {"device_address", device_.ipv4},
          {"moved_by", device_.soft ? "the driver of a soft device, in softirq" : "the card"},
          {"send_buffer_bytes", std::to_string(send_buffer_bytes_)},
          {"receive_buffer_bytes", std::to_string(receive_buffer_bytes_)},
          {"retries", "for ever: librdmacm's choice"}};
}

}  // namespace xover
