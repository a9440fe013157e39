// Arithmetic of copy shares.
#include "harness/measurement/kernel_copy_share.h"

namespace xover {

CopyShare& CopyShare::operator+=(const CopyShare& other) {
  const bool fresh = !available && reason.empty() && samples == 0;
  available = other.available && (available || fresh);
  if (reason.empty()) reason = other.reason;
  samples += other.samples;
  copy_samples += other.copy_samples;
  pin_samples += other.pin_samples;
  lost_samples += other.lost_samples;
  return *this;
}

}  // namespace xover
