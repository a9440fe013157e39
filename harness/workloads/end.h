// One worker's end of a workload, as a sample's side drives it: opened, taken through its phases and destroyed on one
// worker's thread. Sessions are inside; nothing of a transport is seen from here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/error.h"
#include "harness/agents/sample.h"
#include "harness/workloads/file_set.h"
#include "harness/workloads/phase.h"

namespace xover {

class End {
 public:
  virtual ~End() = default;

  // Receivers: an address, then the sender behind it, and everything made ready for the first phase.
  virtual Result<std::string> listen() = 0;
  virtual Result<void> accept(MonotonicNs deadline) = 0;
  // Senders: one address for each connection of the end; then everything made ready.
  virtual Result<void> connect(std::span<const std::string> addresses, MonotonicNs deadline) = 0;

  // One phase, to its end: a sender's with everything released, a receiver's with the arrival of what it expects.
  // After an error the connections are aborted, so that the other side does not wait for its bounds.
  virtual Result<void> run_phase(const PhaseOrder& order, const Expectation& expected) = 0;
  virtual std::uint64_t sent_messages() const = 0;  // on each connection, in the last phase
  virtual void add_to(SideReport& report) const = 0;
};

// How many ends a side has, each with a worker, and how many connections each end has.
struct EndShape {
  unsigned ends = 1;
  unsigned connections_each = 1;
};
EndShape shape_of_side(const Point& point, Role role);

// `files` is what a sender of workload `file` serves; null otherwise. It outlives the end.
Result<std::unique_ptr<End>> open_end(const SampleSpec& spec, Role role, unsigned number, FileSet* files);

}  // namespace xover
