// The steps of a sample's side.
#include "harness/agents/sample_side.h"

#include <algorithm>
#include <numeric>

#include "harness/measurement/copy_sampler.h"
#include "harness/measurement/cpu_meter.h"

namespace xover {

namespace {

constexpr std::int64_t connect_bound_ns = 5'000'000'000;

std::optional<unsigned> core_of(const std::vector<unsigned>& cores, unsigned connection) {
  if (cores.empty()) return std::nullopt;
  return cores[connection % cores.size()];
}

// A core that both sides use is soaked by the sender's agent alone.
std::vector<unsigned> soaked_cores(const SampleSpec& spec, Role role) {
  std::vector<unsigned> cores = role == Role::sender ? spec.sender_cores : spec.receiver_cores;
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  if (role == Role::receiver)
    std::erase_if(cores, [&](unsigned core) { return std::ranges::count(spec.sender_cores, core) > 0; });
  return cores;
}

}  // namespace

// Everything of one connection. The worker comes last, so that it is gone before what its steps use.
struct SampleSide::Connection {
  Connection(unsigned number, std::optional<unsigned> core) : index(number), worker(core) {}

  // The end is made on the worker and must go there: sessions belong to one thread.
  ~Connection() {
    (void)worker.wait();
    worker.start([this]() -> Result<void> {
      end.reset();
      meter.reset();
      sampler.reset();
      return {};
    });
  }

  unsigned index;
  std::unique_ptr<ConnectionEnd> end;
  std::unique_ptr<CpuMeter> meter;
  std::unique_ptr<CopySampler> sampler;
  std::string address;
  Expectation expected;
  CpuUsage cpu;
  CopyShare copy_share;
  Worker worker;
};

SampleSide::SampleSide(const SampleSpec& spec, Role role) : spec_(spec) {
  const auto& cores = role == Role::sender ? spec.sender_cores : spec.receiver_cores;
  for (unsigned i = 0; i < spec.point.connections; ++i)
    connections_.push_back(std::make_unique<Connection>(i, core_of(cores, i)));
  if (spec.soakers) soakers_ = std::make_unique<Soakers>(soaked_cores(spec, role));
}

SampleSide::~SampleSide() {
  // A receiver that still waits for a phase's end is let go.
  for (const auto& connection : connections_) connection->expected.set(0);
}

template <typename Step>
void SampleSide::start_on_every_worker(Step step) {
  for (const auto& connection : connections_)
    connection->worker.start([step, &connection = *connection] { return step(connection); });
}

Result<void> SampleSide::wait_for_workers() {
  Result<void> first_problem;
  for (const auto& connection : connections_) {
    Result<void> result = connection->worker.wait();
    if (!result && first_problem) first_problem = std::move(result);
  }
  return first_problem;
}

template <typename Step>
Result<void> SampleSide::on_every_worker(Step step) {
  start_on_every_worker(step);
  return wait_for_workers();
}

Result<std::vector<std::string>> SampleSide::open_receiver() {
  const auto opened = on_every_worker([this](Connection& connection) -> Result<void> {
    auto end = ConnectionEnd::open(spec_, Role::receiver, connection.index);
    if (!end) return tl::make_unexpected(end.error());
    auto address = (*end)->listen();
    if (!address) return tl::make_unexpected(address.error());
    connection.end = std::move(*end);
    connection.address = std::move(*address);
    connection.meter = std::make_unique<CpuMeter>();
    return {};
  });
  if (!opened) return tl::make_unexpected(opened.error());

  std::vector<std::string> addresses;
  for (const auto& connection : connections_) addresses.push_back(connection->address);
  start_on_every_worker([this](Connection& connection) -> Result<void> {
    if (auto accepted = connection.end->accept(monotonic_now_ns() + connect_bound_ns); !accepted) return accepted;
    if (spec_.point.workload == Workload::pingpong)
      if (auto prepared = connection.end->prepare_to_send(); !prepared) return prepared;
    return connection.end->prepare_to_receive();
  });
  return addresses;
}

Result<void> SampleSide::open_sender(const std::vector<std::string>& addresses) {
  return on_every_worker([this, &addresses](Connection& connection) -> Result<void> {
    auto end = ConnectionEnd::open(spec_, Role::sender, connection.index);
    if (!end) return tl::make_unexpected(end.error());
    connection.end = std::move(*end);
    const std::string address = connection.index < addresses.size() ? addresses[connection.index] : std::string();
    if (auto connected = connection.end->connect(address, monotonic_now_ns() + connect_bound_ns); !connected)
      return connected;
    if (auto prepared = connection.end->prepare_to_send(); !prepared) return prepared;
    if (spec_.point.workload == Workload::pingpong)
      if (auto prepared = connection.end->prepare_to_receive(); !prepared) return prepared;
    connection.meter = std::make_unique<CpuMeter>();
    if (spec_.kernel_symbols) connection.sampler = std::make_unique<CopySampler>();
    return {};
  });
}

Result<void> SampleSide::start_phase(const PhaseOrder& order) {
  if (auto ready = wait_for_workers(); !ready) return ready;  // accepted, or the phase before has ended
  for (const auto& connection : connections_) connection->expected.set(Expectation::unknown);
  begin_soaking();
  start_on_every_worker([order](Connection& connection) -> Result<void> {
    connection.meter->begin();
    const Result<void> result = receive_phase(*connection.end, order, connection.expected);
    connection.cpu = connection.meter->end();
    return result;
  });
  return {};
}

Result<void> SampleSide::finish_phase(const std::vector<std::uint64_t>& messages) {
  for (std::size_t i = 0; i < connections_.size(); ++i)
    connections_[i]->expected.set(i < messages.size() ? messages[i] : 0);
  const Result<void> result = wait_for_workers();
  end_soaking();
  return result;
}

Result<std::vector<std::uint64_t>> SampleSide::run_phase(const PhaseOrder& order) {
  begin_soaking();
  const Result<void> result = on_every_worker([order](Connection& connection) -> Result<void> {
    if (connection.sampler) connection.sampler->begin();
    connection.meter->begin();
    const Result<void> sent = send_phase(*connection.end, order);
    connection.cpu = connection.meter->end();
    if (connection.sampler) connection.copy_share = connection.sampler->end();
    return sent;
  });
  end_soaking();
  if (!result) return tl::make_unexpected(result.error());
  std::vector<std::uint64_t> messages;
  for (const auto& connection : connections_) messages.push_back(connection->end->sent_messages());
  return messages;
}

void SampleSide::begin_soaking() {
  if (soakers_) soakers_->begin();
}

void SampleSide::end_soaking() {
  if (!soakers_) return;
  const std::vector<std::int64_t> not_soaked_ns = soakers_->end();
  not_soaked_ns_.reset();
  if (!not_soaked_ns.empty())
    not_soaked_ns_ = std::accumulate(not_soaked_ns.begin(), not_soaked_ns.end(), std::int64_t{0});
}

SideReport SampleSide::report() const {
  SideReport report;
  for (const auto& connection : connections_) {
    connection->end->add_to(report);
    report.cpu += connection->cpu;
    report.copy_share += connection->copy_share;
  }
  report.not_soaked_ns = not_soaked_ns_;
  return report;
}

}  // namespace xover
