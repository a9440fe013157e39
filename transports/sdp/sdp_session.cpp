// Turns: results to their channels, what each channel can do, what is to be reported.
#include "transports/sdp/sdp_session.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "transports/common/sockets.h"
#include "transports/sdp/sdp_counters.h"

namespace xover {

namespace {

constexpr MonotonicNs longest_sleep_ns = 50'000'000;
constexpr MonotonicNs end_bound_ns = 500'000'000;

}  // namespace

// An end in order takes no answer of the peer's program any more: its last messages only have to arrive.
SdpSession::~SdpSession() {
  const MonotonicNs bound = monotonic_now_ns() + end_bound_ns;
  const auto waits = [](const auto& channel) { return channel->almost_ended(); };
  while (std::ranges::any_of(channels_, waits) && monotonic_now_ns() < bound) {
    reap({});
    if (clock_ != nullptr) clock_->advance();
  }
  channels_.clear();
}

// --- control plane

// A failed rendezvous uses up indices of queue pairs, and none of channels.
template <typename Meet>
Result<Channel*> SdpSession::meet(const char* operation, Meet&& by) {
  if (auto room = room_for_channel(channels_.size(), limits_.max_channels, operation); !room)
    return tl::make_unexpected(room.error());
  auto channel = std::make_unique<SdpChannel>(shared_, static_cast<std::uint32_t>(channels_.size()));
  const Fabric::Prepare prepare = [&](QueuePair& queue_pair, const Hello& peer_hello) {
    return channel->prepare(queue_pair, peer_hello);
  };
  auto connected = by(prepare);
  if (!connected) return tl::make_unexpected(connected.error());
  const std::uint32_t index = connected->queue_pair->index();
  if (auto started = channel->start(std::move(connected->queue_pair), connected->peer_hello); !started)
    return tl::make_unexpected(started.error());
  if (by_queue_pair_.size() <= index) by_queue_pair_.resize(index + 1);
  by_queue_pair_[index] = channel.get();
  channels_.push_back(std::move(channel));
  return channels_.back().get();
}

Result<Channel*> SdpSession::accept(MonotonicNs deadline) {
  return meet("accept", [&](const Fabric::Prepare& prepare) { return fabric_->accept(prepare, deadline); });
}

Result<Channel*> SdpSession::connect(const std::string& address, MonotonicNs deadline) {
  return meet("connect", [&](const Fabric::Prepare& prepare) { return fabric_->connect(address, prepare, deadline); });
}

// Not registered: what is sent without a copy goes through the cache of registered memory, as the application's own.
Result<std::vector<Segment>> SdpSession::arena(std::size_t size_bytes) {
  auto pages = fabric_->allocate_pages(size_bytes, pages_);
  if (!pages) return tl::make_unexpected(std::move(pages.error()));
  arenas_.push_back(std::move(*pages));
  const std::span<std::byte> bytes = arenas_.back()->bytes();
  return std::vector<Segment>{{.data = bytes.data(), .size_bytes = bytes.size()}};
}

// --- data plane

std::size_t SdpSession::reap(std::span<Completion> out) noexcept {
  take_results();
  std::size_t count = 0;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    SdpChannel& channel = *channels_[(next_reaped_ + i) % channels_.size()];
    channel.progress();
    count += channel.reap(out.subspan(count));
  }
  if (++next_reaped_ >= channels_.size()) next_reaped_ = 0;
  if (fabric_->limits().virtual_time) set_alarm();
  return count;
}

// What a channel waits for is an event where time does not pass by itself.
void SdpSession::set_alarm() noexcept {
  MonotonicNs next = INT64_MAX;
  for (const auto& channel : channels_) next = std::min(next, channel->wants_time_at());
  fabric_->wake_at(next);
}

void SdpSession::take_results() noexcept {
  const std::size_t count = fabric_->poll(results_);
  if (slept_ && count != 0) {
    shared_.account.add_since(TransferPhase::wake_up, asleep_since_);
    slept_ = false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t index = results_[i].queue_pair;
    if (index < by_queue_pair_.size() && by_queue_pair_[index] != nullptr) by_queue_pair_[index]->take(results_[i]);
  }
}

bool SdpSession::ready() const noexcept {
  return std::ranges::any_of(channels_, [](const auto& channel) { return channel->ready(); });
}

// What the fabric has is looked at before anybody sleeps: it may be what a channel needs to have something to report.
void SdpSession::wait(MonotonicNs deadline) noexcept {
  if (ready()) return;
  reap({});
  if (ready()) return;
  // A fabric sleeps by the wall clock, whatever the channels' time is.
  const MonotonicNs wall = monotonic_now_ns(), now = fabric_->now();
  MonotonicNs longest_ns = std::min(deadline - wall, longest_sleep_ns);
  for (const auto& channel : channels_) longest_ns = std::min(longest_ns, channel->wants_time_at() - now);
  asleep_since_ = shared_.account.now();
  slept_ = shared_.account.on();
  if (longest_ns > 0) fabric_->wait(wall + longest_ns);
  for (const auto& channel : channels_) channel->look_at_clock();
}

// --- telling

std::vector<Counter> SdpSession::counters() const {
  std::vector<Counter> list = fabric_->counters();
  list.insert(list.end(), {{"depth_stalls", shared_.counters.depth_stalls},
                           {"rdma_reads", shared_.counters.reads},
                           {"rdma_writes", shared_.counters.writes}});
  sdp::Statistics sum;
  for (const auto& channel : channels_) add(channel->statistics(), sum);
  append_to(list, sum);
  append_learned(list);
  shared_.account.append_to(list);
  if (shared_.memory) shared_.memory->append_to(list);
  return list;
}

void SdpSession::append_learned(std::vector<Counter>& list) const {
  if (shared_.settings.way != SdpWay::automatic) return;
  ThresholdLearner::Counts sum;
  std::size_t threshold_bytes = shared_.settings.threshold_bytes;  // of the newest connection
  for (const auto& channel : channels_) {
    const ThresholdLearner& learner = *channel->learner();
    sum.explored += learner.counts().explored;
    sum.switches += learner.counts().switches;
    sum.copied += learner.counts().copied;
    sum.zero_copied += learner.counts().zero_copied;
    threshold_bytes = learner.threshold_bytes();
  }
  list.insert(list.end(), {{"auto_copied", sum.copied},
                           {"auto_zero_copied", sum.zero_copied},
                           {"auto_explored", sum.explored},
                           {"auto_switches", sum.switches},
                           {"auto_threshold_bytes", threshold_bytes}});
}

std::vector<Fact> SdpSession::facts() const {
  std::vector<Fact> list = fabric_->facts();
  const SdpSettings& settings = shared_.settings;
  list.push_back({"stage_bytes", std::to_string(settings.stage_bytes)});
  list.push_back({"receives", std::to_string(settings.receives)});
  if (settings.way == SdpWay::bcopy) return list;
  list.push_back({"chunk_bytes", std::to_string(settings.chunk_bytes)});
  list.push_back({"adverts", std::to_string(settings.adverts)});
  list.push_back(
      {settings.learns ? "first_threshold_bytes" : "threshold_bytes", std::to_string(settings.threshold_bytes)});
  return list;
}

}  // namespace xover
