// The least that moving bytes between two places of one host can cost: loops that copy and do nothing else. What SDP
// over `local` costs beyond them is the price of its protocol.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/error.h"

namespace xover::bench {

struct BareCopyRun {
  std::size_t source_bytes = 0;  // cycled through
  std::size_t buffer_bytes = 0;  // of each of two buffers that are copied into in turn, as the harness's receivers have
  std::size_t stage_bytes = 0;   // double copy: of each piece
  std::size_t stages = 0;        // double copy: cycled through
  unsigned reader_core = 0, source_core = 0;
  std::int64_t warmup_ns = 0, duration_ns = 0;
};

// All in Gbit/s.
// Another process of this host owns the source and sleeps; one process_vm_readv(2) for each buffer.
Result<double> bare_process_read_gbps(const BareCopyRun& run);
// One memcpy for each buffer, in one process.
Result<double> bare_memcpy_gbps(const BareCopyRun& run);
// Two copies for each piece, into a stage and out of it: by one thread, one after the other.
Result<double> bare_double_memcpy_gbps(const BareCopyRun& run);
// The same by two threads, each on its core, with a ring of stages between them.
Result<double> bare_piped_memcpy_gbps(const BareCopyRun& run);

// The other process of bare_process_read_gbps: what main() does before all else. False: these arguments ask for none.
bool run_as_source(int argument_count, char** arguments);

}  // namespace xover::bench
