// Machines with one rule broken: each must be found out, or the exploration proves nothing.
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/explore/scenarios.h"
#include "tests/explore/trial.h"

namespace xover::explore {
namespace {

class BrokenRule : public testing::TestWithParam<sdp::Broken> {};

TEST_P(BrokenRule, IsFound) {
  const SdpModel model(scenario_for(GetParam()), Orders::reduced);
  const Outcome outcome = try_all(model, Order::broad, 300'000);
  ASSERT_FALSE(outcome.violation.empty()) << "in " << outcome.states << " states";
  std::printf("after %zu states, by %zu steps: %s\n%s", outcome.states, outcome.trace.size(), outcome.violation.c_str(),
              model.describe(outcome.trace).c_str());
  Scenario unbroken = scenario_for(GetParam());
  for (sdp::Settings& settings : unbroken.settings) settings.broken = sdp::Broken::none;
  const SdpModel right(unbroken, Orders::reduced);
  const Outcome nothing = try_all(right, Order::broad, outcome.states);
  EXPECT_TRUE(nothing.violation.empty()) << nothing.violation << "\n" << right.describe(nothing.trace);
}

std::string name_of(const testing::TestParamInfo<sdp::Broken>& info) {
  switch (info.param) {
    case sdp::Broken::last_credit: return "LastCredit";
    case sdp::Broken::fence: return "Fence";
    case sdp::Broken::cancel_sequence: return "CancelSequence";
    case sdp::Broken::cancel_before_reads: return "CancelBeforeReads";
    default: return "Staleness";
  }
}

INSTANTIATE_TEST_SUITE_P(Sdp, BrokenRule,
                         testing::Values(sdp::Broken::last_credit, sdp::Broken::fence, sdp::Broken::cancel_sequence,
                                         sdp::Broken::cancel_before_reads, sdp::Broken::staleness),
                         name_of);

}  // namespace
}  // namespace xover::explore
