// Where a thread spends its CPU time: instruction addresses, user and kernel, about five thousand a second, by the
// kernel's cpu-clock event, which needs no PMU. What runs on top of the thread, such as softirq, is sampled with it.
//
// The clock is a timer interrupt, so time with interrupts off shows at the instruction that allows them again. Copying
// runs with interrupts on and is seen where it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/error.h"
#include "harness/measurement/perf_event.h"

namespace xover {

struct AddressSamples {
  std::vector<std::uint64_t> addresses;
  std::uint64_t lost = 0;  // had no room in the ring
};

// Opened and used on the thread that it samples. Sampling costs the thread some 1 % while it is on.
class AddressSampler {
 public:
  static Result<AddressSampler> open();

  AddressSampler(AddressSampler&& other) noexcept;
  AddressSampler& operator=(AddressSampler&& other) noexcept;
  ~AddressSampler();

  void begin();
  AddressSamples end();

 private:
  AddressSampler(PerfEvent event, std::byte* ring) : event_(std::move(event)), ring_(ring) {}

  void drain(AddressSamples& samples);
  std::uint64_t lost_so_far() const;

  PerfEvent event_;
  std::byte* ring_ = nullptr;  // the kernel's control page, then the ring; owned
  std::uint64_t lost_at_begin_ = 0;
};

}  // namespace xover
