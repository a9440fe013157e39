// A fabric that does what another does, but for one registration of memory, which fails.
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "transports/rdma/fabric.h"

namespace xover::test {

class FailingFabric final : public Fabric {
 public:
  explicit FailingFabric(std::unique_ptr<Fabric> real) : real_(std::move(real)) {}

  std::size_t fail_at = 0;  // the registration that fails, counted from 1; 0: none
  int errno_value = EFAULT;
  std::size_t registrations = 0, failed = 0, registered_now = 0;

  tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                      RemoteAccess access) noexcept override {
    if (++registrations == fail_at) {
      ++failed;
      return tl::make_unexpected(failure_of_errno(errno_value, "fault: registration"));
    }
    auto region = real_->register_memory(pages, access);
    if (region) ++registered_now;
    return region;
  }
  Failure deregister(std::uint64_t handle) noexcept override {
    --registered_now;
    return real_->deregister(handle);
  }

  const FabricLimits& limits() const noexcept override { return real_->limits(); }
  Result<std::string> listen() override { return real_->listen(); }
  Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) override {
    return real_->connect(address, prepare, deadline);
  }
  Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) override {
    return real_->accept(prepare, deadline);
  }
  Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind pages, RemoteAccess access) override {
    return real_->allocate(size_bytes, pages, access);
  }
  std::size_t poll(std::span<WorkResult> out) noexcept override { return real_->poll(out); }
  bool can_sleep() const noexcept override { return real_->can_sleep(); }
  void wait(MonotonicNs deadline) noexcept override { real_->wait(deadline); }
  MonotonicNs now() const noexcept override { return real_->now(); }
  VirtualClock* clock() noexcept override { return real_->clock(); }
  void wake_at(MonotonicNs time_ns) noexcept override { real_->wake_at(time_ns); }
  std::vector<Counter> counters() const override { return real_->counters(); }
  std::vector<Fact> facts() const override { return real_->facts(); }

 private:
  const std::unique_ptr<Fabric> real_;
};

}  // namespace xover::test
