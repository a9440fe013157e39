// `xover run --peer`, `threshold --peer` and `list --peer` against a real `xover serve` on this host: what comes back,
// and what is said when either end fails. Each failure is told within 10 s, what was measured is kept, and the server
// is ready for the next client.
#include <signal.h>
#include <unistd.h>

#include <chrono>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/server/serve_process.h"
#include "tests/support/sanitizer.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// What a machine that does several other things adds.
constexpr seconds told_within = seconds(10) + seconds(under_sanitizer ? 20 : 5);

std::vector<std::string> run_words(const std::string& peer, const std::string& json_file, const std::string& key_file,
                                   const std::string& rounds) {
  std::vector<std::string> words{
      "run",      "--transports", "tcp.send,udp.send", "--peer", peer,        "--size",     "4K",
      "--rounds", rounds,         "--restarts",        "1",      "--no-gate", "--duration", "20ms",
      "--warmup", "5ms",          "--no-report",       "--json", json_file};
  if (!key_file.empty()) words.insert(words.end(), {"--key-file", key_file});
  return words;
}

std::vector<std::string> threshold_words(const std::string& peer, const std::string& budget,
                                         const std::string& json_file) {
  return {"threshold", "--copy",      "tcp.send", "--zerocopy", "tcp.sendmsg", "--peer", peer,
          "--sizes",   "1K,16K,256K", "--budget", budget,       "--no-gate",   "--json", json_file};
}

class PeerRun : public testing::Test {
 protected:
  std::string peer() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::string result_file() const { return folder_.path("result.json"); }

  // A short run comes through, so nothing of the one before is left in its way.
  void expect_ready() {
    XoverRun next(run_words(peer(), folder_.path("next.json"), "", "1"));
    const ChildResult ended = next.wait(seconds(90));
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }

  // A run that goes on for minutes, once it has measured something.
  std::unique_ptr<XoverRun> long_run() {
    auto run = std::make_unique<XoverRun>(run_words(peer(), result_file(), "", "5000"));
    EXPECT_TRUE(server_.logs_within("has its turn")) << server_.log();
    EXPECT_TRUE(comes_true([&] { return server_.agents().size() >= 1; }));
    std::this_thread::sleep_for(seconds(2));
    return run;
  }

  // It ended by itself with this in its messages, and kept what it measured.
  void expect_broken_off(XoverRun& run, const std::string& words) {
    const auto began = std::chrono::steady_clock::now();
    const ChildResult ended = run.wait(seconds(90));
    EXPECT_LT(std::chrono::steady_clock::now() - began, told_within);
    EXPECT_EQ(ended.exit_code, 1) << ended.err;
    EXPECT_NE(ended.err.find(words), std::string::npos) << ended.err;
    EXPECT_EQ(result_problems(file_text(result_file())), std::vector<std::string>());
    EXPECT_TRUE(run.nothing_left_within(seconds(5)));
  }

  TemporaryFolder folder_;
  ServeProcess server_{{}, false};
};

TEST_F(PeerRun, BothHostsAreInTheResult) {
  XoverRun run(run_words(peer(), result_file(), "", "2"));
  const ChildResult ended = run.wait(seconds(90));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const std::string text = file_text(result_file());
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json result = json::parse(text);
  EXPECT_EQ(result["peer"]["address"], peer());
  EXPECT_EQ(result["peer"]["environment"]["kernel"], result["environment"]["kernel"]);
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["status"], "ok") << cell.value("reason", "");
    EXPECT_EQ(cell["link"], "net");
    EXPECT_EQ(cell["form"], "two hosts");
    EXPECT_EQ(cell["link_facts"]["far_interface"], "lo");
    for (const json& round : cell["rounds"]) {
      EXPECT_GT(round.value("clock_uncertainty_ns", 0), 0);
      EXPECT_GT(round["receiver"]["counters"].value("interface_rx_bytes", 0), 4096);
    }
  }
  EXPECT_TRUE(server_.logs_within("it said goodbye")) << server_.log();
  EXPECT_TRUE(run.nothing_left_within(seconds(5)));
}

