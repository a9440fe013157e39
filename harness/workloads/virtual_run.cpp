// Connecting, the loop around the clock, and the reports.
#include "harness/workloads/virtual_run.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/workloads/virtual_end.h"

namespace xover {

namespace {

constexpr std::int64_t connect_bound_ns = 5'000'000'000;
constexpr std::int64_t drain_bound_ns = 10'000'000'000;  // virtual
constexpr std::string_view operation = "run in virtual time";

// Both ends of a connection, and how far its workload is.
struct VirtualConnection {
  VirtualEnd receiver, sender;
  MonotonicNs asked_ns = 0;       // pingpong: when the question under way was sent
  std::uint64_t echoes_owed = 0;  // pingpong: by the receiver
  bool awaits_echo = false;       // pingpong: by the sender

  bool done(Workload workload) const {
    if (sender.in_flight() > 0 || receiver.in_flight() > 0) return false;
    return workload == Workload::pingpong ? !awaits_echo : receiver.arrived_messages() >= sender.sent_messages();
  }
};

// True when anything moved.
bool step_stream(VirtualConnection& connection, bool sending, std::size_t depth, MonotonicNs now) {
  const bool received = connection.receiver.turn(now).progressed;
  const bool released = connection.sender.turn(now).progressed;
  const bool lent = sending && connection.sender.lend(depth, now);
  return received || released || lent;
}

bool step_pingpong(VirtualConnection& connection, bool sending, MonotonicNs now) {
  const VirtualEnd::Turn asked = connection.receiver.turn(now);
  connection.echoes_owed += asked.arrived_messages;
  bool moved = asked.progressed;
  if (connection.echoes_owed > 0 && connection.receiver.lend(1, now)) {
    --connection.echoes_owed;
    moved = true;
  }
  const VirtualEnd::Turn answered = connection.sender.turn(now);
  moved = moved || answered.progressed;
  if (answered.arrived_messages > 0) {
    connection.sender.record_latency(now - connection.asked_ns);
    connection.awaits_echo = false;
  }
  if (sending && !connection.awaits_echo && connection.sender.lend(1, now)) {
    connection.asked_ns = now;
    connection.awaits_echo = moved = true;
  }
  return moved;
}

class VirtualRun {
 public:
  explicit VirtualRun(const SampleSpec& spec) : spec_(spec) {}

  Result<Sample> run() {
    if (auto opened = open(); !opened) return tl::make_unexpected(opened.error());
    if (spec_.warmup_ns > 0)
      if (auto warm = phase(spec_.warmup_ns); !warm) return tl::make_unexpected(warm.error());
    if (auto timed = phase(spec_.duration_ns); !timed) return tl::make_unexpected(timed.error());
    return collect();
  }

 private:
  // All sessions before the first connection, so that all of them are in one world.
  Result<void> open() {
    for (unsigned number = 0; number < spec_.point.connections; ++number) {
      auto receiver = VirtualEnd::open(spec_, Role::receiver, number);
      if (!receiver) return tl::make_unexpected(receiver.error());
      auto sender = VirtualEnd::open(spec_, Role::sender, number);
      if (!sender) return tl::make_unexpected(sender.error());
      connections_.push_back({std::move(*receiver), std::move(*sender)});
    }
    if (auto taken = take_clock(); !taken) return taken;
    for (VirtualConnection& connection : connections_)
      if (auto joined = join(connection); !joined) return joined;
    return {};
  }

  // Before the first connection, so that all that happens is in the clock's time; of each session, so that each knows.
  Result<void> take_clock() {
    for (VirtualConnection& connection : connections_) {
      connection.receiver.clock();
      clock_ = connection.sender.clock();
    }
    if (clock_ != nullptr) return {};
    return make_error(ErrorCode::internal, std::string(operation), spec_.variant.text() + " has no virtual clock");
  }

  // The session of a connection's receiver is another thread's until this returns.
  static Result<void> join(VirtualConnection& connection) {
    auto address = connection.receiver.listen();
    if (!address) return tl::make_unexpected(address.error());
    const MonotonicNs deadline = monotonic_now_ns() + connect_bound_ns;
    Result<void> accepted;
    std::thread accepting([&] { accepted = connection.receiver.accept(deadline); });
    auto connected = connection.sender.connect(*address, deadline);
    accepting.join();
    return connected ? accepted : connected;
  }

