// One end of a simulation: what fabric.h asks for, in the simulation's words. All threads of a simulation share its
// lock, in the data plane as well, and its model allocates: fabrics of this kind are for correctness and for virtual
// time, not for speed.
#include "transports/rdma/simulated/simulated_fabric.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include "transports/common/pages.h"
#include "transports/rdma/simulated/simulation.h"

namespace xover {

namespace {

Failure failure_of(const WorldQueuePair& state) {
  switch (state.ending) {
    case WorldEnding::none: return {};
    case WorldEnding::disconnected: return {ErrorCode::aborted, 0, "disconnect"};
    case WorldEnding::failed: return {ErrorCode::aborted, 0, "RDMA connection: failed by this end"};
    case WorldEnding::receive_error:
      return {ErrorCode::internal, EPROTO, "RDMA connection: the peer asked for what it may not have"};
    case WorldEnding::too_many_results: return {ErrorCode::internal, EOVERFLOW, "RDMA completion queue"};
    case WorldEnding::killed: return {ErrorCode::aborted, 0, "fault: this end is killed"};
    case WorldEnding::peer_disconnected: return {ErrorCode::peer_died, 0, "disconnect"};
    case WorldEnding::peer_failed: return {ErrorCode::peer_died, ECONNRESET, "RDMA connection"};
    case WorldEnding::dropped:
    case WorldEnding::peer_died: return {ErrorCode::peer_died, ETIMEDOUT, "RDMA request: retries exhausted"};
    case WorldEnding::request_error: break;
  }
  if (state.cause == WorkStatus::remote_access_error)
    return {ErrorCode::internal, EREMOTEIO, "RDMA request: the peer's memory is not registered so, or too small"};
  if (state.cause == WorkStatus::receiver_not_ready)
    return {ErrorCode::timed_out, ETIMEDOUT, "RDMA send: the peer posts no receive"};
  return {ErrorCode::internal, EFAULT, "RDMA request: own memory is not registered so, or too small"};
}

class SimulatedQueuePair final : public QueuePair {
 public:
  SimulatedQueuePair(std::shared_ptr<Simulation> simulation, const FabricLimits& limits, std::size_t adapter,
                     std::uint32_t index)
      : simulation_(std::move(simulation)), limits_(limits), adapter_(adapter), index_(index) {
    id_ = simulation_->with([&](Timeline& all) { return all.add_queue_pair(adapter_, index_); });
  }
  ~SimulatedQueuePair() override {
    simulation_->with([&](Timeline& all) { all.remove_queue_pair(id_); });
  }

  std::size_t id() const noexcept { return id_; }
  void start() noexcept {
    simulation_->with([&](Timeline& all) { all.start(id_); });
  }

  std::uint32_t index() const noexcept override { return index_; }
  Posted post(const WorkRequest& request) noexcept override {
    assert(within_limits(request));
    return simulation_->with([&](Timeline& all) { return all.post(id_, request); });
  }
  Posted post_receive(std::uint64_t id, const LocalPiece& piece) noexcept override {
    return simulation_->with([&](Timeline& all) { return all.post_receive(id_, id, piece); });
  }
  void disconnect() noexcept override {
    simulation_->with([&](Timeline& all) { all.disconnect(id_); });
  }
  void fail() noexcept override {
    simulation_->with([&](Timeline& all) { all.fail(id_); });
  }
  Failure failure() const noexcept override {
    return simulation_->with([&](const Timeline& all) { return failure_of(all.state(id_)); });
  }
  void spend(std::int64_t duration_ns) noexcept override {
    simulation_->with([&](Timeline& all) { all.spend(adapter_, duration_ns); });
  }
  void spend_copy(std::size_t size_bytes) noexcept override {
    simulation_->with([&](Timeline& all) { all.spend_copy(adapter_, size_bytes); });
  }

 private:
  bool within_limits(const WorkRequest& request) const noexcept {
    std::uint64_t size_bytes = 0;
    for (const LocalPiece& piece : request.pieces) size_bytes += piece.size_bytes;
    const std::size_t most = request.inline_data ? limits_.max_inline_bytes : limits_.max_message_bytes;
    return request.pieces.size() <= limits_.max_pieces && size_bytes <= most &&
           !(request.inline_data && request.work == Work::read);
  }

