// The steps of a sample, seen from the coordinator.
#include "harness/agents/sample_runner.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/units.h"
#include "harness/agents/host_protocol.h"
#include "harness/agents/protocol.h"
#include "harness/experiment/variants_at.h"
#include "harness/links/links.h"
#include "harness/measurement/soakers.h"
#include "harness/workloads/file_directory.h"
#include "harness/workloads/virtual_run.h"
#include "transports/common/socket_address.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr std::int64_t step_bound_ns = 10'000'000'000;
constexpr std::int64_t phase_slack_ns = 12'000'000'000;  // the drains inside have smaller bounds of their own
constexpr std::int64_t common_start_ns = 20'000'000;     // lets both ends be ready for message 0
constexpr std::int64_t cause_bound_ns = 2'000'000'000;
constexpr std::int64_t slow_disk_bytes_per_second = 8 << 20;

// Writing the files that will be served takes as long as the disk needs.
std::int64_t open_bound_ns(const Point& point) {
  if (point.workload != Workload::file) return step_bound_ns;
  const std::uint64_t bytes = std::max(point.pool_bytes, point.size_bytes);  // one file at the least
  return step_bound_ns + static_cast<std::int64_t>(bytes / slow_disk_bytes_per_second) * 1'000'000'000;
}

// What one side sees when the other has failed.
bool is_effect(const Error& error) { return error.code == ErrorCode::peer_died || error.code == ErrorCode::timed_out; }

// `addresses` are those that the receiver listens on: numeric, with the port behind the last colon.
Result<WantedPorts> wanted_ports(const SampleSpec& spec, const std::vector<std::string>& addresses) {
  WantedPorts wanted;
  wanted.udp = sends_datagrams(spec.variant);
  wanted.choice = spec.point.rx_queues == RxQueues::one ? QueueChoice::one : QueueChoice::spread;
  for (const std::string& text : addresses) {
    const auto address = SocketAddress::parse(text);
    if (!address)
      return make_error(ErrorCode::unsupported, "choose ports", spec.variant.id + " has none to choose",
                        "use --rx-queues any");
    const bool v4 = address->version() == IpVersion::v4;
    wanted.source = v4 ? spec.sender_address.ipv4 : spec.sender_address.ipv6;
    wanted.destination = v4 ? spec.receiver_address.ipv4 : spec.receiver_address.ipv6;
    wanted.destination_ports.push_back(static_cast<std::uint16_t>(std::stoul(text.substr(text.rfind(':') + 1))));
  }
  return wanted;
}

// The conversation of one sample.
class SampleCall {
 public:
  SampleCall(AgentPair& agents, const SampleSpec& spec)
      : spec_(spec),
        sender_(agents.sender()),
        receiver_(needs_one_process(spec.variant) ? agents.sender() : agents.receiver()) {}

  Result<Sample> run() {
    if (auto read = read_clocks(); !read) return tl::make_unexpected(read.error());
    if (auto opened = open(); !opened) return tl::make_unexpected(opened.error());
    if (spec_.warmup_ns > 0)
      if (auto warm = phase(1, spec_.warmup_ns); !warm) return tl::make_unexpected(warm.error());
    if (auto timed = phase(2, spec_.duration_ns); !timed) return tl::make_unexpected(timed.error());
    return collect();
  }

 private:
  Result<json> ask_sender(json request, std::int64_t bound_ns = step_bound_ns) {
    request["role"] = "sender";
    return named("sender", sender_.call(request, bound_ns, &receiver_));
  }

  Result<json> ask_receiver(json request, std::int64_t bound_ns = step_bound_ns) {
    request["role"] = "receiver";
    return named("receiver", receiver_.call(request, bound_ns, &sender_));
  }

  // Says whose error it is, unless it speaks of an agent's process already.
  Result<json> named(const char* side, Result<json> reply) {
    if (!reply && reply.error().operation != sender_.name() && reply.error().operation != receiver_.name())
      reply.error().operation = std::string(side) + ": " + reply.error().operation;
    return reply;
  }

  Result<void> read_clocks() {
    for (auto [agent, clock] : {std::pair{&sender_, &sender_clock_}, std::pair{&receiver_, &receiver_clock_}}) {
      auto read = agent->clock();
      if (!read) return tl::make_unexpected(read.error());
      *clock = *read;
    }
    return {};
  }

