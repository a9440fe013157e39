// The steps of a sample's side.
#include "harness/agents/sample_side.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "harness/measurement/copy_sampler.h"
#include "harness/measurement/cpu_meter.h"

namespace xover {

namespace {

// Between two hosts a lost packet of RDMA's connection manager is sent again after 4.3 s (CMA_CM_RESPONSE_TIMEOUT in
// Linux's drivers/infiniband/core/cma.c): one may be lost.
std::int64_t connect_bound_ns(const SampleSpec& spec) { return spec.two_hosts ? 9'000'000'000 : 5'000'000'000; }

std::optional<unsigned> core_of(const std::vector<unsigned>& cores, unsigned worker) {
  if (cores.empty()) return std::nullopt;
  return cores[worker % cores.size()];
}

// A core that both sides use is soaked by the sender's agent alone.
std::vector<unsigned> soaked_cores(const SampleSpec& spec, Role role) {
  std::vector<unsigned> cores = role == Role::sender ? spec.sender_cores : spec.receiver_cores;
  std::sort(cores.begin(), cores.end());
  cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
  if (role == Role::receiver && !spec.two_hosts)
    std::erase_if(cores, [&](unsigned core) { return std::ranges::count(spec.sender_cores, core) > 0; });
  return cores;
}

}  // namespace

// One end with its worker. The worker comes last, so that it is gone before what its steps use.
struct SampleSide::Place {
  Place(unsigned number, std::optional<unsigned> core) : index(number), worker(core) {}

  unsigned index;
  std::unique_ptr<End> end;
  std::unique_ptr<CpuMeter> meter;
  std::unique_ptr<CopySampler> sampler;
  std::string address;
  Expectation expected;
  CpuUsage cpu;
  CopyShare copy_share;
  Worker worker;
};

SampleSide::SampleSide(const SampleSpec& spec, Role role)
    : spec_(spec), role_(role), shape_(shape_of_side(spec.point, role)) {
  const auto& cores = role == Role::sender ? spec.sender_cores : spec.receiver_cores;
  for (unsigned i = 0; i < shape_.ends; ++i) places_.push_back(std::make_unique<Place>(i, core_of(cores, i)));
  if (spec.soakers) soakers_ = std::make_unique<Soakers>(soaked_cores(spec, role));
}

template <typename Step>
void SampleSide::start_on_every_worker(Step step) {
  for (const auto& place : places_) place->worker.start([step, &place = *place] { return step(place); });
}

SampleSide::~SampleSide() {
  // A receiver that still waits for a phase's end is let go.
  for (const auto& place : places_) place->expected.set(0);
  (void)wait_for_workers();
  // An end is made on its worker and goes there: sessions belong to one thread. All at once, because a connection that
  // does not end in order takes its time.
  start_on_every_worker([](Place& place) -> Result<void> {
    place.end.reset();
    place.meter.reset();
    place.sampler.reset();
    return {};
  });
}

Result<void> SampleSide::wait_for_workers() {
  Result<void> first_problem;
  for (const auto& place : places_) {
    Result<void> result = place->worker.wait();
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
  const auto opened = on_every_worker([this](Place& place) -> Result<void> {
    auto end = open_end(spec_, role_, place.index, nullptr);
    if (!end) return tl::make_unexpected(end.error());
    auto address = (*end)->listen();
    if (!address) return tl::make_unexpected(address.error());
    place.end = std::move(*end);
    place.address = std::move(*address);
    place.meter = std::make_unique<CpuMeter>();
    return {};
  });
  if (!opened) return tl::make_unexpected(opened.error());

  std::vector<std::string> addresses;
  for (const auto& place : places_) addresses.push_back(place->address);
  start_on_every_worker(
      [this](Place& place) { return place.end->accept(monotonic_now_ns() + connect_bound_ns(spec_)); });
  return addresses;
}

Result<void> SampleSide::open_sender(std::vector<std::string> addresses) {
  if (spec_.point.workload == Workload::file) {
    auto files = FileSet::make(spec_.point);
    if (!files) return tl::make_unexpected(files.error());
    files_ = std::move(*files);
  }
  addresses.resize(std::size_t{shape_.ends} * shape_.connections_each);
  return on_every_worker([this, &addresses](Place& place) -> Result<void> {
    auto end = open_end(spec_, role_, place.index, files_.get());
    if (!end) return tl::make_unexpected(end.error());
    place.end = std::move(*end);
    const std::span<const std::string> mine =
        std::span(addresses).subspan(std::size_t{place.index} * shape_.connections_each, shape_.connections_each);
    if (auto connected = place.end->connect(mine, monotonic_now_ns() + connect_bound_ns(spec_)); !connected)
      return connected;
    place.meter = std::make_unique<CpuMeter>();
    if (spec_.kernel_symbols) place.sampler = std::make_unique<CopySampler>();
    return {};
  });
}

Result<void> SampleSide::start_phase(const PhaseOrder& order) {
  if (auto ready = wait_for_workers(); !ready) return ready;  // accepted, or the phase before has ended
  for (const auto& place : places_) place->expected.set(Expectation::unknown);
  begin_counting();
  begin_soaking();
  start_on_every_worker([order](Place& place) -> Result<void> {
    place.meter->begin();
    const Result<void> result = place.end->run_phase(order, place.expected);
    place.cpu = place.meter->end();
    return result;
  });
  return {};
}

Result<void> SampleSide::finish_phase(const std::vector<std::uint64_t>& messages) {
  for (std::size_t i = 0; i < places_.size(); ++i) places_[i]->expected.set(i < messages.size() ? messages[i] : 0);
  const Result<void> result = wait_for_workers();
  end_soaking();
  end_counting();
  return result;
}

Result<std::vector<std::uint64_t>> SampleSide::run_phase(const PhaseOrder& order) {
  begin_counting();
  begin_soaking();
  const Result<void> result = on_every_worker([order](Place& place) -> Result<void> {
    if (place.sampler) place.sampler->begin();
    place.meter->begin();
    const Result<void> sent = place.end->run_phase(order, place.expected);
    place.cpu = place.meter->end();
    if (place.sampler) place.copy_share = place.sampler->end();
    return sent;
  });
  end_soaking();
  end_counting();
  // A file that somebody changed is the cause of whatever a connection saw of it, and spoils the sample if none did.
  if (files_)
    if (auto unchanged = files_->unchanged(); !unchanged) return tl::make_unexpected(unchanged.error());
  if (!result) return tl::make_unexpected(result.error());
  std::vector<std::uint64_t> messages;
  for (const auto& place : places_)
    messages.insert(messages.end(), shape_.connections_each, place->end->sent_messages());
  return messages;
}

// An interface that cannot be read has nothing to tell, and spoils no sample.
void SampleSide::begin_counting() {
  counted_before_ = counted_ = {};
  const std::string& interface = role_ == Role::sender ? spec_.sender_interface : spec_.receiver_interface;
  if (interface.empty()) return;
  if (auto counters = read_interface_counters(interface)) counted_before_ = std::move(*counters);
}

void SampleSide::end_counting() {
  if (counted_before_.values.empty()) return;
  const std::string& interface = role_ == Role::sender ? spec_.sender_interface : spec_.receiver_interface;
  if (const auto counters = read_interface_counters(interface)) counted_ = counters->since(counted_before_);
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
  for (const auto& place : places_) {
    place->end->add_to(report);
    report.cpu += place->cpu;
    report.copy_share += place->copy_share;
  }
  report.not_soaked_ns = not_soaked_ns_;
  for (const auto& [name, value] : counted_.values) report.counters[name] = value;
  return report;
}

}  // namespace xover