  const std::shared_ptr<Simulation> simulation_;
  const FabricLimits limits_;
  const std::size_t adapter_;
  const std::uint32_t index_;
  std::size_t id_ = 0;
};

class SimulatedMemory final : public FabricMemory {
 public:
  SimulatedMemory(std::shared_ptr<Simulation> simulation, std::size_t adapter, Pages pages, RemoteAccess access)
      : simulation_(std::move(simulation)), adapter_(adapter), pages_(std::move(pages)) {
    const auto key = simulation_->with([&](Timeline& all) { return all.register_for_good(adapter_, bytes(), access); });
    region_ = {key, key, key};
  }
  ~SimulatedMemory() override {
    simulation_->with([&](Timeline& all) { all.deregister_for_good(adapter_, region_.key); });
  }
  std::span<std::byte> bytes() const noexcept override { return {pages_.data(), pages_.size_bytes()}; }
  const FabricRegion& region() const noexcept override { return region_; }

 private:
  const std::shared_ptr<Simulation> simulation_;
  const std::size_t adapter_;
  const Pages pages_;
  FabricRegion region_;
};

class SimulatedFabric final : public Fabric {
 public:
  SimulatedFabric(const OpenParameters& parameters, const FabricShape& shape, const SimulationCosts& costs)
      : link_(parameters.link), shape_(shape), simulation_(Simulation::of_link(parameters.link.text(), costs)) {
    limits_.max_message_bytes = std::size_t{1} << 30;
    limits_.max_pieces = world_max_pieces;
    limits_.max_inline_bytes = std::min(shape.max_inline_bytes, std::size_t{1} << 20);
    limits_.max_reads = 16;
    limits_.handover = Handover::zero_copied;  // by construction: no CPU of the model touches a byte
    limits_.virtual_time = true;
    const AdapterShape adapter{.max_requests = shape.max_requests,
                               .max_receives = shape.max_receives,
                               .max_results = shape.max_queue_pairs * (shape.max_requests + shape.max_receives),
                               .max_reads = limits_.max_reads,
                               .rnr_retries = static_cast<std::uint32_t>(costs.rnr_retries)};
    adapter_ = simulation_->with([&](Timeline& all) { return all.attach(parameters.role, adapter); });
  }
  ~SimulatedFabric() override {
    simulation_->lobby().close(address_);
    simulation_->with([&](Timeline& all) { all.detach(adapter_); });
  }

  const FabricLimits& limits() const noexcept override { return limits_; }

  Result<std::string> listen() override {
    if (address_.empty()) address_ = simulation_->lobby().listen();
    return address_;
  }
  Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) override;
  Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) override;

  Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind kind, RemoteAccess access) override {
    auto pages = Pages::allocate(size_bytes, kind);
    if (!pages) return tl::make_unexpected(pages.error());
    return std::make_unique<SimulatedMemory>(simulation_, adapter_, std::move(*pages), access);
  }
  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override {
    const auto key = simulation_->with([&](Timeline& all) { return all.register_memory(adapter_, pages, access); });
    if (!key) return tl::make_unexpected(Failure{ErrorCode::no_memory, ENOMEM, "fault: registration"});
    return FabricRegion{*key, *key, *key};
  }
  Failure deregister(std::uint64_t handle) noexcept override {
    const auto key = static_cast<std::uint32_t>(handle);
    const bool known = simulation_->with([&](Timeline& all) { return all.deregister(adapter_, key); });
    return known ? Failure{} : Failure{ErrorCode::bad_input, EINVAL, "deregister"};
  }

  std::size_t poll(std::span<WorkResult> out) noexcept override { return simulation_->poll(adapter_, out); }
  bool can_sleep() const noexcept override { return shape_.sleeps; }
  void wait(MonotonicNs deadline) noexcept override {
    if (shape_.sleeps) simulation_->wait(adapter_, deadline);
  }
  MonotonicNs now() const noexcept override { return simulation_->now_ns(adapter_); }
  void wake_at(MonotonicNs time_ns) noexcept override { simulation_->wake_at(adapter_, time_ns); }
  VirtualClock* clock() noexcept override { return simulation_->clock(); }

  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override { return simulation_facts(link_); }

 private:
  Result<std::unique_ptr<SimulatedQueuePair>> make_queue_pair();
  Result<Hello> prepared(const Prepare& prepare, QueuePair& queue_pair, const Hello& peer_hello) const;

  const Link link_;
  const FabricShape shape_;
  const std::shared_ptr<Simulation> simulation_;
  FabricLimits limits_;
  std::size_t adapter_ = 0;
  std::string address_;
  std::uint32_t next_index_ = 0;
};