  // Source ports that make the connections arrive at the queues that the point asks for, by the receiver's own word.
  Result<void> choose_ports(const json& addresses) {
    if (spec_.point.rx_queues == RxQueues::any) return {};
    auto wanted = wanted_ports(spec_, addresses.get<std::vector<std::string>>());
    if (!wanted) return tl::make_unexpected(wanted.error());
    auto chosen = ask_receiver(
        {{"request", "choose_ports"}, {"interface", spec_.receiver_interface}, {"wanted", to_json(*wanted)}});
    if (!chosen) return tl::make_unexpected(chosen.error());
    auto ports = source_ports_from_json(chosen->value("ports", json()));
    if (!ports) return tl::make_unexpected(ports.error());
    spec_.sender_ports = std::move(ports->ports);
    return {};
  }

  Result<void> open() {
    json addresses = json::array();
    if (spec_.has_receiver) {
      auto listening = ask_receiver({{"request", "open_receiver"}, {"spec", to_json(spec_)}});
      if (!listening) return tl::make_unexpected(listening.error());
      addresses = (*listening)["addresses"];
      if (auto chosen = choose_ports(addresses); !chosen) return chosen;
    }
    auto connected = ask_sender({{"request", "open_sender"}, {"spec", to_json(spec_)}, {"addresses", addresses}},
                                open_bound_ns(spec_.point));
    if (!connected) return tl::make_unexpected(connected.error());
    return {};
  }

  Result<void> phase(int number, std::int64_t duration_ns) {
    const MonotonicNs start_ns = monotonic_now_ns() + common_start_ns;
    json order{{"number", number}, {"duration_ns", duration_ns}};
    if (spec_.has_receiver) {
      order["request"] = "start_phase";
      order["start_ns"] = receiver_clock_.theirs(start_ns);
      if (auto started = ask_receiver(order); !started) return tl::make_unexpected(started.error());
    }
    order["request"] = "run_phase";
    order["start_ns"] = sender_clock_.theirs(start_ns);
    auto sent = ask_sender(order, duration_ns + phase_slack_ns);
    if (!sent) return tl::make_unexpected(cause_of(sent.error()));
    if (!spec_.has_receiver) return {};
    auto arrived = ask_receiver({{"request", "finish_phase"}, {"messages", (*sent)["messages"]}}, phase_slack_ns);
    if (!arrived) return tl::make_unexpected(arrived.error());
    return {};
  }

  // The sender is asked first, so it may tell only that the receiver has gone: then the receiver knows why.
  Error cause_of(const Error& seen_by_sender) {
    const bool of_an_agent = seen_by_sender.operation == sender_.name() || seen_by_sender.operation == receiver_.name();
    if (!spec_.has_receiver || of_an_agent || !is_effect(seen_by_sender)) return seen_by_sender;
    auto ended = ask_receiver({{"request", "finish_phase"}, {"messages", json::array()}}, cause_bound_ns);
    return ended || is_effect(ended.error()) ? seen_by_sender : ended.error();
  }

  Result<SideReport> side_report(Result<json> reply) {
    if (!reply) return tl::make_unexpected(reply.error());
    auto report = side_report_from_json(reply->value("report", json()));
    if (report && !report->ledger.balanced())
      return make_error(ErrorCode::internal, "check the ledger", "its classes do not sum to the bytes completed",
                        "this is a bug of the transport: please report it");
    return report;
  }

  // A sample without a message has no figures, and a row of zeros would hide why.
  tl::unexpected<Error> nothing_was_sent(const SideReport& sender) const {
    const auto stalls = sender.counters.find("enobufs_stalls");
    const bool memory_ran_out = stalls != sender.counters.end() && stalls->second > 0;
    const std::string context =
        fmt::format("not one message of {} in {}{}", format_size(spec_.point.size_bytes),
                    format_duration(spec_.duration_ns), memory_ran_out ? ": No buffer space available" : "");
    return make_error(memory_ran_out ? ErrorCode::no_memory : ErrorCode::timed_out, "sender: send", context,
                      memory_ran_out ? "raise the limit of locked memory (ulimit -l, or CAP_IPC_LOCK), then "
                                       "net.core.optmem_max"
                                     : "raise --duration");
  }

