// The share of a thread's time that the kernel spends copying payload, between two moments (see CopyShare).
#pragma once

#include <optional>
#include <string>

#include "harness/measurement/address_sampler.h"
#include "harness/measurement/kernel_copy_share.h"

namespace xover {

// Made and used on the thread that it samples. Where sampling is not permitted, end() says why and what to do.
class CopySampler {
 public:
  CopySampler();  // reads the kernel's symbols on first use in the process: about 0.1 s

  void begin();
  CopyShare end();

 private:
  std::optional<AddressSampler> sampler_;
  std::string unavailable_because_;
};

}  // namespace xover
