// RDMA and SDP through the real program: on memory of one host between two processes and between two threads, on a
// virtual clock, and where there is no device.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/integration/short_run.h"
#include "tests/support/child_process.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

const std::vector<std::string> sdp_ids{"sdp.bcopy", "sdp.read_zcopy", "sdp.write_zcopy", "sdp.auto"};

std::string on_link(const std::vector<std::string>& ids, const std::string& link) {
  std::vector<std::string> variants;
  for (const std::string& id : ids) variants.push_back(id + "@" + link);
  return with_commas(variants);
}

const std::vector<std::string>& all_ids() {
  static const std::vector<std::string> ids = [] {
    std::vector<std::string> all{"rdma.send", "rdma.write", "rdma.read"};
    all.insert(all.end(), sdp_ids.begin(), sdp_ids.end());
    return all;
  }();
  return ids;
}

// Every byte was compared with what was sent.
void expect_verified(const json& result, const std::string& form) {
  ASSERT_EQ(result["cells"].size(), all_ids().size());
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["status"], "ok") << cell["variant"] << ": " << cell.value("reason", "");
    EXPECT_EQ(cell["form"], form) << cell["variant"];
    EXPECT_GT(cell["bytes"].get<std::uint64_t>(), 0u) << cell["variant"];
  }
}

TEST(Rdma, RunsBetweenTwoProcesses) {
  const json result = short_run({"--transports", on_link(all_ids(), "local"), "--touch", "verify", "--size", "50000"});
  expect_verified(result, "two processes");
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["clock"], "wall");
    EXPECT_EQ(cell["ledger"]["receiver"]["driver"], cell["ledger"]["receiver"]["completed"])
        << cell["variant"] << ": what a fabric in memory moves, it copies";
  }
}

TEST(Rdma, RunsBetweenTwoThreads) {
  expect_verified(
      short_run({"--transports", on_link(all_ids(), "local[ends=threads]"), "--touch", "verify", "--size", "50000"}),
      "one process");
}

TEST(Rdma, RunsOnAVirtualClockTheSameEachTime) {
  const std::vector<std::string> arguments{"--transports",  on_link(all_ids(), "simulated"),
                                           "--wait",        "spin",
                                           "--touch",       "verify",
                                           "--rounds",      "1",
                                           "--connections", "2"};
  const json first = short_run(arguments), second = short_run(arguments);
  expect_verified(first, "one thread");
  for (std::size_t i = 0; i < first["cells"].size(); ++i) {
    const json& cell = first["cells"][i];
    EXPECT_EQ(cell["clock"], "virtual");
    EXPECT_EQ(cell["substrate"], "simulated");
    EXPECT_EQ(cell["sender_cores"], json::array());
    EXPECT_EQ(cell["goodput_gbps"], second["cells"][i]["goodput_gbps"]) << cell["variant"];
    EXPECT_EQ(cell["bytes"], second["cells"][i]["bytes"]) << cell["variant"];
  }
}

TEST(Rdma, EachRoundOnAVirtualClockHasASeedOfItsOwn) {
  const json result = short_run({"--transports", "sdp.bcopy@simulated[seed=7]", "--wait", "spin", "--rounds", "3"});
  ASSERT_EQ(result["cells"].size(), 1u);
  EXPECT_EQ(result["cells"][0]["rounds"].size(), 3u);
  EXPECT_EQ(result["cells"][0]["link"], "simulated[seed=7]");
}

// A model's figures beside a machine's: in tables of their own, and not compared.
TEST(Rdma, VirtualTimeSharesNoComparisonWithAWallClock) {
  const json result =
      short_run({"--transports", "sdp.bcopy@local,sdp.bcopy@simulated,sdp.read_zcopy@simulated", "--wait", "spin"});
  ASSERT_FALSE(result["comparisons"].empty());
  for (const json& comparison : result["comparisons"]) {
    EXPECT_EQ(comparison["baseline"], "sdp.bcopy@simulated");
    EXPECT_EQ(comparison["clock"], "virtual");
  }
}