  Result<Sample> collect() {
    Sample sample;
    auto sender = side_report(ask_sender({{"request", "report"}}));
    if (!sender) return tl::make_unexpected(sender.error());
    if (sender->messages == 0) return nothing_was_sent(*sender);
    sample.sender = std::move(*sender);
    if (spec_.has_receiver) {
      auto receiver = side_report(ask_receiver({{"request", "report"}}));
      if (!receiver) return tl::make_unexpected(receiver.error());
      sample.receiver = std::move(*receiver);
      if (sample.receiver.messages < sample.sender.messages)
        sample.receiver.lost_messages = sample.sender.messages - sample.receiver.messages;
    }
    if (auto closed = close(); !closed) return tl::make_unexpected(closed.error());
    put_on_one_clock(sample);
    settle_cpu(sample);
    return sample;
  }

  // The sender first: with its end it says what it has taken of the receiver's requests and answers, for which a
  // receiver that lends their memory would wait.
  Result<void> close() {
    if (auto closed = ask_sender({{"request", "close_sample"}}); !closed) return tl::make_unexpected(closed.error());
    if (!spec_.has_receiver) return {};
    if (auto closed = ask_receiver({{"request", "close_sample"}}); !closed) return tl::make_unexpected(closed.error());
    return {};
  }

  void put_on_one_clock(Sample& sample) const {
    for (auto [side, clock] :
         {std::pair{&sample.sender, &sender_clock_}, std::pair{&sample.receiver, &receiver_clock_}}) {
      if (side->first_ns != 0) side->first_ns = clock->ours(side->first_ns);
      if (side->last_ns != 0) side->last_ns = clock->ours(side->last_ns);
    }
    sample.clock_uncertainty_ns = sender_clock_.uncertainty_ns + receiver_clock_.uncertainty_ns;
  }

  // What was not soaked and was not the workers' is softirq, kernel threads and neighbours. A core that both sides use
  // is soaked by the sender's agent, so there all workers come off its figure, and the receiver has none of its own.
  void settle_cpu(Sample& sample) const {
    const bool shared = !spec_.two_hosts && std::ranges::any_of(spec_.receiver_cores, [&](unsigned core) {
      return std::ranges::count(spec_.sender_cores, core) > 0;
    });
    charge(sample.sender, shared ? sample.receiver.cpu.worker_ns : 0);
    charge(sample.receiver, 0);
  }

  static void charge(SideReport& side, std::int64_t also_there_ns) {
    if (!side.not_soaked_ns) return;
    const std::int64_t not_soaked_ns = *side.not_soaked_ns;
    side.cpu.charge_other(other_than_workers({&not_soaked_ns, 1}, side.cpu.worker_ns + also_there_ns));
  }

  SampleSpec spec_;
  Agent& sender_;
  Agent& receiver_;
  HostClock sender_clock_, receiver_clock_;
};

Result<Sample> take_virtual_sample(AgentPair& agents, const SampleSpec& spec) {
  auto reply = agents.sender().call({{"request", "virtual_sample"}, {"spec", to_json(spec)}},
                                    virtual_run_bound_ns + step_bound_ns);
  if (!reply) return tl::make_unexpected(reply.error());
  auto sender = side_report_from_json(reply->value("sender", json()));
  if (!sender) return tl::make_unexpected(sender.error());
  auto receiver = side_report_from_json(reply->value("receiver", json()));
  if (!receiver) return tl::make_unexpected(receiver.error());
  return Sample{std::move(*sender), std::move(*receiver)};
}

}  // namespace

Result<Sample> take_sample(AgentPair& agents, const SampleSpec& spec) {
  auto sample =
      has_virtual_time(spec.variant.link) ? take_virtual_sample(agents, spec) : SampleCall(agents, spec).run();
  if (sample) return sample;
  agents.drop();
  // An agent that was ended in the middle has left its files behind.
  if (spec.point.workload == Workload::file) remove_abandoned_directories(spec.point.directory);
  return sample;
}

}  // namespace xover
