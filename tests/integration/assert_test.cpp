// `xover run --assert`, run as people run it.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
constexpr std::chrono::seconds bound{60};

// In virtual time claims are exact, and the machine has no say.
const std::vector<std::string> simulated{"--transports", "sdp.bcopy@simulated", "--sizes", "64K", "--wait", "spin"};

std::vector<std::string> claiming(std::vector<std::string> arguments, std::initializer_list<std::string> claims) {
  for (const std::string& claim : claims) arguments.insert(arguments.end(), {"--assert", claim});
  return arguments;
}

TEST(Assert, WhatHoldsIsSaidAndInTheResult) {
  const json result = short_run(claiming(simulated, {"sdp.bcopy goodput > 0.001 @ 64K", "sdp.bcopy user_copied >= 0"}));
  ASSERT_EQ(result["assertions"].size(), 2U);
  EXPECT_EQ(result["assertions"][0]["expression"], "sdp.bcopy goodput > 0.001 @ 64K");
  EXPECT_EQ(result["assertions"][0]["holds"], "yes");
  ASSERT_EQ(result["assertions"][0]["cases"].size(), 1U);
  EXPECT_EQ(result["assertions"][0]["cases"][0]["size"], 65536);
}

TEST(Assert, WhatDoesNotHoldFailsTheRun) {
  const json result = short_run(claiming(simulated, {"sdp.bcopy goodput > 1000000", "sdp.bcopy goodput > 0.001"}), 1);
  EXPECT_EQ(result["assertions"][0]["holds"], "no");
  EXPECT_EQ(result["assertions"][1]["holds"], "yes");
  XoverRun run(short_run_arguments(claiming(simulated, {"sdp.bcopy goodput > 1000000"})));
  const ChildResult ended = run.wait(bound);
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.out.find("does not hold: sdp.bcopy goodput > 1000000"), std::string::npos) << ended.out;
}

// Two rounds decide nothing.
TEST(Assert, WhatIsUndecidedFailsOnlyStrictly) {
  const auto arguments = claiming({"--transports", "tcp.send", "--sizes", "64K"}, {"tcp.send goodput > 1000000"});
  EXPECT_EQ(short_run(arguments)["assertions"][0]["holds"], "undecided");
  auto strictly = arguments;
  strictly.push_back("--assert-strictly");
  short_run(strictly, 1);
}

TEST(Assert, OnARealClockItTakesSixRounds) {
  const json result = short_run(claiming({"--transports", "tcp.send,tcp.sendmsg", "--sizes", "64K", "--rounds", "6"},
                                         {"tcp.send goodput > 1000000", "tcp.sendmsg/tcp.send goodput > 0.0001",
                                          "tcp.send kernel_by_design > 0.9"}),
                                1);
  EXPECT_EQ(result["assertions"][0]["holds"], "no");
  EXPECT_EQ(result["assertions"][1]["holds"], "yes");
  EXPECT_EQ(result["assertions"][2]["holds"], "yes");
  EXPECT_LT(result["assertions"][0]["cases"][0]["adjusted_p_value"], 0.05);
}

TEST(Assert, WhatCanNeverBeShownIsRefusedBeforeTheRun) {
  const auto refused = [&](const std::string& claim, const std::string& part) {
    XoverRun run(short_run_arguments(claiming(simulated, {claim})));
    const ChildResult ended = run.wait(bound);
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
  };
  refused("sdp.bcopy goodput 1.1", "column 19: expected a comparison");
  refused("sdp.bcopy godput > 1", "did you mean 'goodput'?");
  refused("sdp.bcpy goodput > 1", "did you mean 'sdp.bcopy'?");
  refused("sdp.bcopy goodput > 1 @ 4K", "its sizes are 64K");
}

}  // namespace
}  // namespace xover::test
