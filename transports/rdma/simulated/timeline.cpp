// What an adapter's thread does: it posts, polls, registers, copies, and is busy with it.
#include "transports/rdma/simulated/timeline.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace xover {

namespace {

constexpr std::uint64_t page_bytes = 4096;

std::uint64_t address_of(const std::byte* data) { return reinterpret_cast<std::uint64_t>(data); }

std::int64_t pages_in(std::uint64_t address, std::uint64_t size_bytes) {
  const std::uint64_t first = address / page_bytes, behind = (address + size_bytes + page_bytes - 1) / page_bytes;
  return static_cast<std::int64_t>(behind - first);
}

WorldRequest world_request(const WorkRequest& request) {
  WorldRequest posted{.id = request.id,
                      .work = request.work,
                      .remote = request.remote,
                      .immediate = request.immediate,
                      .inline_data = request.inline_data,
                      .fenced = request.fenced,
                      .signalled = request.signalled};
  for (const LocalPiece& piece : request.pieces) {
    if (request.inline_data) {
      posted.bytes.insert(posted.bytes.end(), piece.data, piece.data + piece.size_bytes);
    } else {
      posted.pieces[posted.piece_count++] = {address_of(piece.data), piece.size_bytes, piece.key};
    }
  }
  return posted;
}

}  // namespace

Timeline::Timeline(const SimulationCosts& costs)
    : costs_(costs),
      random_(costs.seed),
      hosts_{Host{BusyCpus(static_cast<std::size_t>(costs.cpus)), {}, 0},
             Host{BusyCpus(static_cast<std::size_t>(costs.cpus)), {}, 0}} {}

std::size_t Timeline::attach(LinkRole host, const AdapterShape& shape) {
  const std::size_t adapter = world_.add_adapter(shape);
  threads_.resize(world_.adapter_count());
  threads_[adapter] = {.host = host == LinkRole::sender ? 0U : 1U, .free_ns = now_ns_};
  return adapter;
}

void Timeline::detach(std::size_t adapter) {
  world_.remove_adapter(adapter);
  threads_[adapter] = {};
}

std::size_t Timeline::add_queue_pair(std::size_t adapter, std::uint32_t number) {
  const std::size_t queue_pair = world_.add_queue_pair(adapter);
  pairs_.resize(world_.queue_pair_count());
  pairs_[queue_pair] = {};
  pairs_[queue_pair].number = number;
  return queue_pair;
}

void Timeline::remove_queue_pair(std::size_t queue_pair) {
  const auto peer = world_.queue_pair(queue_pair).peer;
  world_.remove_queue_pair(queue_pair);
  plan(queue_pair);
  if (peer) plan(*peer);
}

void Timeline::connect(std::size_t one, std::size_t other) {
  world_.connect(one, other);
  plan_with_peer(one);
}

void Timeline::start(std::size_t queue_pair) {
  world_.start(queue_pair);
  plan_with_peer(queue_pair);
}

Posted Timeline::post(std::size_t queue_pair, const WorkRequest& request) {
  const Posted posted = world_.post(queue_pair, world_request(request));
  if (posted != Posted::ok) return posted;
  const std::size_t adapter = world_.queue_pair(queue_pair).adapter;
  Thread& thread = threads_[adapter];
  spend(adapter, costs_.post_ns);
  Timing& timing = pairs_[queue_pair].timings.emplace_back();
  timing.posted_ns = std::max(now_ns_, thread.free_ns);
  ++thread.posts;
  inject(queue_pair, timing);
  plan_with_peer(queue_pair);
  return Posted::ok;
}

Posted Timeline::post_receive(std::size_t queue_pair, std::uint64_t id, const LocalPiece& piece) {
  return world_.post_receive(queue_pair, {id, {address_of(piece.data), piece.size_bytes, piece.key}});
}

void Timeline::disconnect(std::size_t queue_pair) {
  world_.disconnect(queue_pair);
  plan_with_peer(queue_pair);
}

void Timeline::fail(std::size_t queue_pair) {
  world_.fail(queue_pair);
  plan_with_peer(queue_pair);
}

std::uint32_t Timeline::register_for_good(std::size_t adapter, std::span<std::byte> memory, RemoteAccess access) {
  return *world_.register_memory(adapter, address_of(memory.data()), memory.size(), access);
}

void Timeline::deregister_for_good(std::size_t adapter, std::uint32_t key) { world_.deregister(adapter, key); }

