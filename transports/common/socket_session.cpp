// The queue of completions, and who is asked to fill it.
#include "transports/common/socket_session.h"

#include "transports/common/sockets.h"

namespace xover {

SocketSession::SocketSession(const Limits& limits, const OpenParameters& parameters)
    : limits_(limits),
      shared_(limits, parameters.options.integer("slowdown_percent")),
      pages_(parameters.pages),
      waiter_(shared_, channels_, limits.max_channels) {
  channels_.reserve(limits.max_channels);
  shared_.device_gathers = parameters.device_gathers;
}

SocketSession::~SocketSession() { end_channels(); }

void SocketSession::end_channels() noexcept {
  for (const auto& channel : channels_) channel->end();
}

Result<std::vector<Segment>> SocketSession::arena(std::size_t size_bytes) {
  return add_arena(arenas_, size_bytes, pages_);
}

std::size_t SocketSession::reap(std::span<Completion> out) noexcept {
  auto& ready = shared_.completions;
  if (ready.empty() || out.empty()) {
    for (const auto& channel : channels_) channel->progress();
  }
  std::size_t count = 0;
  for (; count < out.size() && !ready.empty(); ++count) {
    Completion& completion = ready.front();
    if (completion.moments.has(Moment::released)) channels_[completion.channel]->released_was_reaped();
    if (limits_.receive == Receive::discarded && completion.moments.has(Moment::received)) {
      channels_[completion.channel]->discarded_was_reaped();
    }
    out[count] = std::move(completion);
    ready.pop();
  }
  return count;
}

Result<void> SocketSession::room_for_channel(const char* operation) const {
  return xover::room_for_channel(channels_.size(), limits_.max_channels, operation);
}

Channel* SocketSession::adopt(std::unique_ptr<SocketChannel> channel) {
  channels_.push_back(std::move(channel));
  return channels_.back().get();
}

int SocketSession::first_open_socket() const {
  for (const auto& channel : channels_) {
    if (channel->fd() >= 0) return channel->fd();
  }
  return -1;
}

}  // namespace xover
