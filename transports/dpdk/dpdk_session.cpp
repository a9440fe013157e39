// Turns: a burst from each port, what each channel can send, what is to be reported, and a look around when idle.
#include "transports/dpdk/dpdk_session.h"

#include <algorithm>
#include <utility>

#include <rte_prefetch.h>

#include "transports/common/timespec.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/external_memory.h"
#include "transports/dpdk/mbuf_frames.h"

namespace xover {

namespace {

constexpr MonotonicNs idle_pause_ns = 20 * microsecond;  // between two looks around when nothing moves
constexpr unsigned idle_turns = 16, busy_turns = 64;     // between two looks at the clock
constexpr MonotonicNs busy_pause_ns = millisecond;       // between two looks around under load
constexpr MonotonicNs longest_sleep_ns = 50 * millisecond;
constexpr MonotonicNs short_sleep_ns = millisecond;  // where no descriptor tells when there is something to do
constexpr MonotonicNs end_bound_ns = 1'600 * millisecond;
constexpr int late_reclaims = 20;        // before mbufs are counted
constexpr std::size_t frames_ahead = 4;  // frames that are fetched into the cache before they are looked at

}  // namespace

// Pools outlive the session as long as frames point into them. Memory of other kinds is the application's, or loses its
// registration, so where mbufs are attached to it they are waited for.
DpdkSession::~DpdkSession() {
  for (const auto& channel : channels_) channel->begin_end();
  if (!shared_.memory) return;
  const MonotonicNs bound = monotonic_now_ns() + end_bound_ns;
  const auto waits = [](const auto& channel) { return channel->awaits_memory(); };
  while (std::ranges::any_of(channels_, waits) && monotonic_now_ns() < bound) {
    for (const auto& channel : channels_) {
      channel->progress();
      channel->look_around(monotonic_now_ns(), false);
    }
    const timespec pause = to_timespec(idle_pause_ns);
    nanosleep(&pause, nullptr);
  }
}

// --- control plane

Result<Channel*> DpdkSession::accept(MonotonicNs deadline) {
  register_with_eal();
  return adopt(link_->accept(deadline));
}

Result<Channel*> DpdkSession::connect(const std::string& address, MonotonicNs deadline) {
  register_with_eal();
  return adopt(link_->connect(address, deadline));
}

Result<Channel*> DpdkSession::adopt(Result<Meeting> meeting) {
  if (!meeting) return tl::make_unexpected(meeting.error());
  const auto index = static_cast<std::uint32_t>(channels_.size());
  channels_.push_back(std::make_unique<DpdkChannel>(shared_, index, std::move(*meeting)));
  use_port(*channels_.back());
  return channels_.back().get();
}

void DpdkSession::use_port(DpdkChannel& channel) {
  const auto port = channel.port();
  auto use = std::ranges::find(ports_, port, &PortUse::port);
  if (use == ports_.end()) {
    for (const auto& memory : shared_.kept) port->keep(memory);
    use = ports_.insert(use, PortUse{port, {}});
  }
  use->channels.push_back(&channel);
  watched_.resize(ports_.size() + channels_.size());
}

void DpdkSession::keep(std::shared_ptr<const void> memory) {
  for (const PortUse& use : ports_) use.port->keep(memory);
  shared_.kept.push_back(std::move(memory));
}

Result<std::vector<Segment>> DpdkSession::arena(std::size_t size_bytes) {
  if (shared_.arenas) {
    auto segments = shared_.arenas->add(size_bytes, pages_, link_->dma_port());
    if (segments) keep(shared_.arenas->newest());
    return segments;
  }
  if (shared_.memory) {
    auto segments = shared_.memory->arena(size_bytes, pages_);
    if (segments) keep(shared_.memory->newest_arena());
    return segments;
  }
  return add_arena(copied_arenas_, size_bytes, pages_);
}

// --- data plane

std::size_t DpdkSession::reap(std::span<Completion> out) noexcept {
  bool moved = progress();
  std::size_t count = 0;
  for (std::size_t i = 0; i < channels_.size() && count < out.size(); ++i) {
    count += channels_[(next_reaped_ + i) % channels_.size()]->reap(out.subspan(count));
  }
  if (++next_reaped_ >= channels_.size()) next_reaped_ = 0;
  moved |= count != 0;
  if (++turns_ >= (moved ? busy_turns : idle_turns)) look_around(moved);
  return count;
}

bool DpdkSession::progress() noexcept {
  bool moved = false;
  for (PortUse& use : ports_) moved |= receive_from(use);
  for (const auto& channel : channels_) moved |= channel->progress();
  return moved;
}

// The mbufs come from the other end's cache: they are fetched a few frames ahead, and their data behind them.
bool DpdkSession::receive_from(PortUse& use) noexcept {
  if (std::ranges::none_of(use.channels, [](const DpdkChannel* channel) { return channel->receives(); })) return false;
  std::array<rte_mbuf*, most_burst> frames;
  const std::size_t count = use.port->receive(frames.data(), static_cast<std::uint16_t>(shared_.settings.burst));
  if (count < shared_.settings.burst) use.was_empty = true;  // rte_eth_rx_burst(): that was all
  if (count == 0) return false;
  for (std::size_t i = 0; i < std::min(2 * frames_ahead, count); ++i) rte_prefetch0(frames[i]);
  for (std::size_t i = 0; i < std::min(frames_ahead, count); ++i) rte_prefetch0(rte_pktmbuf_mtod(frames[i], void*));
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 2 * frames_ahead < count) rte_prefetch0(frames[i + 2 * frames_ahead]);
    if (i + frames_ahead < count) rte_prefetch0(rte_pktmbuf_mtod(frames[i + frames_ahead], void*));
    DpdkChannel* channel = channel_of(use, *frames[i]);
    if (channel != nullptr) {
      channel->take(frames[i]);
    } else {
      ++shared_.counters.stray_frames;
      rte_pktmbuf_free(frames[i]);
    }
  }
  return true;
}

