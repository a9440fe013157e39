// A fabric around another one, in which a chosen registration fails, or a region goes behind its owner's back. All that
// is registered through it is counted, also when it has gone.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "transports/rdma/fabric.h"

namespace xover::test {

// Outlives the fabric.
struct FabricFaults {
  int registrations_until_failure = -1;  // of both kinds, -1: none fails
  Failure failure{ErrorCode::no_memory, ENOMEM, "a fault of the test"};
  int failed = 0;

  int live_regions = 0;               // made by register_memory()
  std::vector<FabricRegion> regions;  // likewise, since the start
  Fabric* fabric = nullptr;           // the one that is wrapped
  std::optional<std::uint64_t> gone;  // deregistered behind the owner's back

  Failure deregister_first() {
    gone = regions.front().handle;
    return fabric->deregister(*gone);
  }
};

class FaultyFabric final : public Fabric {
 public:
  FaultyFabric(std::unique_ptr<Fabric> inner, FabricFaults& faults) : inner_(std::move(inner)), faults_(faults) {
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
    if (fails()) return tl::make_unexpected(to_error(faults_.failure, "allocate"));
    return inner_->allocate(size_bytes, pages, access);
  }
  Result<std::unique_ptr<FabricPages>> allocate_pages(std::size_t size_bytes, PageKind pages) override {
    return inner_->allocate_pages(size_bytes, pages);
  }
  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override {
    if (fails()) return tl::make_unexpected(faults_.failure);
    const auto region = inner_->register_memory(pages, access);
    if (!region) return region;
    ++faults_.live_regions;
    faults_.regions.push_back(*region);
    return region;
  }
  Failure deregister(std::uint64_t handle) noexcept override {
    --faults_.live_regions;
    if (faults_.gone != handle) return inner_->deregister(handle);
    faults_.gone.reset();
    return {};
  }
  std::size_t poll(std::span<WorkResult> out) noexcept override { return inner_->poll(out); }
  bool can_sleep() const noexcept override { return inner_->can_sleep(); }
  void wait(MonotonicNs deadline) noexcept override { inner_->wait(deadline); }
  MonotonicNs now() const noexcept override { return inner_->now(); }
  VirtualClock* clock() noexcept override { return inner_->clock(); }
  void wake_at(MonotonicNs time_ns) noexcept override { inner_->wake_at(time_ns); }
  std::vector<Counter> counters() const override { return inner_->counters(); }
  std::vector<Fact> facts() const override { return inner_->facts(); }

 private:
  bool fails() noexcept {
    if (faults_.registrations_until_failure < 0) return false;
    if (faults_.registrations_until_failure-- != 0) return false;
    ++faults_.failed;
    return true;
  }

  std::unique_ptr<Fabric> inner_;
  FabricFaults& faults_;
};

}  // namespace xover::test