TEST(Rdma, TellsPeopleThatTimeIsVirtual) {
  const ChildResult ended =
      run_program({xover_program(), "run", "--transports", "sdp.bcopy@simulated,sdp.read_zcopy@simulated", "--wait",
                   "spin", "--rounds", "1", "--duration", "5ms", "--warmup", "0ms", "--sizes", "4K,64K,1M"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* part : {"virtual clock", "virtual goodput", "[virtual time] On simulated", "one thread"})
    EXPECT_NE(ended.out.find(part), std::string::npos) << part << " is missing in\n" << ended.out;
}

TEST(Sdp, KeepsTheAccountOfATransfer) {
  const json result =
      short_run({"--transports", on_link(sdp_ids, "local"), "--size", "256K", "--depth", "2", "--pool", "512K"});
  for (const json& cell : result["cells"]) {
    ASSERT_TRUE(cell.contains("account")) << cell["variant"];
    for (const char* side : {"sender", "receiver"}) {
      const json& phases = cell["account"][side]["phases"];
      for (const char* name :
           {"lookup", "register", "advert_wait", "wire", "completion_message", "wake_up", "copy", "deregister"})
        EXPECT_TRUE(phases.contains(name)) << cell["variant"] << ' ' << side << ' ' << name;
    }
  }
  const json& bcopy = result["cells"][0]["account"];
  EXPECT_EQ(bcopy["sender"]["transfers"], 0);
  EXPECT_GT(bcopy["sender"]["phases"]["copy"]["ns_per_message"], 0);
  EXPECT_GT(bcopy["receiver"]["phases"]["copy"]["ns_per_message"], 0);
  const json& read = result["cells"][1]["account"];
  EXPECT_GT(read["sender"]["transfers"], 0);
  EXPECT_GT(read["receiver"]["phases"]["wire"]["ns_per_message"], 0);
  EXPECT_GT(read["sender"]["hit_rate"], 0) << "memory of the session that is sent again and again";
}

TEST(Sdp, ShowsTheAccountAsATable) {
  const ChildResult ended = run_program({xover_program(), "run", "--transports", "sdp.read_zcopy@local", "--rounds",
                                         "1", "--duration", "20ms", "--no-gate", "--sizes", "64K,1M"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const char* part : {"the account of a transfer", "wire", "cache hits"})
    EXPECT_NE(ended.out.find(part), std::string::npos) << part << " is missing in\n" << ended.out;
}

TEST(Sdp, WithoutAccountThereIsNone) {
  const json result = short_run({"--transports", "sdp.read_zcopy[account=off]@local"});
  EXPECT_EQ(result["cells"][0]["status"], "ok");
  EXPECT_FALSE(result["cells"][0].contains("account"));
}

TEST(Rdma, ADeviceThatIsNotThereIsNamed) {
  const json result = short_run({"--transports", "rdma.send@verbs:nosuch0,rsocket@verbs:nosuch0"}, 3);
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["status"], "skipped") << cell["variant"];
    EXPECT_FALSE(cell["remedy"].get<std::string>().empty()) << cell["variant"];
  }
}

TEST(Rdma, BadOptionsOfALinkAreUsageErrors) {
  const auto message_of = [](const std::string& variant) {
    const ChildResult ended = run_program({xover_program(), "run", "--transports", variant});
    EXPECT_EQ(ended.exit_code, 2) << variant;
    return ended.err;
  };
  EXPECT_NE(message_of("sdp.bcopy@local[ends=both]").find("processes, threads"), std::string::npos);
  EXPECT_NE(message_of("sdp.bcopy@simulated[sede=1]").find("'seed'"), std::string::npos);
  EXPECT_NE(message_of("sdp.bcopy@simulated").find("use wait spin"), std::string::npos);
  EXPECT_NE(message_of("rdma.send@lo").find("rdma.send@local"), std::string::npos);
}

TEST(Sdp2006, FindsTheCrossoversInVirtualTime) {
  const TemporaryFolder folder;
  const ChildResult ended = run_program({xover_program(), "run", "sdp2006", "--sizes", "16K,64K,256K", "--connections",
                                         "1,8", "--duration", "20ms", "--json", folder.path("result.json")});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::string text = file_text(folder.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json result = json::parse(text);
  EXPECT_EQ(result["crossovers"].size(), 2u);
  for (const json& crossover : result["crossovers"]) EXPECT_EQ(crossover["clock"], "virtual");
  ASSERT_EQ(result["findings"].size(), 7u);
  const std::string one = result["findings"][0]["figure"];
  EXPECT_NE(one.find("the closed form 128K; set by the model's costs"), std::string::npos) << one;
  EXPECT_NE(ended.out.find("does it hold here?"), std::string::npos) << ended.out;
}

}  // namespace
}  // namespace xover::test