TEST_F(PeerRun, TheOtherHostMaySend) {
  auto words = run_words(peer(), result_file(), "", "2");
  words.insert(words.end(), {"--direction", "from_peer,to_peer"});
  XoverRun run(words);
  const ChildResult ended = run.wait(seconds(90));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json result = json::parse(file_text(result_file()));
  for (const json& cell : result["cells"]) EXPECT_GT(cell["goodput_gbps"]["median"], 0) << cell["direction"];
}

TEST_F(PeerRun, AKilledServerIsTold) {
  const auto run = long_run();
  server_.process().signal(SIGKILL);
  expect_broken_off(*run, "xover serve ended there");
}

TEST_F(PeerRun, AServerThatStopsAnsweringIsTold) {
  const auto run = long_run();
  std::vector<pid_t> stopped = server_.hosts();
  stopped.push_back(server_.pid());
  for (const pid_t pid : stopped) kill(pid, SIGSTOP);
  expect_broken_off(*run, "no sign of life");
  for (const pid_t pid : stopped) kill(pid, SIGCONT);
  expect_ready();
}

TEST_F(PeerRun, AServerThatIsAskedToStopSaysSo) {
  const auto run = long_run();
  server_.process().signal(SIGTERM);
  expect_broken_off(*run, "it ended the run");
}

TEST_F(PeerRun, AKilledAgentFailsItsCellAlone) {
  auto words = run_words(peer(), result_file(), "", "200");
  XoverRun run(words);
  ASSERT_TRUE(comes_true([&] { return !server_.agents().empty(); }));
  std::this_thread::sleep_for(seconds(1));
  const auto agents = server_.agents();
  ASSERT_FALSE(agents.empty());
  kill(agents.front(), SIGKILL);
  const ChildResult ended = run.wait(seconds(180));
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_NE(ended.err.find("killed by signal 9"), std::string::npos) << ended.err;
  std::size_t failed = 0;
  const json result = json::parse(file_text(result_file()));
  for (const json& cell : result["cells"]) failed += cell["status"] == "failed";
  EXPECT_EQ(failed, 1U);
}

TEST_F(PeerRun, AKilledClientLeavesTheServerReady) {
  const auto run = long_run();
  run->signal(SIGKILL);
  (void)run->wait(seconds(10));
  EXPECT_TRUE(server_.logs_within("127.0.0.1")) << server_.log();
  EXPECT_TRUE(comes_true([&] { return server_.hosts().empty(); }, told_within)) << server_.log();
  expect_ready();
}

TEST_F(PeerRun, AFullDiskHereIsToldAtOnce) {
  XoverRun run(run_words(peer(), "/dev/full", "", "1"));
  const ChildResult ended = run.wait(seconds(90));
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("/dev/full"), std::string::npos) << ended.err;
  expect_ready();
}

TEST_F(PeerRun, OneRunWaitsForAnother) {
  const auto first = long_run();
  XoverRun second(run_words(peer(), folder_.path("second.json"), "", "1"));
  EXPECT_TRUE(comes_true(
      [&] { return server_.log().find("run 'command line'") != server_.log().rfind("run 'command line'"); }));
  std::this_thread::sleep_for(seconds(1));
  first->signal(SIGINT);
  (void)first->wait(seconds(60));
  const ChildResult ended = second.wait(seconds(90));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.err.find("waiting for the far side"), std::string::npos) << ended.err;
}

// All of its runs are on the two hosts, and of one turn there.
TEST_F(PeerRun, AThresholdIsBetweenBothHosts) {
  auto words = threshold_words(peer(), under_sanitizer ? "40s" : "12s", result_file());
  const std::string snippet_file = folder_.path("thresholds.toml");
  words.insert(words.end(), {"-o", snippet_file});
  XoverRun run(words);
  const ChildResult ended = run.wait(seconds(120));
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("With 1 connection: "), std::string::npos) << ended.out;
  const std::string snippet = file_text(snippet_file);
  EXPECT_NE(snippet.find("[[threshold]]"), std::string::npos) << snippet;
  EXPECT_NE(snippet.find("\"tcp.sendmsg@net\""), std::string::npos) << snippet;
  const json found = json::parse(file_text(result_file()));
  EXPECT_EQ(found["complete"], true);
  for (const char* part : {"sweep", "fresh"}) {
    ASSERT_TRUE(found.contains(part)) << ended.out;
    EXPECT_EQ(result_problems(found[part].dump()), std::vector<std::string>());
    EXPECT_EQ(found[part]["plan"]["peer"], peer());
    EXPECT_EQ(found[part]["peer"]["address"], peer());
    for (const json& cell : found[part]["cells"]) EXPECT_EQ(cell["form"], "two hosts");
  }
  EXPECT_TRUE(server_.logs_within("it said goodbye")) << server_.log();
  EXPECT_EQ(server_.log().find("has its turn"), server_.log().rfind("has its turn")) << server_.log();
  EXPECT_TRUE(run.nothing_left_within(seconds(5)));
}

