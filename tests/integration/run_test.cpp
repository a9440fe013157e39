// `xover run` over every transport that can run here: what it measures, and what it says about it.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

constexpr const char* handover_classes[] = {"kernel_by_design", "kernel_after_request", "driver", "zero_copied",
                                            "unverified"};

std::uint64_t sum_of_classes(const json& ledger) {
  std::uint64_t sum = 0;
  for (const char* name : handover_classes) sum += ledger[name].get<std::uint64_t>();
  return sum;
}

void expect_whole_ledger(const json& side, const std::string& where) {
  const json& ledger = side["ledger"];
  EXPECT_EQ(sum_of_classes(ledger), ledger["completed"].get<std::uint64_t>()) << where;
}

// Everything that holds for each cell of a transport with receiver, whatever the transport.
void expect_sound(const json& cell, std::size_t rounds) {
  const std::string name = cell["variant"].get<std::string>() + " " + cell["workload"].get<std::string>();
  ASSERT_EQ(cell["status"], "ok") << name << ": " << cell.value("reason", "");
  EXPECT_EQ(cell["rounds"].size(), rounds) << name;
  EXPECT_EQ(cell["rounds_accepted"].get<std::size_t>(), rounds) << name;
  EXPECT_GT(cell["bytes"].get<std::uint64_t>(), 0u) << name;
  EXPECT_GT(cell["goodput_gbps"]["median"].get<double>(), 0) << name;
  for (const json& round : cell["rounds"]) {
    expect_whole_ledger(round["sender"], name);
    expect_whole_ledger(round["receiver"], name);
    EXPECT_GT(round["sender"]["ledger"]["completed"].get<std::uint64_t>(), 0u) << name;
  }
}

class EveryTransport : public testing::TestWithParam<const char*> {};

// touch=verify makes the receiver compare each byte with what was sent; a byte that differs fails the cell.
TEST_P(EveryTransport, MovesItsBytesAndBooksEachOnce) {
  const auto ids = usable_transports(Receiver::needed);
  ASSERT_FALSE(ids.empty());
  const json result = short_run({"--transports", with_commas(ids), "--workload", GetParam(), "--touch", "verify",
                                 "--sizes", "64,16K", "--depth", "4"});
  EXPECT_EQ(result["complete"], true);
  ASSERT_EQ(result["cells"].size(), 2 * ids.size());
  for (const json& cell : result["cells"]) expect_sound(cell, 2);
}

TEST_P(EveryTransport, MovesItsBytesAndBooksEachOnceWhereItCanOnlySpin) {
  const auto ids = usable_transports(Receiver::needed, Wait::only_spin);
  if (ids.empty()) GTEST_SKIP() << "no transport that can run here is one that only spins";
  const json result = short_run({"--transports", with_commas(ids), "--workload", GetParam(), "--touch", "verify",
                                 "--sizes", "64,16K", "--depth", "4", "--wait", "spin"});
  EXPECT_EQ(result["complete"], true);
  ASSERT_EQ(result["cells"].size(), 2 * ids.size());
  for (const json& cell : result["cells"]) expect_sound(cell, 2);
}

INSTANTIATE_TEST_SUITE_P(Workloads, EveryTransport, testing::Values("stream", "pingpong", "paced"),
                         [](const auto& one) { return one.param; });

TEST(Run, ZeroCopyOverLoopbackIsCopiedAfterAllAndSaysSo) {
  const json result = short_run({"--transports", "tcp.zerocopy", "--sizes", "4K,256K", "--depth", "8"});
  for (const json& cell : result["cells"]) {
    if (cell["status"] == "skipped") GTEST_SKIP() << cell["reason"];
    const json& ledger = cell["ledger"]["sender"];
    EXPECT_EQ(ledger["zero_copied"], 0);
    EXPECT_GT(ledger["completed"], 0);
    EXPECT_EQ(ledger["kernel_after_request"], ledger["completed"]);
    const json& warnings = cell["warnings"];
    EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(),
                            [](const json& warning) { return warning["kind"] == "copied_after_request"; }));
  }
}

