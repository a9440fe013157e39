// A world with a clock: what may happen gets the moment at which it does, by the costs of links, memory, CPUs and
// wake-ups. Deterministic: the same calls give the same times. Nothing here is thread-safe, reads a clock or waits;
// Simulation has the lock.
//
// How the times come about:
//   Each adapter is used by one thread of its host. post(), a result that is polled, spend(), registration keep that
//     thread busy, one after the other, on the first CPU of the host that is free. What it posts happens when it is
//     done with what it did before; what arrived meanwhile it finds then. Who was idle when a result came is woken up.
//   The link of each host carries one message at a time, in the order in which they begin, but for those of one packet,
//     which go in between. A message arrives a latency after its last byte left, its result comes a latency later. A
//     read is asked for by a message without length, then the peer's link carries its bytes; they are sampled when the
//     last one leaves.
//   Copies of one host wait for each other, and hold their CPU meanwhile.
//   An alarm of an adapter is a moment like others, at which nothing happens but that it is there. It costs nothing
//     and changes no order: others come first at its moment.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "transports/rdma/simulated/busy_time.h"
#include "transports/rdma/simulated/costs.h"
#include "transports/rdma/simulated/world.h"

namespace xover {

struct TimelineCounters {
  std::uint64_t messages = 0;  // sends and writes of this adapter that arrived
  std::uint64_t reads = 0;
  std::uint64_t bytes = 0;  // of both
  std::uint64_t rnr_retries = 0;
  std::uint64_t registrations = 0;
  std::uint64_t failed_registrations = 0;
  std::uint64_t deregistrations = 0;
  std::uint64_t wake_ups = 0;
  std::uint64_t cpu_busy_ns = 0;
  std::uint64_t copied_bytes = 0;  // by spend_copy()
};

class Timeline final : private WorldMemory {
 public:
  // Not 0, which may mean `never` to somebody.
  static constexpr MonotonicNs start_ns = 1'000'000'000;

  explicit Timeline(const SimulationCosts& costs);

  std::size_t attach(LinkRole host, const AdapterShape& shape);
  void detach(std::size_t adapter);
  // `number`: how results name it.
  std::size_t add_queue_pair(std::size_t adapter, std::uint32_t number);
  void remove_queue_pair(std::size_t queue_pair);
  void connect(std::size_t one, std::size_t other);
  void start(std::size_t queue_pair);

  Posted post(std::size_t queue_pair, const WorkRequest& request);
  Posted post_receive(std::size_t queue_pair, std::uint64_t id, const LocalPiece& piece);
  void disconnect(std::size_t queue_pair);
  void fail(std::size_t queue_pair);
  const WorldQueuePair& state(std::size_t queue_pair) const { return world_.queue_pair(queue_pair); }

  // Costs nothing: for memory that is made before anything is timed.
  std::uint32_t register_for_good(std::size_t adapter, std::span<std::byte> memory, RemoteAccess access);
  void deregister_for_good(std::size_t adapter, std::uint32_t key);
  std::optional<std::uint32_t> register_memory(std::size_t adapter, std::span<std::byte> memory, RemoteAccess access);
  bool deregister(std::size_t adapter, std::uint32_t key);

  void spend(std::size_t adapter, std::int64_t duration_ns);
  void spend_copy(std::size_t adapter, std::uint64_t size_bytes);
  void wake_at(std::size_t adapter, std::optional<MonotonicNs> time_ns);  // none: never

  bool ready(std::size_t adapter) const;  // poll() has something: a result, and a thread that is not busy
  bool any_ready() const;
  std::size_t poll(std::size_t adapter, std::span<WorkResult> out);

  MonotonicNs now_ns() const { return now_ns_; }
  MonotonicNs now_ns(std::size_t adapter) const {
    return std::max(now_ns_, threads_[adapter].free_ns);
  }  // its thread's
  struct Next {
    MonotonicNs time_ns = 0;
    bool timer = false;  // somebody waits for time to pass, rather than for work to be done
  };
  std::optional<Next> next();
  bool step();                          // goes on to the next event; false: there is none
  void pass(std::int64_t duration_ns);  // time in which nothing happens; never beyond the next event