TEST_F(PeerRun, AThresholdEndsWithTheServer) {
  XoverRun run(threshold_words(peer(), "600s", result_file()));
  ASSERT_TRUE(server_.logs_within("has its turn")) << server_.log();
  EXPECT_TRUE(comes_true([&] { return server_.agents().size() >= 1; }));
  std::this_thread::sleep_for(seconds(2));
  server_.process().signal(SIGKILL);
  const ChildResult ended = run.wait(seconds(90));
  EXPECT_EQ(ended.exit_code, 1) << ended.err;
  EXPECT_NE(ended.err.find("xover serve ended there"), std::string::npos) << ended.err;
  EXPECT_TRUE(run.nothing_left_within(seconds(5)));
}

TEST_F(PeerRun, ListAsksBoth) {
  const ChildResult listed = run_program({xover_program(), "list", "--json", "--peer", peer()}, seconds(120));
  ASSERT_EQ(listed.exit_code, 0) << listed.err;
  const json list = json::parse(listed.out);
  std::vector<std::string> seen;
  for (const json& transport : list.at("transports")) {
    if (transport.at("id") != "tcp.send") continue;
    for (const json& link : transport.at("links"))
      if (link.at("link") == "net") seen.push_back(link.at("status"));
  }
  EXPECT_EQ(seen, std::vector<std::string>{"usable"});
}

TEST(PeerRunWithout, NobodyListensThere) {
  const ChildResult ended = run_program({xover_program(), "run", "--transports", "tcp.send", "--peer", "127.0.0.1:1"});
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("xover serve"), std::string::npos) << ended.err;
}

TEST(PeerRunWithout, AThresholdRefusesWhatARunRefuses) {
  const TemporaryFolder folder;
  for (const std::vector<std::string>& there : {std::vector<std::string>{"127.0.0.1:1"},
                                                {"a:b:c"},
                                                {"127.0.0.1:1", "--key-file", folder.path("none")},
                                                {"127.0.0.1:1", "--clocks-agree-within", "soon"}}) {
    std::vector<std::string> run{xover_program(), "run", "--transports", "tcp.send", "--peer"};
    std::vector<std::string> threshold{xover_program(), "threshold",   "--copy", "tcp.send",
                                       "--zerocopy",    "tcp.sendmsg", "--peer"};
    run.insert(run.end(), there.begin(), there.end());
    threshold.insert(threshold.end(), there.begin(), there.end());
    const ChildResult refused = run_program(threshold), as_run = run_program(run);
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_EQ(refused.exit_code, as_run.exit_code);
    EXPECT_EQ(refused.err, as_run.err);
    EXPECT_FALSE(refused.err.empty());
  }
}

TEST(PeerRunWithout, ALinkToAnotherHostNeedsOne) {
  const ChildResult ended =
      run_program({xover_program(), "run", "--transports", "tcp.send@net", "--rounds", "1", "--no-report"});
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_NE(ended.out.find("--peer"), std::string::npos) << ended.out;
}

TEST(PeerRunWithout, TheRightKey) {
  const TemporaryFolder folder;
  const ServeProcess server;
  const std::string peer = "127.0.0.1:" + std::to_string(server.port());
  ASSERT_TRUE(make_key_file(folder.path("other")));
  for (const std::string& key_file : {std::string(), folder.path("other")}) {
    XoverRun run(run_words(peer, folder.path("r.json"), key_file, "1"));
    const ChildResult ended = run.wait(seconds(60));
    EXPECT_NE(ended.exit_code, 0);
    EXPECT_NE(ended.err.find("key"), std::string::npos) << ended.err;
  }
  EXPECT_TRUE(server.hosts().empty());
}

}  // namespace
}  // namespace xover::test