std::optional<std::uint32_t> Timeline::register_memory(std::size_t adapter, std::span<std::byte> memory,
                                                       RemoteAccess access) {
  Thread& thread = threads_[adapter];
  const std::int64_t pages = pages_in(address_of(memory.data()), memory.size());
  spend(adapter, costs_.pin_ns + pages * costs_.pin_page_ns + costs_.map_ns);
  ++thread.registrations;
  if (fault_happens(thread, thread.registrations, SimulatedFault::registration)) {
    ++thread.counters.failed_registrations;
    return std::nullopt;
  }
  ++thread.counters.registrations;
  return register_for_good(adapter, memory, access);
}

bool Timeline::deregister(std::size_t adapter, std::uint32_t key) {
  const auto size_bytes = world_.region_bytes(adapter, key);
  if (!size_bytes) return false;
  spend(adapter, costs_.unpin_ns + pages_in(0, *size_bytes) * costs_.unpin_page_ns);
  ++threads_[adapter].counters.deregistrations;
  return world_.deregister(adapter, key);
}

void Timeline::hold_cpu(std::size_t adapter, std::size_t cpu, MonotonicNs from_ns, MonotonicNs until_ns) {
  Thread& thread = threads_[adapter];
  hosts_[thread.host].cpus.hold(cpu, until_ns);
  thread.counters.cpu_busy_ns += static_cast<std::uint64_t>(until_ns - from_ns);
  thread.free_ns = until_ns;
  set(thread.plan, Kind::thread, adapter, until_ns);
}

void Timeline::spend(std::size_t adapter, std::int64_t duration_ns) {
  if (duration_ns <= 0) return;
  const Thread& thread = threads_[adapter];
  const BusyCpus& cpus = hosts_[thread.host].cpus;
  const MonotonicNs earliest_ns = std::max(now_ns_, thread.free_ns);
  const std::size_t cpu = cpus.choose(earliest_ns);
  const MonotonicNs from_ns = std::max(earliest_ns, cpus.free_ns(cpu));
  hold_cpu(adapter, cpu, from_ns, from_ns + duration_ns);
}

// Who waits for the memory waits on a CPU, as for a cache line that does not come.
void Timeline::spend_copy(std::size_t adapter, std::uint64_t size_bytes) {
  if (size_bytes == 0) return;
  Thread& thread = threads_[adapter];
  Host& host = hosts_[thread.host];
  const MonotonicNs earliest_ns = std::max(now_ns_, thread.free_ns);
  const std::size_t cpu = host.cpus.choose(earliest_ns);
  const MonotonicNs from_ns = std::max(earliest_ns, host.cpus.free_ns(cpu));
  const std::int64_t duration_ns = costs_.copy_time_ns(size_bytes);
  const MonotonicNs copies_ns = host.memory.reserve(now_ns_, from_ns, duration_ns);
  thread.counters.copied_bytes += size_bytes;
  hold_cpu(adapter, cpu, from_ns, copies_ns + duration_ns);
}

void Timeline::wake_at(std::size_t adapter, std::optional<MonotonicNs> time_ns) {
  if (time_ns) time_ns = std::max(now_ns_, *time_ns);
  set(threads_[adapter].alarm, Kind::alarm, adapter, time_ns);
}

bool Timeline::ready(std::size_t adapter) const {
  return threads_[adapter].free_ns <= now_ns_ && !world_.adapter(adapter).results.empty();
}

bool Timeline::any_ready() const {
  for (std::size_t i = 0; i < threads_.size(); ++i)
    if (world_.adapter(i).used && ready(i)) return true;
  return false;
}

std::size_t Timeline::poll(std::size_t adapter, std::span<WorkResult> out) {
  if (!ready(adapter)) return 0;
  const std::size_t count = world_.poll(adapter, out);
  for (WorkResult& result : out.first(count)) result.queue_pair = pairs_[result.queue_pair].number;
  spend(adapter, static_cast<std::int64_t>(count) * costs_.result_ns);
  return count;
}

void Timeline::read(std::size_t, std::uint64_t address, std::span<std::byte> to) noexcept {
  std::memcpy(to.data(), reinterpret_cast<const std::byte*>(address), to.size());
}

void Timeline::write(std::size_t, std::uint64_t address, std::span<const std::byte> from) noexcept {
  std::memcpy(reinterpret_cast<std::byte*>(address), from.data(), from.size());
}

}  // namespace xover
