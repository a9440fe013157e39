// The test of the sheets can fail: promises that are broken, blocks out of form, and what is shortened how.
#include <gtest/gtest.h>

#include "tests/labs/lab_sheet.h"
#include "tests/labs/promises.h"
#include "tests/labs/shortened.h"

namespace xover::test {
namespace {

constexpr const char* printed =
    "size  transport       Gbit/s  sent bytes copied by\n"
    "  4K  tcp.send          4.93  user space ×1\n"
    "      tcp.zerocopy      2.11  nobody\n"
    "\n"
    "who won\n"
    "  * 4K on lo: tcp.zerocopy moves 0.43 of what tcp.send\n"
    "    moves: slower.\n"
    "does it hold here?\n"
    "  not here  the claim (figure 5)\n"
    "            virtual time: 125K\n";

using Lines = std::vector<std::string>;

TEST(Promises, AreKeptByLinesInTheirOrder) {
  EXPECT_EQ(first_broken_promise(printed, {"4K tcp.send 4.93 ... user", "tcp.zerocopy ... nobody", "who won"}), "");
  EXPECT_EQ(first_broken_promise(printed, {"who won", "tcp.zerocopy ... nobody"}), "tcp.zerocopy ... nobody");
  EXPECT_EQ(first_broken_promise(printed, {"who won", "who won"}), "who won");
}

TEST(Promises, AreBrokenByAnotherWordOrFigure) {
  for (const char* broken : {"tcp.zerocopy ... kernel", "4K tcp.send 4.9", "K tcp.send", "tcp.send ... nobody", "..."})
    EXPECT_EQ(first_broken_promise(printed, {broken}), broken);
}

TEST(Promises, TakeABrokenSentenceForOneLine) {
  EXPECT_EQ(first_broken_promise(printed, {"* 4K on lo: ... tcp.send moves: slower"}), "");
  EXPECT_EQ(first_broken_promise(printed, {"... the claim (figure 5) virtual time: 125K"}), "");
  EXPECT_NE(first_broken_promise(printed, {"yes the claim"}), "");
}

TEST(Promises, MayBeExcusedByWhatTheProgramSaysOnly) {
  EXPECT_EQ(what_is_missing_here(printed), "");
  EXPECT_EQ(what_is_missing_here("  * a (4K) was skipped: the budget was spent before its turn.\n"), "");
  EXPECT_NE(what_is_missing_here("  * a (4K) was skipped: not_permitted: run as root.\n"), "");
  EXPECT_NE(what_is_missing_here("  no        t1 unavailable: perf_event_open\n"), "");
}

TEST(Promises, MayFailForWantOfARightOnly) {
  const std::string wanted = "  * a (4K) failed: cubic; or add it\n    to tcp_allowed_congestion_control.\n";
  EXPECT_NE(what_only_root_may(wanted), "");
  EXPECT_EQ(what_only_root_may(wanted + "  * b (4K) failed: the peer died.\n"), "");
  EXPECT_EQ(what_only_root_may(printed), "");
}

TEST(LabSheet, HasItsCommandsWithTheirPromises) {
  const auto blocks = blocks_of("sheet",
                                "text `build/xover list --json` and `build/xover list`\n"
                                "```sh\nbuild/xover list\nbuild/xover run \\\n  --sizes 4K\n```\n\n"
                                "   ```output\n   null ... usable\n   ```\n"
                                "```sh root\nip link\n```\n```\nanything\n```\n");
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[0].line, 2u);
  EXPECT_EQ(blocks[0].lines, (Lines{"build/xover list", "build/xover run --sizes 4K"}));
  EXPECT_EQ(blocks[0].promised, (Lines{"null ... usable"}));
  EXPECT_EQ(blocks[1].place, Place::as_root);
  EXPECT_EQ(blocks[2].lines, (Lines{"build/xover list --json"}));
  for (const LabBlock& block : blocks) EXPECT_EQ(block.error, "");
}

TEST(LabSheet, OutOfFormIsAnError) {
  for (const char* wrong : {"```sh\nls\n```\n", "```sh\n```\n", "```sh later\nbuild/xover list\n```\n",
                            "```output\nwho won\n```\n", "```sh\nbuild/xover list\n```\n```output\n```\n"}) {
    const auto blocks = blocks_of("sheet", wrong);
    ASSERT_FALSE(blocks.empty()) << wrong;
    EXPECT_NE(blocks.back().error, "") << wrong;
  }
}

TEST(LabSheet, HasCallsWithinLinesForElsewhere) {
  EXPECT_EQ(calls_within("./dev guest run -- build/xover run --sizes 4K"), (Lines{"build/xover run --sizes 4K"}));
  EXPECT_EQ(calls_within("sh -c 'build/xover run dpdk' and more"), (Lines{"build/xover run dpdk"}));
  EXPECT_EQ(calls_within("build/tests/bench/bench_verbs"), Lines{});
}

TEST(Shortened, RunsKeepWhatAVerdictTakes) {
  EXPECT_EQ(shortened("build/xover run hft"),
            "build/xover run hft --rounds 1 --restarts 1 --duration 10ms --warmup 2ms --no-gate");
  EXPECT_EQ(shortened("build/xover run --rounds 6 --sizes 4K"),
            "build/xover run --sizes 4K --rounds 6 --restarts 1 --duration 10ms --warmup 2ms --no-gate");
  EXPECT_NE(shortened("build/xover run --rounds 16").find("--rounds 1 "), std::string::npos);
  EXPECT_NE(shortened("build/xover run pa02 --json a.json").find("--sizes 4K --connections 1 --pool 4M"),
            std::string::npos);
  EXPECT_EQ(shortened("build/xover run pa02 --sizes 16K").find("--sizes 4K"), std::string::npos);
  EXPECT_EQ(shortened("build/xover threshold --budget 60s"), "build/xover threshold --budget 3s --no-gate");
  EXPECT_NE(shortened("build/xover run webserver --pool 32M").find("--pool 1M"), std::string::npos);
}

TEST(Shortened, WhatIsNoMeasurementStays) {
  for (const char* line : {"build/xover list", "build/xover run sdp2006 --connections 1", "ip link del a"})
    EXPECT_EQ(shortened(line), line);
  EXPECT_EQ(shortened("build/xover run sdp2006"), "build/xover run sdp2006 --sizes 4K --connections 1 --pool 4M");
  EXPECT_EQ(shortened_for_a_sanitizer("build/xover run sdp2006 --connections 1"),
            "build/xover run sdp2006 --connections 1 --budget 2s");
}

}  // namespace
}  // namespace xover::test
