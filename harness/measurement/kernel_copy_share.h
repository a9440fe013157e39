// The share of a thread's time that the kernel spends moving payload, from sampled instruction addresses and kernel
// symbols: what Skevik, Plagemann, Goebel and Halvorsen (2001) call t1 / t_tot, without a changed kernel. Needs
// permission to sample the kernel and to see its symbols; without it the share is unavailable, with the reason.
#pragma once

#include <cstdint>
#include <string>

namespace xover {

struct CopyShare {
  bool available = false;
  std::string reason;              // why not
  std::uint64_t samples = 0;       // all samples of the threads, user and kernel
  std::uint64_t copy_samples = 0;  // those in the kernel's payload copy routines
  std::uint64_t pin_samples = 0;   // those in page pinning and notification routines
  std::uint64_t lost_samples = 0;  // taken, but there was no room to keep them; not part of `samples`

  double share() const { return samples == 0 ? 0.0 : static_cast<double>(copy_samples) / static_cast<double>(samples); }
  // Sums up threads; unavailable as soon as one of them is. Adding to a CopyShare{} gives the other.
  CopyShare& operator+=(const CopyShare& other);
};

}  // namespace xover
