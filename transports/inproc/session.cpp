// Control plane, progress over all channels, and fanout.
#include "transports/inproc/session.h"

#include <algorithm>
#include <utility>

namespace xover {

namespace {

constexpr std::size_t max_op_bytes = std::size_t{1} << 40;
constexpr std::size_t max_segments = 1024;  // what a receiver copies from in one go; nothing else bounds it
constexpr std::size_t max_offered = 256;

constexpr const char* more_channels = "open the session with a greater max_channels";

}  // namespace

InprocSession::InprocSession(const OpenParameters& parameters)
    : limits_{.max_channels = parameters.max_channels,
              .depth = parameters.depth,
              .max_op_bytes = max_op_bytes,
              .max_segments = max_segments,
              .alignment_bytes = 1,
              .framing = Framing::stream,
              .receive = Receive::offered,
              .max_offered = max_offered,
              .reliable = true,
              .whole_messages = false,
              .foreign_memory = true},
      pages_(parameters.pages),
      faults_(parameters.options),
      wakeup_(std::make_shared<Wakeup>()),
      shared_ops_(parameters.depth) {
  channels_.reserve(parameters.max_channels);
}

InprocSession::~InprocSession() {
  if (listener_ == nullptr) return;
  remove_listener(address_);
  listener_->close();
}

Result<std::string> InprocSession::listen() {
  if (listener_ == nullptr) {
    listener_ = std::make_shared<InprocListener>(limits_.depth, wakeup_);
    address_ = register_listener(listener_);
  }
  return address_;
}

Result<Channel*> InprocSession::accept(MonotonicNs deadline) {
  if (listener_ == nullptr) return make_error(ErrorCode::bad_input, "accept", "inproc: listen() was not called");
  if (full()) return make_error(ErrorCode::no_memory, "accept", "inproc: all channels are in use", more_channels);
  auto connection = listener_->accept(deadline);
  if (connection == nullptr)
    return make_error(ErrorCode::timed_out, "accept", "inproc: nobody connected to " + address_);
  return add_channel(std::move(connection), InprocRole::acceptor);
}

Result<Channel*> InprocSession::connect(const std::string& address, MonotonicNs) {
  if (full()) return make_error(ErrorCode::no_memory, "connect", "inproc: all channels are in use", more_channels);
  const auto listener = find_listener(address);
  auto connection = listener == nullptr ? nullptr : listener->connect(limits_.depth, wakeup_);
  if (connection == nullptr) {
    return make_error(ErrorCode::refused, "connect", "inproc: nobody in this process listens at '" + address + "'",
                      "call listen() first, in the same process");
  }
  return add_channel(std::move(connection), InprocRole::connector);
}

Result<Channel*> InprocSession::add_channel(std::shared_ptr<Connection> connection, InprocRole role) {
  const auto index = static_cast<std::uint32_t>(channels_.size());
  channels_.push_back(std::make_unique<InprocChannel>(index, std::move(connection), role, limits_, faults_));
  return channels_.back().get();
}

Result<std::vector<Segment>> InprocSession::arena(std::size_t size_bytes) {
  return add_arena(arenas_, size_bytes, pages_);
}

std::size_t InprocSession::reap(std::span<Completion> out) noexcept {
  std::size_t count = 0;
  for (auto& channel : channels_) channel->progress();
  for (std::size_t i = 0; i < channels_.size() && count < out.size(); ++i) {
    count += channels_[(next_reaped_ + i) % channels_.size()]->reap(out.subspan(count));
  }
  if (!channels_.empty()) next_reaped_ = (next_reaped_ + 1) % channels_.size();
  return count;
}

bool InprocSession::has_work() noexcept {
  return std::any_of(channels_.begin(), channels_.end(),
                     [](auto& channel) { return channel->has_completion() || channel->take_injected_busy(); });
}

void InprocSession::wait(MonotonicNs deadline) noexcept {
  const std::uint32_t ticket = wakeup_->ticket();
  if (has_work()) return;
  ++sleeps_;
  wakeup_->sleep(ticket, deadline);
}

// All channels are this thread's, so nothing fills up between the check and the publishing. A channel that fails in
// between releases its part with that failure.
Submitted InprocSession::submit(const SendOp& op, std::span<Channel* const> channels) noexcept {
  if (channels.empty()) return {0, Stop::failed};
  const auto entry =
      std::find_if(shared_ops_.begin(), shared_ops_.end(), [](const SharedOp& shared) { return shared.waiting == 0; });
  if (entry == shared_ops_.end()) return {0, Stop::busy};
  for (Channel* channel : channels) {
    const Stop stop = channels_[channel->index()]->obstacle();
    if (stop != Stop::none) return {0, stop};
  }
  *entry = {
      .token = op.token, .first_channel = channels.front()->index(), .waiting = channels.size(), .bytes = UINT64_MAX};
  for (Channel* channel : channels) channels_[channel->index()]->publish_shared(op, *entry);
  return {1, Stop::none};
}

std::vector<Counter> InprocSession::counters() const { return {{"sleeps", sleeps_}}; }

}  // namespace xover
