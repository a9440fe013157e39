// What a person sees while a run goes on: a bar with the time left on a terminal, plain lines elsewhere. Time comes
// from the coordinator's reports, never from a clock of its own.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "harness/agents/run_experiment.h"
#include "harness/reports/terminal.h"

namespace xover {

// One thread. Leaves no bar behind: the last one is wiped when the observer is destroyed.
class Progress : public RunObserver {
 public:
  // `stop` is asked by stop_requested(): a flag that a signal handler sets. The stream must outlive this, and only
  // this writes to its terminal meanwhile.
  explicit Progress(std::FILE* stream, std::function<bool()> stop = {});
  Progress(std::FILE* stream, const Terminal& terminal, std::function<bool()> stop = {});
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() override;

  void progress(const RunProgress& progress) override;
  void note(const std::string& line) override;
  bool stop_requested() override { return stop_ && stop_(); }

 private:
  void wipe();

  std::FILE* stream_;
  Terminal terminal_;
  std::function<bool()> stop_;
  std::string bar_;                // as it stands on the terminal; empty: none
  std::int64_t shown_at_ns_ = -1;  // elapsed_ns of what was last shown; -1: nothing yet
};

// One line, at most terminal.columns - 1 wide: share done, points, rounds, time left, what is being done.
std::string progress_line(const RunProgress& progress, const Terminal& terminal);

}  // namespace xover
