// Links that are made for a run, through the real program: what each proves of zero-copy, what its rows say of it, what
// an ordinary user gets, and that nothing of them is left.
#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t much_bytes = 1 << 20;

// What the sender of each cell booked, as a share of all it sent.
double share_of(const json& cell, const char* handover) {
  const json& sender = cell["ledger"]["sender"];
  return sender[handover].get<double>() / sender["completed"].get<double>();
}

json cells_of(const json& result) {
  EXPECT_FALSE(result["cells"].empty());
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["status"], "ok") << cell["variant"] << ": " << cell.value("reason", "");
    if (cell["status"] == "ok") {
      EXPECT_GT(cell["ledger"]["sender"]["completed"], much_bytes) << cell["variant"];
    }
  }
  return result["cells"];
}

#define NEEDS_LINK(name) \
  if (!link_is_usable(name)) GTEST_SKIP() << "link " << (name) << " cannot be made here: see xover list"

TEST(Links, VethCopiesAfterAllAndVethDmaDoesNot) {
  NEEDS_LINK("veth_dma");
  const json result = short_run({"--transports", "tcp.zerocopy", "--links", "lo,veth,veth_dma", "--sizes", "64K",
                                 "--depth", "16", "--duration", "100ms", "--touch", "verify"});
  for (const json& cell : cells_of(result)) {
    const bool dma = cell["link"] == "veth_dma";
    EXPECT_GT(share_of(cell, dma ? "zero_copied" : "kernel_after_request"), 0.99) << cell["link"];
    EXPECT_EQ(cell["substrate"], "soft_device");
  }
}

TEST(Links, IfbHasNoReceiverAndTakesWhatIsLent) {
  NEEDS_LINK("ifb");
  const json result = short_run({"--transports", "udp.send[gso=1472],udp.zerocopy[gso=1472]", "--link", "ifb",
                                 "--sizes", "32K", "--depth", "16", "--duration", "100ms"});
  for (const json& cell : cells_of(result)) {
    EXPECT_FALSE(cell.contains("goodput_gbps"));
    EXPECT_GT(cell["handed_over_gbps"]["median"], 0);
    const bool lends = cell["transport"] == "udp.zerocopy";
    EXPECT_GT(share_of(cell, lends ? "zero_copied" : "kernel_by_design"), 0.99);
  }
}

TEST(Links, OptionsAreOnTheRowAsGranted) {
  NEEDS_LINK("veth");
  const json result =
      short_run({"--transports", "tcp.sendmsg", "--links", "veth[mtu=4000,queues=2,offloads=off],veth"});
  const json cells = cells_of(result);
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0]["link"], "veth[mtu=4000,offloads=off,queues=2]");
  EXPECT_EQ(cells[0]["link_facts"]["mtu_bytes"], "4000");
  EXPECT_EQ(cells[0]["link_facts"]["tx_queues"], "2");
  EXPECT_EQ(cells[0]["link_facts"]["tso"], "off");
  EXPECT_EQ(cells[1]["link_facts"]["mtu_bytes"], "1500");
  EXPECT_EQ(cells[1]["link_facts"]["tso"], "on");
}

TEST(Links, WrongOptionsAreAUsageError) {
  for (const char* link :
       {"veth[mtu=10]", "veth[mtu=x]", "veth[speed=1]", "lo[mtu=1500]", "veth[mtu=1500", "veth:eth0"}) {
    const ChildResult ended = run_program({xover_program(), "run", "--transports", "tcp.sendmsg", "--link", link});
    EXPECT_EQ(ended.exit_code, 2) << link << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  }
}

TEST(Links, AnInterfaceThatIsNotThereIsNamed) {
  NEEDS_LINK("wire");
  const json result = short_run({"--transports", "tcp.sendmsg", "--link", "wire:nosuch0+nosuch1"}, 3);
  ASSERT_EQ(result["cells"].size(), 1u);
  EXPECT_EQ(result["cells"][0]["status"], "skipped");
  EXPECT_NE(result["cells"][0]["reason"].get<std::string>().find("nosuch0"), std::string::npos)
      << result["cells"][0]["reason"];
}

TEST(Links, NothingOfThemIsLeftWhenTheRunIsKilled) {
  NEEDS_LINK("veth");
  XoverRun run(short_run_arguments({"--transports", "tcp.sendmsg", "--link", "veth", "--duration", "2s"}));
  ASSERT_TRUE(run.has_agents_within(std::chrono::seconds(10)));
  std::set<std::uint64_t> namespaces;
  for (int i = 0; i < 1000 && namespaces.size() < 2; ++i, usleep(5000)) {
    for (const pid_t pid : run.processes()) namespaces.insert(network_namespace_of(pid));
    namespaces.erase(network_namespace_of(getpid()));
    namespaces.erase(0);  // of a process that has just gone
  }
  ASSERT_EQ(namespaces.size(), 2u);
  run.signal(SIGKILL);
  EXPECT_TRUE(run.nothing_left_within(std::chrono::seconds(5)));
  run.wait(std::chrono::seconds(5));
  EXPECT_EQ(still_held(namespaces), std::set<std::uint64_t>());
}

// As an ordinary user, who has no capability.
ChildResult run_as_nobody(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
  words.insert(words.end(), {"--inh-caps=-all", "--bounding-set=-all", xover_program()});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program(words);
}

std::string why_not_as_nobody() {
  if (geteuid() != 0) return "needs root, to become somebody else";
  return run_as_nobody({"--version"}).exit_code == 0 ? "" : "the program is where only its owner may look";
}

// Everything is made in a user namespace of his own, or the list says what forbids it.
TEST(Links, AnOrdinaryUserGetsThemOrIsToldWhy) {
  if (const std::string why = why_not_as_nobody(); !why.empty()) GTEST_SKIP() << why;
  const ChildResult ended = run_as_nobody({"list", "--json"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json listed = json::parse(ended.out);
  std::size_t seen = 0;
  for (const json& link : listed["links"]) {
    const std::string name = link["name"];
    if (name != "veth" && name != "veth_dma" && name != "ifb") continue;
    ++seen;
    if (link["status"] == "usable") continue;
    EXPECT_NE(link["cause"], "") << link.dump();
    EXPECT_NE(link["remedy"], "") << link.dump();
  }
  EXPECT_EQ(seen, 3u);
}

TEST(Links, AnOrdinaryUserMeasuresOnVeth) {
  if (const std::string why = why_not_as_nobody(); !why.empty()) GTEST_SKIP() << why;
  const json listed = json::parse(run_as_nobody({"list", "--json"}).out);
  for (const json& link : listed["links"])
    if (link["name"] == "veth" && link["status"] != "usable") GTEST_SKIP() << link["cause"];
  const ChildResult ended = run_as_nobody(
      short_run_arguments({"--transports", "tcp.zerocopy,udp.send", "--link", "veth", "--size", "4K", "--json", "-"}));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json result = json::parse(ended.out);
  ASSERT_EQ(result["cells"].size(), 2u);
  for (const json& cell : result["cells"]) EXPECT_EQ(cell["status"], "ok") << cell.value("reason", "");
}

}  // namespace
}  // namespace xover::test