  const TimelineCounters& counters(std::size_t adapter) const { return threads_[adapter].counters; }

 private:
  enum class Kind : std::uint8_t { begin, deliver, serve, sample, complete, notice, thread, alarm };
  static constexpr std::size_t pair_kinds = 6;  // the first are a queue pair's, the others an adapter's

  struct Event {
    MonotonicNs time_ns = 0;
    std::uint32_t tie = 0;  // who comes first of those that happen at the same time
    std::uint64_t number = 0;
    Kind kind = Kind::begin;
    std::uint16_t index = 0;  // of the queue pair or of the adapter

    bool later_than(const Event& other) const {
      if (time_ns != other.time_ns) return time_ns > other.time_ns;
      return tie != other.tie ? tie > other.tie : number > other.number;
    }
  };
  struct Plan {
    std::uint64_t number = 0;  // of the event; 0: none
    MonotonicNs time_ns = 0;
  };
  // Of one request, beside the world's.
  struct Timing {
    MonotonicNs posted_ns = 0;
    MonotonicNs ready_ns = 0;  // when the next thing happens to it
    bool begun = false;        // it is in the hands of the card
    bool served = false;       // a read whose bytes are on the link
  };
  struct Pair {
    std::uint32_t number = 0;
    std::deque<Timing> timings;
    MonotonicNs last_arrival_ns = 0;
    std::array<Plan, pair_kinds> plans{};
  };
  struct Thread {
    std::size_t host = 0;
    MonotonicNs free_ns = 0;
    Plan plan, alarm;
    std::int64_t posts = 0;
    std::int64_t registrations = 0;
    TimelineCounters counters;
  };
  struct Host {
    BusyCpus cpus;
    BusyMemory memory;
    MonotonicNs link_free_ns = 0;
  };

  void read(std::size_t adapter, std::uint64_t address, std::span<std::byte> to) noexcept override;
  void write(std::size_t adapter, std::uint64_t address, std::span<const std::byte> from) noexcept override;

  void plan(std::size_t queue_pair);
  void plan_with_peer(std::size_t queue_pair);
  void set(Plan& plan, Kind kind, std::size_t index, std::optional<MonotonicNs> time_ns);
  std::optional<MonotonicNs> begin_time(std::size_t queue_pair) const;
  std::optional<MonotonicNs> subject_time(std::size_t queue_pair, Choice::Kind kind) const;
  std::optional<MonotonicNs> notice_time(std::size_t queue_pair) const;
  bool is_timer(const Event& event) const;
  const Plan& plan_of(const Event& event) const;

  void happen(const Event& event);
  void begin(std::size_t queue_pair);
  void deliver(std::size_t queue_pair);
  void serve(std::size_t queue_pair);
  void sample(std::size_t queue_pair);
  void take(Choice::Kind kind, std::size_t queue_pair);
  void wake(std::size_t adapter);
  MonotonicNs carry(std::size_t host, std::uint64_t size_bytes);  // returns when the last byte has left
  MonotonicNs arrival(MonotonicNs left_ns);

  bool fault_happens(const Thread& thread, std::int64_t count, SimulatedFault fault) const;
  void inject(std::size_t queue_pair, Timing& timing);
  void hold_cpu(std::size_t adapter, std::size_t cpu, MonotonicNs from_ns, MonotonicNs until_ns);

  SimulationCosts costs_;
  World world_;
  MonotonicNs now_ns_ = start_ns;
  std::mt19937_64 random_;
  std::uint64_t last_number_ = 0;
  std::vector<Event> events_;  // a heap, the earliest on top; those that are no longer planned among them
  std::vector<Pair> pairs_;
  std::vector<Thread> threads_;  // by adapter
  std::array<Host, 2> hosts_;
};

}  // namespace xover
