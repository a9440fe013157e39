// The coordinator: carries out a plan with agents and returns what was found. It opens no session itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/experiment/plan.h"
#include "harness/experiment/result.h"

namespace xover {

class RemoteHost;

struct RunProgress {
  std::size_t points_done = 0, points = 0;
  std::uint32_t rounds_done = 0, rounds_planned = 0, rounds_rejected = 0;  // over all points
  std::int64_t elapsed_ns = 0, remaining_ns = 0;
  std::string doing;  // "tcp.send, 64K"
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void progress(const RunProgress& progress) = 0;
  virtual void note(const std::string& line) = 0;  // something worth a line: a failed cell, an agent that died
  virtual void outlook(const std::string& line) { note(line); }  // before the first round: the budget is short
  virtual bool stop_requested() { return false; }                // asked between and during samples
};

// `far`: the other host of links that lead to one (--peer); null: there is none, and cells on links that need one are
// skipped. Outlives the call. When it is lost the run is broken off, and keeps what it measured.
// Always returns a document: one with failed cells when things fail, one marked incomplete when it was stopped. No
// agent is left running afterwards.
ResultDocument run_experiment(const Plan& plan, RunObserver& observer, RemoteHost* far = nullptr);

}  // namespace xover