Result<std::unique_ptr<SimulatedQueuePair>> SimulatedFabric::make_queue_pair() {
  if (next_index_ >= shape_.max_queue_pairs)
    return make_error(ErrorCode::no_memory, "make queue pair", std::to_string(next_index_) + " are made already",
                      "open the fabric for more");
  return std::make_unique<SimulatedQueuePair>(simulation_, limits_, adapter_, next_index_);
}

Result<Hello> SimulatedFabric::prepared(const Prepare& prepare, QueuePair& queue_pair, const Hello& peer_hello) const {
  auto hello = prepare(queue_pair, peer_hello);
  assert(!hello || hello->size() <= limits_.max_hello_bytes);
  return hello;
}

Result<Fabric::Connected> SimulatedFabric::connect(const std::string& address, const Prepare& prepare,
                                                   MonotonicNs deadline) {
  auto queue_pair = make_queue_pair();
  if (!queue_pair) return tl::make_unexpected(queue_pair.error());
  const auto hello = prepared(prepare, **queue_pair, {});
  if (!hello) return tl::make_unexpected(hello.error());
  auto answer = simulation_->lobby().visit(address, (*queue_pair)->id(), *hello, deadline);
  if (!answer) return tl::make_unexpected(answer.error());
  (*queue_pair)->start();
  ++next_index_;
  return Connected{std::move(*queue_pair), std::move(*answer)};
}

Result<Fabric::Connected> SimulatedFabric::accept(const Prepare& prepare, MonotonicNs deadline) {
  assert(!address_.empty());
  Lobby& lobby = simulation_->lobby();
  for (;;) {
    const auto visitor = lobby.next(address_, deadline);
    if (visitor == nullptr) return make_error(ErrorCode::timed_out, "accept", address_, "nobody connected in time");
    auto queue_pair = make_queue_pair();
    auto hello = queue_pair ? prepared(prepare, **queue_pair, visitor->hello)
                            : Result<Hello>(tl::make_unexpected(queue_pair.error()));
    if (!hello) {
      lobby.turn_away(*visitor, hello.error());
      return tl::make_unexpected(hello.error());
    }
    const auto join = [&] {
      simulation_->with([&](Timeline& all) { all.connect(visitor->queue_pair, (*queue_pair)->id()); });
    };
    if (!lobby.let_in(*visitor, *hello, join)) continue;
    (*queue_pair)->start();
    ++next_index_;
    return Connected{std::move(*queue_pair), visitor->hello};
  }
}

std::vector<Counter> SimulatedFabric::counters() const {
  const TimelineCounters all = simulation_->with([&](const Timeline& line) { return line.counters(adapter_); });
  return {{"fabric_messages", all.messages},
          {"fabric_reads", all.reads},
          {"fabric_bytes", all.bytes},
          {"rnr_retries", all.rnr_retries},
          {"fabric_registrations", all.registrations},
          {"fabric_failed_registrations", all.failed_registrations},
          {"fabric_deregistrations", all.deregistrations},
          {"wake_ups", all.wake_ups},
          {"model_copied_bytes", all.copied_bytes},
          {"model_cpu_ns", all.cpu_busy_ns}};
}

}  // namespace

Result<std::unique_ptr<Fabric>> open_simulated_fabric(const OpenParameters& parameters, const FabricShape& shape) {
  const auto costs = simulation_costs(parameters.link);
  if (!costs) return tl::make_unexpected(costs.error());
  return std::make_unique<SimulatedFabric>(parameters, shape, *costs);
}

Availability probe_simulated_fabric(const Link& link) {
  const auto costs = simulation_costs(link);
  if (costs) return {};
  return {Status::no_device, costs.error().message(), "correct the link's options"};
}

}  // namespace xover
