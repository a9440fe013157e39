// Both ends of an rdma.* connection on the link `local` within this process, used from one thread; and a fabric around
// another one, in which a chosen registration fails and everything registered is counted.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/payload.h"
#include "tests/unit/session_pair.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/rdma_session.h"

namespace xover::test {

struct RdmaFaults {
  int registrations_until_failure = -1;  // of both kinds, -1: none fails
  int live_regions = 0;
  std::vector<FabricRegion> regions;  // made by register_memory()
  Fabric* fabric = nullptr;           // the one that is wrapped

  std::optional<std::uint64_t> gone;  // deregistered behind the owner's back

  Failure deregister_first() {
    gone = regions.front().handle;
    return fabric->deregister(*gone);
  }
};

class FaultyFabric final : public Fabric {
 public:
  FaultyFabric(std::unique_ptr<Fabric> inner, RdmaFaults& faults) : inner_(std::move(inner)), faults_(faults) {
    faults_.fabric = inner_.get();
  }

  const FabricLimits& limits() const noexcept override { return inner_->limits(); }
  Result<std::string> listen() override { return inner_->listen(); }
  Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) override {
    return inner_->connect(address, prepare, deadline);
  }
  Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) override {
    return inner_->accept(prepare, deadline);
  }
  Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind pages, RemoteAccess access) override {
    if (fails()) return make_error(ErrorCode::no_memory, "register", "a fault of the test");
    return inner_->allocate(size_bytes, pages, access);
  }
  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override {
    if (fails()) return tl::make_unexpected(Failure{ErrorCode::no_memory, ENOMEM, "a fault of the test"});
    const auto region = inner_->register_memory(pages, access);
    if (!region) return region;
    ++faults_.live_regions;
    faults_.regions.push_back(*region);
    return region;
  }
  Failure deregister(std::uint64_t handle) noexcept override {
    --faults_.live_regions;
    return faults_.gone == handle ? Failure{} : inner_->deregister(handle);
  }
  std::size_t poll(std::span<WorkResult> out) noexcept override { return inner_->poll(out); }
  bool can_sleep() const noexcept override { return inner_->can_sleep(); }
  void wait(MonotonicNs deadline) noexcept override { inner_->wait(deadline); }
  std::vector<Counter> counters() const override { return inner_->counters(); }
  std::vector<Fact> facts() const override { return inner_->facts(); }

 private:
  bool fails() noexcept {
    if (faults_.registrations_until_failure < 0) return false;
    return faults_.registrations_until_failure-- == 0;
  }

  std::unique_ptr<Fabric> inner_;
  RdmaFaults& faults_;
};

inline constexpr std::uint64_t rdma_seed = 31;

struct RdmaSetup {
  std::size_t depth = 8;
  OptionText options{};  // of both ends
  std::size_t max_channels = 1;
};

// A row's options, resolved, for the link `local`.
inline OpenParameters rdma_parameters(std::string_view id, const RdmaSetup& setup = {}) {
  OpenParameters parameters;
  parameters.link = {.name = "local"};
  parameters.options = Options::resolve(id, find_transport(id)->options, setup.options).value();
  parameters.depth = setup.depth;
  parameters.max_channels = setup.max_channels;
  return parameters;
}

inline RdmaWay way_of(std::string_view id) {
  if (id == "rdma.send") return RdmaWay::send;
  return id == "rdma.write" ? RdmaWay::write : RdmaWay::read;
}

// Room for every row's requests on a queue pair.
inline FabricShape roomy_shape() {
  return {.max_queue_pairs = 2, .max_requests = 512, .max_receives = 256, .max_inline_bytes = 256, .sleeps = true};
}

inline Result<std::unique_ptr<Session>> open_faulty(std::string_view id, RdmaFaults& faults,
                                                    const RdmaSetup& setup = {}) {
  const OpenParameters parameters = rdma_parameters(id, setup);
  auto fabric = open_fabric(parameters, roomy_shape());
  if (!fabric) return tl::make_unexpected(fabric.error());
  return RdmaSession::open_over(std::make_unique<FaultyFabric>(std::move(*fabric), faults), parameters, way_of(id));
}

struct RdmaEnds {
  std::vector<std::vector<std::byte>> memory;  // what ops point to, which outlives the sessions
  std::vector<Segment> segments;               // likewise, for messages in one piece
  RdmaFaults a_faults, b_faults;
  SessionEnd a, b;  // a connects to b

  explicit RdmaEnds(std::string_view id, const RdmaSetup& setup = {}) {
    segments.reserve(10'000);
    a.session = open_faulty(id, a_faults, setup).value();
    b.session = open_faulty(id, b_faults, setup).value();
    const std::string address = b.session->listen().value();
    Result<Channel*> accepted = nullptr;
    std::thread accepting([&] { accepted = b.session->accept(soon()); });
    auto connected = a.session->connect(address, soon());
    accepting.join();
    a.channel = connected.value();
    b.channel = accepted.value();
  }
  RdmaEnds(const RdmaEnds&) = delete;
  RdmaEnds& operator=(const RdmaEnds&) = delete;
  ~RdmaEnds() {
    a.seen.clear();
    b.seen.clear();
    a.session.reset();
    b.session.reset();
    EXPECT_EQ(a_faults.live_regions, 0);
    EXPECT_EQ(b_faults.live_regions, 0);
  }

  // Memory with the pattern in it: of the arena, or foreign.
  std::span<std::byte> arena(std::size_t size_bytes) {
    const Segment segment = a.session->arena(size_bytes).value().at(0);
    return filled({segment.data, size_bytes});
  }
  std::span<std::byte> foreign(std::size_t size_bytes) { return filled(memory.emplace_back(size_bytes)); }
  static std::span<std::byte> filled(std::span<std::byte> bytes) {
    fill_payload(bytes, rdma_seed, 0);
    return bytes;
  }

  Submitted send(Token token, std::span<std::byte> bytes, Channel* channel = nullptr) {
    segments.push_back({bytes.data(), bytes.size()});
    const SendOp op{token, {&segments.back(), 1}};
    return (channel != nullptr ? channel : a.channel)->submit({&op, 1});
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound = 5 * second) {
    return reap_both_until(a, b, std::move(condition), bound);
  }
};

}  // namespace xover::test
