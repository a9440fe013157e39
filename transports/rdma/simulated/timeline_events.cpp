// When things happen. After whatever touched a queue pair, its next event of each kind is planned anew; an event that
// was planned and no longer is stays in the heap until its turn, and is then passed over.
#include <algorithm>
#include <cassert>

#include "transports/rdma/simulated/timeline.h"

namespace xover {

namespace {

constexpr auto later_first = [](const auto& one, const auto& other) { return one.later_than(other); };

}  // namespace

const Timeline::Plan& Timeline::plan_of(const Event& event) const {
  if (event.kind == Kind::thread) return threads_[event.index].plan;
  if (event.kind == Kind::alarm) return threads_[event.index].alarm;
  return pairs_[event.index].plans[static_cast<std::size_t>(event.kind)];
}

void Timeline::set(Plan& plan, Kind kind, std::size_t index, std::optional<MonotonicNs> time_ns) {
  if (!time_ns) {
    plan = {};
    return;
  }
  if (plan.number != 0 && plan.time_ns == *time_ns) return;
  plan = {++last_number_, *time_ns};
  std::uint32_t tie = UINT32_MAX;
  if (kind != Kind::alarm) tie = costs_.seed == 0 ? 0U : static_cast<std::uint32_t>(random_());
  events_.push_back({*time_ns, tie, last_number_, kind, static_cast<std::uint16_t>(index)});
  std::push_heap(events_.begin(), events_.end(), later_first);
}

void Timeline::plan(std::size_t queue_pair) {
  Pair& pair = pairs_[queue_pair];
  while (pair.timings.size() > world_.queue_pair(queue_pair).requests.size()) pair.timings.pop_front();
  const auto set_kind = [&](Kind kind, std::optional<MonotonicNs> time_ns) {
    set(pair.plans[static_cast<std::size_t>(kind)], kind, queue_pair, time_ns);
  };
  set_kind(Kind::begin, begin_time(queue_pair));
  const auto arrives = subject_time(queue_pair, Choice::Kind::arrive);
  set_kind(Kind::deliver, arrives ? arrives : subject_time(queue_pair, Choice::Kind::retry));
  const auto read = world_.subject({Choice::Kind::sample, static_cast<std::uint16_t>(queue_pair)});
  const bool served = read && pair.timings[*read].served;
  const auto read_ns = subject_time(queue_pair, Choice::Kind::sample);
  set_kind(Kind::serve, served ? std::nullopt : read_ns);
  set_kind(Kind::sample, served ? read_ns : std::nullopt);
  set_kind(Kind::complete, subject_time(queue_pair, Choice::Kind::complete));
  set_kind(Kind::notice, notice_time(queue_pair));
}

void Timeline::plan_with_peer(std::size_t queue_pair) {
  plan(queue_pair);
  if (const auto peer = world_.queue_pair(queue_pair).peer) plan(*peer);
}

// The card takes up what was posted in order, and waits at a fence and for a read that would be one too many.
std::optional<MonotonicNs> Timeline::begin_time(std::size_t queue_pair) const {
  const WorldQueuePair& state = world_.queue_pair(queue_pair);
  if (!state.started || state.ending != WorldEnding::none) return std::nullopt;
  const auto& timings = pairs_[queue_pair].timings;
  std::size_t next = 0, reads = 0;
  for (; next < timings.size() && timings[next].begun; ++next) reads += state.requests[next].work == Work::read ? 1 : 0;
  if (next == timings.size()) return std::nullopt;
  const WorldRequest& request = state.requests[next];
  if (request.fenced && reads > 0) return std::nullopt;
  if (request.work == Work::read && reads >= world_.adapter(state.adapter).shape.max_reads) return std::nullopt;
  return std::max(now_ns_, timings[next].posted_ns);
}

std::optional<MonotonicNs> Timeline::subject_time(std::size_t queue_pair, Choice::Kind kind) const {
  const auto subject = world_.subject({kind, static_cast<std::uint16_t>(queue_pair)});
  if (!subject) return std::nullopt;
  const Timing& timing = pairs_[queue_pair].timings[*subject];
  if (!timing.begun) return std::nullopt;
  return std::max(now_ns_, timing.ready_ns);
}

// The word of a peer comes at once, its silence is noticed when retries have run out.
std::optional<MonotonicNs> Timeline::notice_time(std::size_t queue_pair) const {
  if (!world_.possible({Choice::Kind::notice, static_cast<std::uint16_t>(queue_pair)})) return std::nullopt;
  const Plan& planned = pairs_[queue_pair].plans[static_cast<std::size_t>(Kind::notice)];
  if (planned.number != 0) return planned.time_ns;
  const WorldEnding news = world_.queue_pair(queue_pair).news;
  const bool silence = news == WorldEnding::peer_died || news == WorldEnding::dropped;
  return now_ns_ + (silence ? costs_.lost_ns : costs_.latency_ns);
}

bool Timeline::is_timer(const Event& event) const {
  if (event.kind == Kind::thread) return false;
  if (event.kind == Kind::alarm) return true;
  const WorldQueuePair& state = world_.queue_pair(event.index);
  if (event.kind == Kind::deliver) return state.attempts > 0;
  return event.kind == Kind::notice && (state.news == WorldEnding::peer_died || state.news == WorldEnding::dropped);
}

std::optional<Timeline::Next> Timeline::next() {
  while (!events_.empty() && plan_of(events_.front()).number != events_.front().number) {
    std::pop_heap(events_.begin(), events_.end(), later_first);
    events_.pop_back();
  }
  if (events_.empty()) return std::nullopt;
  return Next{events_.front().time_ns, is_timer(events_.front())};
}

bool Timeline::step() {
  if (!next()) return false;
  const Event event = events_.front();
  std::pop_heap(events_.begin(), events_.end(), later_first);
  events_.pop_back();
  now_ns_ = std::max(now_ns_, event.time_ns);
  happen(event);
  return true;
}

void Timeline::pass(std::int64_t duration_ns) {
  const MonotonicNs then_ns = now_ns_ + std::max<std::int64_t>(0, duration_ns);
  const auto planned = next();
  now_ns_ = planned ? std::min(then_ns, planned->time_ns) : then_ns;
}

void Timeline::happen(const Event& event) {
  if (event.kind == Kind::thread || event.kind == Kind::alarm) {
    Thread& thread = threads_[event.index];
    (event.kind == Kind::thread ? thread.plan : thread.alarm) = {};
    return;
  }
  const std::size_t queue_pair = event.index;
  pairs_[queue_pair].plans[static_cast<std::size_t>(event.kind)] = {};
  switch (event.kind) {
    case Kind::begin: begin(queue_pair); break;
    case Kind::deliver: deliver(queue_pair); break;
    case Kind::serve: serve(queue_pair); break;
    case Kind::sample: sample(queue_pair); break;
    case Kind::complete: take(Choice::Kind::complete, queue_pair); break;
    case Kind::notice: take(Choice::Kind::notice, queue_pair); break;
    case Kind::thread:
    case Kind::alarm: break;
  }
  plan_with_peer(queue_pair);
}

// The packets of several messages take turns: what fits into one packet waits for the one that is under way at most,
// and makes everything behind it later by its own time.
MonotonicNs Timeline::carry(std::size_t host, std::uint64_t size_bytes) {
  const MonotonicNs own_ns = costs_.link_time_ns(size_bytes);
  const MonotonicNs begin_ns = std::max(now_ns_, hosts_[host].link_free_ns);
  hosts_[host].link_free_ns = begin_ns + own_ns;
  if (size_bytes > packet_bytes) return begin_ns + own_ns;
  return std::min(begin_ns, now_ns_ + costs_.link_time_ns(packet_bytes)) + own_ns;
}

MonotonicNs Timeline::arrival(MonotonicNs left_ns) {
  const auto range = static_cast<std::uint64_t>(costs_.jitter_ns) + 1;
  return left_ns + costs_.latency_ns + (range > 1 ? static_cast<std::int64_t>(random_() % range) : 0);
}

void Timeline::begin(std::size_t queue_pair) {
  Pair& pair = pairs_[queue_pair];
  const auto next =
      std::find_if(pair.timings.begin(), pair.timings.end(), [](const auto& each) { return !each.begun; });
  const WorldQueuePair& state = world_.queue_pair(queue_pair);
  const WorldRequest& request = state.requests[static_cast<std::size_t>(next - pair.timings.begin())];
  next->begun = true;
  if (request.work == Work::read) {
    next->ready_ns = arrival(now_ns_);
    return;
  }
  const MonotonicNs left_ns = carry(threads_[state.adapter].host, request.size_bytes());
  pair.last_arrival_ns = next->ready_ns = std::max(pair.last_arrival_ns, arrival(left_ns));
}

void Timeline::deliver(std::size_t queue_pair) {
  Pair& pair = pairs_[queue_pair];
  const auto index = static_cast<std::uint16_t>(queue_pair);
  const auto arriving = world_.subject({Choice::Kind::arrive, index});
  const std::size_t subject = arriving ? *arriving : *world_.subject({Choice::Kind::retry, index});
  TimelineCounters& counters = threads_[world_.queue_pair(queue_pair).adapter].counters;
  if (arriving) {
    ++counters.messages;
    counters.bytes += world_.queue_pair(queue_pair).requests[subject].size_bytes();
    pair.timings[subject].ready_ns = arrival(now_ns_);
    take(Choice::Kind::arrive, queue_pair);
    return;
  }
  ++counters.rnr_retries;
  pair.timings[subject].ready_ns = now_ns_ + costs_.rnr_wait_ns;
  take(Choice::Kind::retry, queue_pair);
}

void Timeline::serve(std::size_t queue_pair) {
  const std::size_t subject = *world_.subject({Choice::Kind::sample, static_cast<std::uint16_t>(queue_pair)});
  const WorldQueuePair& state = world_.queue_pair(queue_pair);
  const std::size_t peer_host = threads_[world_.queue_pair(*state.peer).adapter].host;
  Timing& timing = pairs_[queue_pair].timings[subject];
  timing.served = true;
  timing.ready_ns = carry(peer_host, state.requests[subject].size_bytes());
}

void Timeline::sample(std::size_t queue_pair) {
  const std::size_t subject = *world_.subject({Choice::Kind::sample, static_cast<std::uint16_t>(queue_pair)});
  const WorldQueuePair& state = world_.queue_pair(queue_pair);
  TimelineCounters& counters = threads_[state.adapter].counters;
  ++counters.reads;
  counters.bytes += state.requests[subject].size_bytes();
  pairs_[queue_pair].timings[subject].ready_ns = arrival(now_ns_);
  take(Choice::Kind::sample, queue_pair);
}

// Whoever has a result now and slept is woken up.
void Timeline::take(Choice::Kind kind, std::size_t queue_pair) {
  const WorldQueuePair& state = world_.queue_pair(queue_pair);
  const std::size_t adapter = state.adapter, peer = state.peer ? world_.queue_pair(*state.peer).adapter : adapter;
  const std::size_t results = world_.adapter(adapter).results.size();
  const std::size_t peer_results = world_.adapter(peer).results.size();
  world_.take({kind, static_cast<std::uint16_t>(queue_pair)}, *this);
  if (world_.adapter(adapter).results.size() > results) wake(adapter);
  if (peer != adapter && world_.adapter(peer).results.size() > peer_results) wake(peer);
}

void Timeline::wake(std::size_t adapter) {
  Thread& thread = threads_[adapter];
  if (costs_.wake_ns <= 0 || thread.free_ns >= now_ns_) return;
  ++thread.counters.wake_ups;
  spend(adapter, costs_.wake_ns);
}

bool Timeline::fault_happens(const Thread& thread, std::int64_t count, SimulatedFault fault) const {
  const std::size_t host = costs_.fault_end == LinkRole::sender ? 0 : 1;
  return costs_.fault == fault && thread.host == host && count == costs_.fault_at;
}

void Timeline::inject(std::size_t queue_pair, Timing& timing) {
  const std::size_t adapter = world_.queue_pair(queue_pair).adapter;
  const Thread& thread = threads_[adapter];
  if (fault_happens(thread, thread.posts, SimulatedFault::delay)) timing.posted_ns += costs_.fault_by * 1000;
  if (fault_happens(thread, thread.posts, SimulatedFault::rnr))
    world_.make_deaf(queue_pair, static_cast<std::uint32_t>(costs_.fault_by));
  if (fault_happens(thread, thread.posts, SimulatedFault::drop)) world_.drop(queue_pair);
  if (!fault_happens(thread, thread.posts, SimulatedFault::kill)) return;
  world_.kill(adapter);
  for (std::size_t i = 0; i < pairs_.size(); ++i)
    if (world_.queue_pair(i).used) plan(i);
}

}  // namespace xover