TEST(Run, NothingReceivesOnTheSink) {
  const json result = short_run({"--transports", "null"});
  const json& cell = result["cells"][0];
  EXPECT_EQ(cell["status"], "ok");
  EXPECT_FALSE(cell.contains("goodput_gbps"));
  EXPECT_GT(cell["handed_over_gbps"]["median"], 0);
}

TEST(Run, VariantsOfOneTransportAreComparedUnderTheirLabels) {
  const json result = short_run({"--transports", "tcp.send@lo=a,tcp.send@lo=b", "--rounds", "6"});
  const json& comparisons = result["comparisons"];
  ASSERT_FALSE(comparisons.empty());
  for (const json& comparison : comparisons) {
    EXPECT_EQ(comparison["baseline"], "a");
    EXPECT_EQ(comparison["candidate"], "b");
    EXPECT_EQ(comparison["rounds"], 6);
    EXPECT_NE(comparison["verdict"], "too_few_rounds");
  }
}

TEST(Run, TooFewRoundsGiveNoVerdict) {
  const json result = short_run({"--transports", "tcp.send,tcp.sendmsg"});
  ASSERT_FALSE(result["comparisons"].empty());
  for (const json& comparison : result["comparisons"]) EXPECT_EQ(comparison["verdict"], "too_few_rounds");
}

TEST(Run, MoreWorkersThanCoresAreWarnedOf) {
  const json result = short_run({"--transports", "tcp.send", "--connections", "64"});
  const json& cell = result["cells"][0];
  EXPECT_EQ(cell["sender_cores"].size(), 64u);
  std::vector<unsigned> cores = cell["sender_cores"];
  for (const json& core : cell["receiver_cores"]) cores.push_back(core);
  std::sort(cores.begin(), cores.end());
  if (std::adjacent_find(cores.begin(), cores.end()) == cores.end()) GTEST_SKIP() << "128 cores or more";
  const json& warnings = cell["warnings"];
  EXPECT_TRUE(std::any_of(warnings.begin(), warnings.end(),
                          [](const json& warning) { return warning["kind"] == "oversubscribed"; }));
}

// Few machines have every kind of neighbourhood: what this one lacks is skipped, and says so.
TEST(Run, PlacementsThatTheMachineLacksAreSkipped) {
  const json all = short_run({"--transports", "tcp.send", "--placement", "auto,smt_sibling,cross_package"});
  const json& cells = all["cells"];
  const auto skipped =
      std::find_if(cells.begin(), cells.end(), [](const json& cell) { return cell["status"] == "skipped"; });
  if (skipped == cells.end()) GTEST_SKIP() << "this machine has SMT siblings and two packages";
  EXPECT_NE(skipped->value("reason", ""), "");
  const json none = short_run({"--transports", "tcp.send", "--placement", (*skipped)["placement"]}, 3);
  EXPECT_EQ(none["cells"][0]["status"], "skipped");
}

TEST(Run, PlacementsByTheNetworkCardAreSkippedOnLinksWithoutOne) {
  const json all = short_run({"--transports", "tcp.send", "--placement", "near_nic,rx_cpu,rx_sibling,rx_same_l3"}, 3);
  ASSERT_EQ(all["cells"].size(), 4U);
  for (const json& cell : all["cells"]) {
    EXPECT_EQ(cell["status"], "skipped");
    EXPECT_NE(cell.value("reason", "").find("needs a link through a network interface"), std::string::npos) << cell;
  }
}

TEST(Run, TwoAtOnceDoNotGetInEachOthersWay) {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& file) {
    return short_run_arguments({"--transports", with_commas(usable_transports(Receiver::needed)), "--sizes", "4K",
                                "--touch", "verify", "--json", folder.path(file)});
  };
  XoverRun one(arguments("one.json")), other(arguments("other.json"));
  EXPECT_EQ(one.wait(std::chrono::seconds(60)).exit_code, 0);
  EXPECT_EQ(other.wait(std::chrono::seconds(60)).exit_code, 0);
  for (const char* file : {"one.json", "other.json"}) {
    const json result = json::parse(file_text(folder.path(file)));
    ASSERT_FALSE(result["cells"].empty());
    for (const json& cell : result["cells"]) expect_sound(cell, 2);
  }
}

}  // namespace
}  // namespace xover::test
