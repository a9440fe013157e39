// One ring, and who is asked to fill it and what it is emptied for.
#include "transports/uring/uring_session.h"

#include <algorithm>
#include <utility>

namespace xover {

namespace {

constexpr MonotonicNs longest_wait_ns = 1'000'000'000;
constexpr MonotonicNs short_wait_ns = 1'000'000;  // where no entry will tell when there is something to do
constexpr MonotonicNs end_bound_ns = 2'000'000'000;

}  // namespace

// From another thread than the one that used the ring nothing can be waited for. Then the ring's own end cancels what
// is left: the sockets are disconnected, so nothing touches lent memory any more.
UringSession::~UringSession() {
  for (const auto& channel : channels_) channel->begin_end();
  if (!ring_->may_enter()) return;
  for (const MonotonicNs bound = monotonic_now_ns() + end_bound_ns; !all_dead() && monotonic_now_ns() < bound;) {
    pump();
    keep_sigpipe_off();
    if (ring_->wait(short_wait_ns) < 0) break;
    drain();
    pump();
  }
}

Result<std::string> UringSession::listen() { return udp_ ? udp_->listen() : tcp_->listen(limits_.max_channels); }

Result<Channel*> UringSession::accept(MonotonicNs deadline) {
  if (auto room = room_for_channel("accept"); !room) return tl::make_unexpected(room.error());
  return adopt(udp_ ? udp_->accept(deadline) : tcp_->accept(deadline));
}

Result<Channel*> UringSession::connect(const std::string& address, MonotonicNs deadline) {
  if (auto room = room_for_channel("connect"); !room) return tl::make_unexpected(room.error());
  return adopt(udp_ ? udp_->connect(address, deadline) : tcp_->connect(address, deadline));
}

Result<void> UringSession::room_for_channel(const char* operation) const {
  return xover::room_for_channel(channels_.size(), limits_.max_channels, operation);
}

Result<Channel*> UringSession::adopt(Result<FileDescriptor> socket) {
  if (!socket) return tl::make_unexpected(socket.error());
  const auto index = static_cast<std::uint32_t>(channels_.size());
  if (auto done = ring_->set_file(index, socket->get()); !done) return tl::make_unexpected(done.error());
  channels_.push_back(std::make_unique<UringChannel>(shared_, index, std::move(*socket)));
  return channels_.back().get();
}

Result<std::vector<Segment>> UringSession::arena(std::size_t size_bytes) {
  if (fixed_) return fixed_->arena(size_bytes, pages_);
  return add_arena(arenas_, size_bytes, pages_);
}

// --- data plane

// While completions are ready the call into the kernel can wait: what is submitted meanwhile goes with it. Once only,
// so that a caller who never empties the queue cannot keep others from sending.
std::size_t UringSession::reap(std::span<Completion> out) noexcept {
  auto& ready = shared_.completions;
  drain();
  pump();
  const bool can_wait = !ready.empty() && !out.empty();
  const bool wanted = ring_->has_sqes() || ring_->has_work();
  if (wanted && (!can_wait || put_off_)) {
    enter();
    drain();
    pump();
  } else {
    put_off_ = wanted;
  }
  std::size_t count = 0;
  for (; count < out.size() && !ready.empty(); ++count) {
    Completion& completion = ready.front();
    if (completion.moments.has(Moment::released)) channels_[completion.channel]->released_was_reaped();
    out[count] = std::move(completion);
    ready.pop();
  }
  return count;
}

void UringSession::wait(MonotonicNs deadline) noexcept {
  if (!shared_.completions.empty()) return;
  drain();
  pump();
  if (!shared_.completions.empty()) return;
  MonotonicNs longest = std::min(deadline - monotonic_now_ns(), longest_wait_ns);
  for (const auto& channel : channels_) {
    if (channel->wants_time()) longest = std::min(longest, short_wait_ns);
  }
  keep_sigpipe_off();
  entered(ring_->wait(std::max<MonotonicNs>(longest, 0)));
  drain();
  pump();
}

void UringSession::drain() noexcept {
  ++shared_.drain;
  ring_->drain([this](std::uint64_t user_data, int result, unsigned flags) {
    const RequestName name = RequestName::unpack(user_data);
    channels_[name.channel]->take_entry(name, result, flags);
  });
}

// A channel that finds no room makes the others' entries go first, and is asked once more.
void UringSession::pump() noexcept {
  for (const auto& channel : channels_) {
    if (channel->progress()) continue;
    enter();
    channel->progress();
  }
}

void UringSession::enter() noexcept {
  keep_sigpipe_off();
  entered(ring_->enter());
}

void UringSession::keep_sigpipe_off() noexcept {
  if (shared_.settings.path == UringPath::write_fixed) sigpipe_.begin();
}

void UringSession::entered(int result) noexcept {
  put_off_ = false;
  shared_.budget = shared_.settings.ops_per_enter;
  if (result >= 0) return;
  for (const auto& channel : channels_) channel->die(failure_of_errno(-result, "io_uring_enter"));
}

bool UringSession::all_dead() const noexcept {
  return std::all_of(channels_.begin(), channels_.end(), [](const auto& channel) { return channel->dead(); });
}

// --- telling

std::vector<Counter> UringSession::counters() const {
  const RingCounters& ring = ring_->counters();
  std::vector<Counter> list{
      {"enters", ring.enters}, {"sqes", ring.sqes}, {"cqes", ring.cqes}, {"overflows", ring.overflows}};
  shared_.counters.append_to(list);
  if (udp_) list.push_back({"hello_retries", udp_->hello_retries()});
  list.push_back({"strangers", udp_ ? udp_->strangers() : tcp_->strangers()});
  if (fixed_) fixed_->append_to(list);
  return list;
}

std::vector<Fact> UringSession::facts() const {
  int fd = -1;
  for (const auto& channel : channels_) {
    if (fd < 0) fd = channel->fd();
  }
  std::vector<Fact> facts = udp_ ? udp_->facts(fd) : tcp_->facts(fd);
  ring_->append_facts(facts);
  facts.push_back({"receive", shared_.settings.multishot ? "multishot" : "posted"});
  if (provided_) facts.push_back({"provided_buffers", std::to_string(provided_->count())});
  if (fixed_) facts.push_back({"gathers_registered", shared_.settings.gathers_fixed ? "yes" : "no"});
  return facts;
}

}  // namespace xover
