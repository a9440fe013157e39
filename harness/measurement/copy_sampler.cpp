// Samples, sorted by the kernel routine that they fell into.
#include "harness/measurement/copy_sampler.h"

#include "harness/measurement/kernel_symbols.h"

namespace xover {

CopySampler::CopySampler() {
  const auto& symbols = KernelSymbols::running();
  if (!symbols) {
    unavailable_because_ = symbols.error().message();
    return;
  }
  if (auto sampler = AddressSampler::open()) {
    sampler_ = std::move(*sampler);
  } else {
    unavailable_because_ = sampler.error().message();
  }
}

void CopySampler::begin() {
  if (sampler_) sampler_->begin();
}

CopyShare CopySampler::end() {
  CopyShare share;
  share.reason = unavailable_because_;
  if (!sampler_) return share;
  share.available = true;
  const AddressSamples samples = sampler_->end();
  share.samples = samples.addresses.size();
  share.lost_samples = samples.lost;
  for (const std::uint64_t address : samples.addresses) {
    const KernelRoutine routine = KernelSymbols::running()->routine_at(address);
    share.copy_samples += routine == KernelRoutine::copying;
    share.pin_samples += routine == KernelRoutine::pinning;
  }
  return share;
}

}  // namespace xover
