// Two hosts as far as the network is concerned: the server in a network namespace of its own, joined to this one by a
// cable that the tests cut for a while, or for good.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/remote/key_file.h"
#include "tests/server/serve_process.h"
#include "tests/support/sanitizer.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

// RFC 2544's network for benchmarks, as far from everybody's as can be.
constexpr const char *near_address = "198.19.77.1", *far_address = "198.19.77.2";

int shell(const std::string& line) { return run_program({"sh", "-c", line}).exit_code; }

class PeerLink : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces are made as root here";
    ASSERT_TRUE(make_key_file(folder_.path("key")));
    // The shell waits for the cable, and becomes the server.
    far_ = std::make_unique<ChildProcess>(std::vector<std::string>{
        "unshare", "--net", "sh", "-c",
        "log=$1; shift; until ip link set far up 2>/dev/null; do sleep 0.05; done; ip link set lo up; ip address add " +
            std::string(far_address) + "/24 dev far; exec \"$@\" 2>\"$log\"",
        "sh", folder_.path("log"), xover_program(), "serve", "--listen", far_address, "--key-file",
        folder_.path("key")});
    const std::string join = "ip link add " + near_ + " type veth peer name far netns " + std::to_string(far_->pid());
    if (!comes_true([&] {
          return shell("test \"$(readlink /proc/self/ns/net)\" != \"$(readlink /proc/" + std::to_string(far_->pid()) +
                       "/ns/net)\"") == 0;
        }))
      FAIL() << "no namespace was made";
    if (shell(join) != 0) GTEST_SKIP() << "no veth can be made here";
    ASSERT_EQ(
        shell("ip address add " + std::string(near_address) + "/24 dev " + near_ + " && ip link set " + near_ + " up"),
        0);
    ASSERT_TRUE(comes_true([&] { return log().find("listening on") != std::string::npos; })) << log();
  }

  void TearDown() override { shell("ip link del " + near_ + " 2>/dev/null"); }

  std::string log() const {
    std::ifstream file(folder_.path("log"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::unique_ptr<XoverRun> run(const std::string& transports, const std::string& rounds,
                                const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{
        "run",        "--transports", transports, "--peer", far_address,   "--key-file", folder_.path("key"),
        "--size",     "16K",          "--rounds", rounds,   "--restarts",  "1",          "--no-gate",
        "--duration", "30ms",         "--warmup", "5ms",    "--no-report", "--json",     folder_.path("result.json")};
    words.insert(words.end(), more.begin(), more.end());
    return std::make_unique<XoverRun>(words);
  }

  json result() const { return json::parse(file_text(folder_.path("result.json"))); }

  TemporaryFolder folder_;
  const std::string near_ = "xvn" + std::to_string(getpid() % 100000);
  std::unique_ptr<ChildProcess> far_;
};

TEST_F(PeerLink, EveryCellIsMeasuredOrSaysWhyNot) {
  const auto both = run("tcp.*,udp.send,uring.*", "1", {"--direction", "to_peer,from_peer"});
  const ChildResult ended = both->wait(seconds(240));
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::string text = file_text(folder_.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  std::size_t measured = 0;
  const json found = json::parse(text);
  for (const json& cell : found["cells"]) {
    if (cell["status"] == "skipped") {
      EXPECT_NE(cell.value("reason", ""), "");
      continue;
    }
    EXPECT_EQ(cell["status"], "ok") << cell["variant"] << ": " << cell.value("reason", "");
    EXPECT_EQ(cell["link_facts"]["near_interface"], near_);
    EXPECT_EQ(cell["link_facts"]["far_interface"], "far");
    EXPECT_EQ(cell["link_facts"]["far_driver"], "veth");
    ++measured;
  }
  EXPECT_GE(measured, 8U) << ended.err << log();
}

TEST_F(PeerLink, ACableThatIsOutForAWhileIsSurvived) {
  const auto run_here = run("tcp.send", "30");
  ASSERT_TRUE(comes_true([&] { return log().find("has its turn") != std::string::npos; }));
  std::this_thread::sleep_for(seconds(1));
  ASSERT_EQ(shell("ip link set " + near_ + " down"), 0);
  std::this_thread::sleep_for(seconds(3));
  ASSERT_EQ(shell("ip link set " + near_ + " up"), 0);
  const ChildResult ended = run_here->wait(seconds(180));
  const json found = result();
  // A sample that the outage hit may have failed; the run went on to its end all the same.
  EXPECT_TRUE(found["complete"]) << ended.err;
  EXPECT_EQ(log().find("out of reach"), std::string::npos) << log();
}

TEST_F(PeerLink, ACableThatIsOutForGoodIsTold) {
  const auto run_here = run("tcp.send", "5000");
  ASSERT_TRUE(comes_true([&] { return log().find("has its turn") != std::string::npos; }));
  std::this_thread::sleep_for(seconds(1));
  ASSERT_EQ(shell("ip link set " + near_ + " down"), 0);
  const auto cut = std::chrono::steady_clock::now();
  const ChildResult ended = run_here->wait(seconds(90));
  EXPECT_LT(std::chrono::steady_clock::now() - cut, seconds(10) + seconds(under_sanitizer ? 20 : 5)) << ended.err;
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_NE(ended.err.find("the far side"), std::string::npos) << ended.err;
  EXPECT_EQ(result_problems(file_text(folder_.path("result.json"))), std::vector<std::string>());

  // The server notices as well, and takes the next client.
  ASSERT_EQ(shell("ip link set " + near_ + " up"), 0);
  const auto next = run("tcp.send", "1");
  const ChildResult after = next->wait(seconds(90));
  EXPECT_EQ(after.exit_code, 0) << after.err << log();
}

}  // namespace
}  // namespace xover::test