  Result<void> phase(std::int64_t duration_ns) {
    const MonotonicNs began_ns = clock_->now_ns();
    for (VirtualConnection& connection : connections_) {
      connection.receiver.begin_phase(began_ns);
      connection.sender.begin_phase(began_ns);
    }
    for (std::uint64_t turns = 0;; ++turns) {
      const MonotonicNs now = clock_->now_ns();
      const bool sending = now - began_ns < duration_ns;
      if (!sending && all_done()) return {};
      const bool moved = step_all(sending, now);
      if (const VirtualEnd* failed = failed_end(); failed != nullptr) return tl::make_unexpected(failed->error());
      if (!moved && !clock_->advance()) return stalled();
      if (now - began_ns > duration_ns + drain_bound_ns)
        return make_error(ErrorCode::timed_out, std::string(operation),
                          fmt::format("not all had arrived {} after the last was sent, in virtual time",
                                      format_duration(drain_bound_ns)));
      if (auto affordable = check_real_time(turns); !affordable) return affordable;
    }
  }

  bool step_all(bool sending, MonotonicNs now) {
    const bool pingpong = spec_.point.workload == Workload::pingpong;
    bool moved = false;
    for (VirtualConnection& connection : connections_) {
      const bool this_one =
          pingpong ? step_pingpong(connection, sending, now) : step_stream(connection, sending, spec_.point.depth, now);
      moved = moved || this_one;
    }
    return moved;
  }

  bool all_done() const {
    return std::ranges::all_of(
        connections_, [this](const VirtualConnection& connection) { return connection.done(spec_.point.workload); });
  }

  const VirtualEnd* failed_end() const {
    for (const VirtualConnection& connection : connections_)
      for (const VirtualEnd* end : {&connection.sender, &connection.receiver})
        if (end->failure()) return end;
    return nullptr;
  }

  // No clock will help: a deadlock of the transport.
  tl::unexpected<Error> stalled() const {
    std::uint64_t sent = 0, arrived = 0;
    for (const VirtualConnection& connection : connections_) {
      sent += connection.sender.sent_messages();
      arrived += connection.receiver.arrived_messages();
    }
    return make_error(ErrorCode::timed_out, std::string(operation),
                      fmt::format("nothing is under way, and {} of {} messages have arrived", arrived, sent),
                      "this is a bug of the transport: please report it");
  }

  Result<void> check_real_time(std::uint64_t turns) {
    constexpr std::uint64_t turns_between_looks = 1024;
    if (turns % turns_between_looks != 0 || monotonic_now_ns() < bound_ns_) return {};
    return make_error(ErrorCode::timed_out, std::string(operation),
                      fmt::format("computing {} took more than {} of real time", format_duration(spec_.duration_ns),
                                  format_duration(virtual_run_bound_ns)),
                      "use a shorter --duration");
  }

  Result<Sample> collect() const {
    Sample sample;
    for (const VirtualConnection& connection : connections_) {
      connection.sender.add_to(sample.sender);
      connection.receiver.add_to(sample.receiver);
    }
    if (!sample.sender.ledger.balanced() || !sample.receiver.ledger.balanced())
      return make_error(ErrorCode::internal, "check the ledger", "its classes do not sum to the bytes completed",
                        "this is a bug of the transport: please report it");
    if (sample.sender.messages > 0) return sample;
    return make_error(ErrorCode::timed_out, std::string(operation),
                      fmt::format("not one message of {} in {}", format_size(spec_.point.size_bytes),
                                  format_duration(spec_.duration_ns)),
                      "raise --duration");
  }

  const SampleSpec& spec_;
  std::vector<VirtualConnection> connections_;
  VirtualClock* clock_ = nullptr;
  MonotonicNs bound_ns_ = monotonic_now_ns() + virtual_run_bound_ns;
};

}  // namespace

Result<Sample> run_in_virtual_time(const SampleSpec& spec) { return VirtualRun(spec).run(); }

}  // namespace xover