DpdkChannel* DpdkSession::channel_of(PortUse& use, const rte_mbuf& frame) noexcept {
  if (use.channels.size() == 1) return use.channels.front();
  const std::uint32_t connection = connection_of({rte_pktmbuf_mtod(&frame, const std::byte*), frame.data_len});
  const auto found = std::ranges::find(use.channels, connection, &DpdkChannel::connection);
  return found == use.channels.end() ? nullptr : *found;
}

void DpdkSession::look_around(bool moved) noexcept {
  turns_ = 0;
  const MonotonicNs now = monotonic_now_ns();
  if (now - looked_at_ < (moved ? busy_pause_ns : idle_pause_ns)) return;
  looked_at_ = now;
  for (PortUse& use : ports_) {
    for (DpdkChannel* channel : use.channels) channel->look_around(now, use.was_empty);
    use.was_empty = false;
  }
}

bool DpdkSession::ready() const noexcept {
  return std::ranges::any_of(channels_, [](const auto& channel) { return channel->ready(); });
}

// --- waiting

void DpdkSession::wait(MonotonicNs deadline) noexcept {
  if (ready()) return;
  bool armed = true;
  for (const PortUse& use : ports_) armed = use.port->arm_receive_event() && armed;
  // What came before is found here, what comes from now on raises an event.
  if (armed && !progress() && !ready()) sleep(deadline);
  for (const PortUse& use : ports_) use.port->disarm_receive_event();
  turns_ = idle_turns;  // the next reap() looks around
  looked_at_ = 0;
}

void DpdkSession::sleep(MonotonicNs deadline) noexcept {
  MonotonicNs longest_ns = std::min(deadline - monotonic_now_ns(), longest_sleep_ns);
  auto watched = watched_.begin();
  for (const PortUse& use : ports_) *watched++ = {use.port->receive_event_fd(), POLLIN, 0};
  for (const auto& channel : channels_) {
    *watched++ = {channel->line_fd(), POLLIN, 0};
    if (channel->wants_time()) longest_ns = std::min(longest_ns, short_sleep_ns);
  }
  if (longest_ns <= 0) return;
  const timespec timeout = to_timespec(longest_ns);
  ppoll(watched_.data(), watched_.size(), &timeout, nullptr);
}

// --- telling

// What was sent last is still in queues that free late, and the card needs a moment to send it, and the fillers.
std::size_t DpdkSession::missing_mbufs() const {
  std::size_t missing = absent_mbufs();
  for (int i = 0; i < late_reclaims && missing != 0 && shared_.settings.frees_late; ++i) {
    for (const PortUse& use : ports_) use.port->reclaim();
    const timespec pause = to_timespec(millisecond);
    nanosleep(&pause, nullptr);
    missing = absent_mbufs();
  }
  return missing;
}

std::size_t DpdkSession::absent_mbufs() const {
  std::size_t absent = shared_.headers->missing();
  if (shared_.frames) absent += shared_.frames->missing();
  if (shared_.arenas) absent += shared_.arenas->missing();
  for (const PortUse& use : ports_) absent += use.port->missing_mbufs();
  return absent;
}

std::vector<Counter> DpdkSession::counters() const {
  std::vector<Counter> list;
  shared_.counters.append_to(list);
  // Until then some are on their way, and how many is no count of anything.
  const bool at_rest = std::ranges::all_of(channels_, [](const auto& channel) { return channel->ended(); });
  if (at_rest) list.push_back({"mbufs_missing", missing_mbufs()});
  if (shared_.memory) shared_.memory->append_to(list);
  list.push_back({"strangers", link_->strangers()});
  return list;
}

std::vector<Fact> DpdkSession::facts() const {
  const PortTraits& traits = ports_.empty() ? link_->traits() : ports_.front().port->traits();
  const bool events = link_->traits().receive_events;
  return {{"driver", traits.driver},
          {"mtu_bytes", std::to_string(traits.mtu_bytes)},
          {"payload_bytes", std::to_string(shared_.settings.payload_bytes)},
          {"burst", std::to_string(shared_.settings.burst)},
          {"credits", std::to_string(shared_.settings.window_frames)},
          {"memory", eal_memory()},
          {"checksums", traits.checksums ? "port" : "software IP checksum"},
          {"receive_interrupts", events ? "yes" : "no"},
          {"wait", events ? "receive interrupts" : "spin only: " + traits.driver + " has no receive interrupts"}};
}

}  // namespace xover
