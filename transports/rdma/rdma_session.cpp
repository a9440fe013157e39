// Turns: results to their channels, what each channel can do next, and what is to be reported.
#include "transports/rdma/rdma_session.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr MonotonicNs end_bound_ns = 1'000'000'000;

}  // namespace

// An end in order is waited for until it has arrived; it takes no answer of the peer's program.
RdmaSession::~RdmaSession() {
  const MonotonicNs bound = monotonic_now_ns() + end_bound_ns;
  const auto waits = [](const auto& channel) { return channel->waits_for_end(); };
  while (std::ranges::any_of(channels_, waits) && monotonic_now_ns() < bound) {
    reap({});
    if (clock_ != nullptr) clock_->advance();
  }
  for (const auto& channel : channels_) channel->end();
}

// --- control plane

Result<Channel*> RdmaSession::accept(MonotonicNs deadline) {
  return add_channel("accept", [&](const Fabric::Prepare& prepare) { return fabric_->accept(prepare, deadline); });
}

Result<Channel*> RdmaSession::connect(const std::string& address, MonotonicNs deadline) {
  return add_channel("connect",
                     [&](const Fabric::Prepare& prepare) { return fabric_->connect(address, prepare, deadline); });
}

Result<Channel*> RdmaSession::add_channel(const char* operation, const Meet& meet) {
  if (auto room = room_for_channel(channels_.size(), limits_.max_channels, operation); !room)
    return tl::make_unexpected(std::move(room.error()));
  std::unique_ptr<RdmaChannel> channel;
  bool met = false;
  auto connected = meet([&](QueuePair& queue_pair, const Hello& peer_hello) -> Result<Hello> {
    RdmaHello peer;
    if (!peer_hello.empty()) {
      auto parsed = parse_hello(peer_hello, shared_.settings);
      if (!parsed) return tl::make_unexpected(std::move(parsed.error()));
      peer = *parsed;
    }
    auto made = RdmaChannel::make(shared_, static_cast<std::uint32_t>(channels_.size()), queue_pair);
    if (!made) return tl::make_unexpected(std::move(made.error()));
    channel = std::move(*made);
    met = !peer_hello.empty();
    if (met) channel->meet(peer);
    return packed(channel->hello());
  });
  if (!connected) return tl::make_unexpected(std::move(connected.error()));
  channel->own(std::move(connected->queue_pair));
  if (!met) {
    auto peer = parse_hello(connected->peer_hello, shared_.settings);
    if (!peer) {
      channel->end();
      return tl::make_unexpected(std::move(peer.error()));
    }
    channel->meet(*peer);
  }
  const std::size_t queue_pair = channel->queue_pair().index();
  if (by_queue_pair_.size() <= queue_pair) by_queue_pair_.resize(queue_pair + 1, nullptr);
  by_queue_pair_[queue_pair] = channel.get();
  channels_.push_back(std::move(channel));
  return channels_.back().get();
}

Result<std::vector<Segment>> RdmaSession::arena(std::size_t size_bytes) {
  return shared_.memory->arena(size_bytes, shared_.settings.pages);
}

// --- data plane

bool RdmaSession::take_results() noexcept {
  bool any = false;
  for (std::size_t count = results_.size(); count == results_.size();) {
    count = fabric_->poll(results_);
    any |= count != 0;
    for (const WorkResult& result : std::span(results_).first(count)) {
      const bool known = result.queue_pair < by_queue_pair_.size() && by_queue_pair_[result.queue_pair] != nullptr;
      if (known) by_queue_pair_[result.queue_pair]->take(result);
    }
  }
  for (const auto& channel : channels_) channel->progress();
  return any;
}

std::size_t RdmaSession::reap(std::span<Completion> out) noexcept {
  take_results();
  std::size_t count = 0;
  for (std::size_t i = 0; i < channels_.size() && count < out.size(); ++i) {
    count += channels_[(next_reaped_ + i) % channels_.size()]->reap(out.subspan(count));
  }
  if (++next_reaped_ >= channels_.size()) next_reaped_ = 0;
  return count;
}

bool RdmaSession::ready() const noexcept {
  return std::ranges::any_of(channels_, [](const auto& channel) { return channel->ready(); });
}

// A result may be what a `busy` channel waits for, so the caller is to look again after each.
void RdmaSession::wait(MonotonicNs deadline) noexcept {
  if (ready() || take_results() || ready()) return;
  fabric_->wait(deadline);
}

// --- telling

void RdmaCounters::append_to(std::vector<Counter>& counters) const {
  const Counter own[] = {{"messages_sent", messages_sent},
                         {"messages_received", messages_received},
                         {"inline_sends", inline_sends},
                         {"busy", busy},
                         {"credit_stalls", credit_stalls},
                         {"queue_stalls", queue_stalls},
                         {"registration_stalls", registration_stalls},
                         {"ring_stalls", ring_stalls},
                         {"grants_sent", grants_sent},
                         {"grants_received", grants_received}};
  counters.insert(counters.end(), std::begin(own), std::end(own));
}

std::vector<Counter> RdmaSession::counters() const {
  std::vector<Counter> list;
  shared_.counters.append_to(list);
  shared_.memory->append_to(list);
  for (const Counter& counter : fabric_->counters()) list.push_back(counter);
  return list;
}

std::vector<Fact> RdmaSession::facts() const {
  const RdmaSettings& settings = shared_.settings;
  std::vector<Fact> list = fabric_->facts();
  list.push_back({"window", std::to_string(settings.window)});
  if (settings.way == RdmaWay::send) {
    list.push_back({"buffer_bytes", std::to_string(settings.buffer_bytes)});
    list.push_back({"inline_bytes", std::to_string(settings.inline_bytes)});
  } else {
    list.push_back({"ring_bytes", std::to_string(settings.ring_bytes)});
  }
  if (!fabric_->can_sleep()) list.push_back({"wait", "spin only: this fabric has nothing to sleep on"});
  if (settings.way == RdmaWay::read) list.push_back({"reads", std::to_string(settings.reads)});
  return list;
}

}  // namespace xover
