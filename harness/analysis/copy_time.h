// How long a send takes, and how much of that the kernel spends moving its bytes, in the terms of Skevik, Plagemann,
// Goebel and Halvorsen, "Evaluation of a Zero-Copy Protocol Implementation" (2001), section 3.2.
//
// For a message of s bytes: t_tot is the time that one send takes, here the sender's CPU time per message; t1 the part
// spent moving data, here by the share of sampled kernel addresses; t2 = t_tot - t1; R = s / t_tot (1), and R_max =
// s / t2 (2), the rate if the copy vanished.
#pragma once

#include <cstdint>
#include <optional>

#include "harness/experiment/result.h"

namespace xover {

struct SendTime {
  std::uint64_t size_bytes = 0;
  Interval total_ns;  // t_tot
  CopyShare copy;     // of all accepted rounds
  Interval share;     // t1 / t_tot: a share of `copy.samples` drawn samples; zero where there are none

  bool knows_copy() const { return copy.available && copy.samples > 0; }
  // Both uncertainties at their worst.
  Interval copy_ns() const;             // t1
  Interval rest_ns() const;             // t2
  Interval rate_gbps() const;           // R
  Interval greatest_rate_gbps() const;  // R_max
};

// None where nothing was sent, or the sender's time is not known.
std::optional<SendTime> send_time(const CellResult& cell, std::uint64_t size_bytes);

// Fills in document.copy_times, of each cell that ran whose copies were sampled, in the order of the cells.
void find_copy_times(ResultDocument& document);

}  // namespace xover
