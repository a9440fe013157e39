// `xover run` with a budget that is too small, and with sizes added by bisection. The order itself is tested with a
// clock that is made up (agents_sweep_test.cpp).
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

// By size, the numbers of the rounds of each cell.
std::map<std::uint64_t, std::set<std::vector<int>>> rounds_by_size(const json& result) {
  std::map<std::uint64_t, std::set<std::vector<int>>> rounds;
  for (const json& cell : result["cells"]) {
    std::vector<int> numbers;
    for (const json& round : cell.value("rounds", json::array())) numbers.push_back(round["round"]);
    rounds[cell["size"]].insert(numbers);
  }
  return rounds;
}

TEST(Budget, TooSmallForSixRoundsIsToldBeforeItStarts) {
  XoverRun run({"run", "--transports", "tcp.send,tcp.sendmsg", "--sizes", "1K,2K,4K,8K,16K,32K,64K", "--rounds", "10",
                "--duration", "100ms", "--budget", "1s", "--no-gate"});
  const ChildResult ended = run.wait(std::chrono::seconds(60));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::size_t told = ended.err.find("the budget of 1 s is too small for 6 rounds at as few as 3 of 7 points");
  ASSERT_NE(told, std::string::npos) << ended.err;
  EXPECT_LT(told, ended.err.find("0 %")) << ended.err;
}

TEST(Budget, EachRoundHoldsEveryTransportOfItsPoint) {
  const json result = short_run({"--transports", "tcp.send,tcp.sendmsg", "--sizes", "1K,2K,4K,8K,16K,32K,64K",
                                 "--rounds", "6", "--duration", "50ms", "--budget", "3s"});
  EXPECT_EQ(result["budget_spent"], true);
  std::size_t measured = 0;
  for (const auto& [size, rounds] : rounds_by_size(result)) {
    EXPECT_EQ(rounds.size(), 1u) << size;
    measured += !rounds.begin()->empty();
  }
  EXPECT_GE(measured, 1u);
}

// The machines of configs/sdp2006.toml, in virtual time: they cross near 128K.
TEST(Budget, RefinementAddsSizesRoundTheCrossingInTheirOrder) {
  const json result =
      short_run({"--transports", "sdp.bcopy,sdp.read_zcopy[registration=none]", "--link",
                 "simulated[copy_mbps=630,link_mbps=1400,cpus=4]", "--wait", "spin", "--sizes", "16K,64K,256K,1M",
                 "--rounds", "1", "--restarts", "1", "--duration", "50ms", "--refine", "3"});
  std::vector<std::uint64_t> sizes;
  for (const json& point : result["plan"]["points"]) sizes.push_back(point["size"]);
  ASSERT_EQ(sizes.size(), 7u);
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
  for (const std::uint64_t size : sizes)
    if (size % (16 << 10) != 0 || size == (128 << 10)) EXPECT_TRUE(size > (64 << 10) && size < (256 << 10)) << size;
  EXPECT_EQ(result["crossovers"][0]["verdict"], "at");
}

}  // namespace
}  // namespace xover::test
