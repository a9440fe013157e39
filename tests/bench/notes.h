// Watches a run for a benchmark: what is worth a line goes to standard error, progress nowhere.
#pragma once

#include <cstdio>
#include <string>

#include "harness/agents/run_experiment.h"

namespace xover::bench {

class Notes final : public RunObserver {
 public:
  void progress(const RunProgress&) override {}
  void note(const std::string& line) override { std::fprintf(stderr, "%s\n", line.c_str()); }
};

}  // namespace xover::bench
