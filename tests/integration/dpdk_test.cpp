// DPDK's rows through the real program where their link cannot be had, or is taken away: a clear word within seconds,
// and the exit code that belongs to it. Interfaces are made in a network namespace that ends with the run.
#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// xover in a namespace of its own with the two ends of a veth pair, xc_a and xc_b. Their indexes are far apart, because
// DPDK's af_packet driver names a group by process and interface, and neighbours in both may get the same name.
const std::vector<std::string> beside_a_veth_pair{
    "unshare", "--net", "sh", "-c",
    "ip link add name xc_a index 10 type veth peer name xc_b index 20010 && ip link set xc_a up && "
    "ip link set xc_b up && exec \"$0\" \"$@\""};

#define NEEDS_DPDK_LINK(name) \
  if (!link_is_usable(name)) GTEST_SKIP() << "link " << (name) << " cannot be used here: see xover list"

// Of the one cell.
json only_cell(const json& result) {
  EXPECT_EQ(result["cells"].size(), 1u);
  return result["cells"].empty() ? json() : result["cells"][0];
}

TEST(Dpdk, AnMtuWithoutRoomForTheHeadersSkipsTheCell) {
  NEEDS_DPDK_LINK("ring");
  const json cell = only_cell(short_run({"--transports", "dpdk.copy", "--link", "ring[mtu=40]", "--wait", "spin"}, 3));
  EXPECT_EQ(cell["status"], "skipped");
  EXPECT_NE(cell["reason"].get<std::string>().find("headers"), std::string::npos) << cell["reason"];
}

TEST(Dpdk, AnInterfaceThatIsNotThereIsNamed) {
  NEEDS_DPDK_LINK("af_packet");
  const json cell =
      only_cell(short_run({"--transports", "dpdk.copy", "--link", "af_packet:nosuch0+nosuch1", "--wait", "spin"}, 3));
  EXPECT_EQ(cell["status"], "skipped");
  EXPECT_NE(cell["reason"].get<std::string>().find("nosuch"), std::string::npos) << cell["reason"];
}

TEST(Dpdk, ACardThatIsNotThereIsNamed) {
  NEEDS_DPDK_LINK("ring");
  const json cell = only_cell(
      short_run({"--transports", "dpdk.mbuf", "--link", "pci:0000:00:1e.6+0000:00:1e.7", "--wait", "spin"}, 3));
  EXPECT_EQ(cell["status"], "skipped");
  EXPECT_NE(cell["reason"].get<std::string>().find("0000:00:1e."), std::string::npos) << cell["reason"];
  EXPECT_FALSE(cell["remedy"].get<std::string>().empty());
}

// The run would go on for a minute.
TEST(Dpdk, ALinkThatGoesDownFailsItsCellWithinFiveSeconds) {
  NEEDS_DPDK_LINK("af_packet");
  const TemporaryFolder folder;
  XoverRun run({"run", "--transports", "dpdk.mbuf", "--link", "af_packet:xc_a+xc_b", "--wait", "spin", "--size", "1K",
                "--no-gate", "--rounds", "2", "--duration", "30s", "--json", folder.path("result.json")},
               beside_a_veth_pair);
  ASSERT_TRUE(run.has_agents_within(seconds(10)));
  std::this_thread::sleep_for(seconds(2));
  ASSERT_FALSE(run.ends_within(seconds(0)));
  const std::string pid = std::to_string(run.pid());
  ASSERT_EQ(run_program({"nsenter", "--net=/proc/" + pid + "/ns/net", "ip", "link", "set", "xc_b", "down"}).exit_code,
            0);
  EXPECT_TRUE(run.ends_within(seconds(10))) << "5 s for the cell, and as much for its agents to end";
  const ChildResult ended = run.wait(seconds(60));
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_TRUE(run.processes().empty());
  const std::string text = file_text(folder.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json cell = only_cell(json::parse(text));
  EXPECT_EQ(cell["status"], "failed");
  EXPECT_EQ(cell["link"], "af_packet:xc_a+xc_b");
  EXPECT_NE(cell["reason"].get<std::string>().find("Network is down"), std::string::npos) << cell["reason"];
}

}  // namespace
}  // namespace xover::test
