// The server's own end, and what is left of clients after theirs.
#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/server/serve_process.h"
#include "tests/server/test_client.h"
#include "tests/support/sanitizer.h"

namespace xover::test {
namespace {

using json = TestClient::json;
using std::chrono::seconds;

class ServeStopSignal : public testing::TestWithParam<int> {};

TEST_P(ServeStopSignal, EndsTheServerInOrder) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key());
  first.reach_turn();
  first.start_agent();
  second.say_hello();
  second.event("queued");
  const pid_t host = server.hosts().at(0), agent = server.agents().at(0);
  server.process().signal(GetParam());
  EXPECT_EQ(first.event("closing")["why"], "the server is closing");
  EXPECT_EQ(second.event("closing")["why"], "the server is closing");
  EXPECT_TRUE(first.is_closed_within(seconds(30)));
  EXPECT_TRUE(second.is_closed_within(seconds(30)));
  const ChildResult ended = server.process().wait(seconds(30));
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_FALSE(process_runs(host));
  EXPECT_FALSE(process_runs(agent));
  EXPECT_NE(server.log().find("closed"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(By, ServeStopSignal, testing::Values(SIGINT, SIGTERM, SIGHUP),
                         [](const auto& one) { return std::string(sigabbrev_np(one.param)); });

TEST(ServeEnding, AnAgentThatHangsIsNoHindrance) {
  ServeProcess server;
  TestClient client(server.port(), server.key());
  client.reach_turn();
  const auto agent = client.start_agent();
  const pid_t process = server.agents().at(0);
  kill(process, SIGSTOP);
  client.send({{"request", "ask"},
               {"agent", agent},
               {"bound_ns", 60'000'000'000},
               {"body", {{"request", "report"}, {"role", "sender"}}}});
  server.process().signal(SIGTERM);
  client.event("closing");
  EXPECT_EQ(server.process().wait(seconds(30)).exit_code, 0);
  EXPECT_TRUE(comes_true([&] { return !process_runs(process); }));
}

TEST(ServeEnding, AServerThatIsKilledTakesAllWithIt) {
  ServeProcess server;
  TestClient client(server.port(), server.key());
  client.reach_turn();
  client.start_agent();
  client.start_agent();
  const pid_t host = server.hosts().at(0);
  const std::vector<pid_t> agents = server.agents();
  ASSERT_EQ(agents.size(), 2u);
  server.process().signal(SIGKILL);
  EXPECT_TRUE(comes_true([&] { return !process_runs(host); }));
  for (const pid_t agent : agents) EXPECT_TRUE(comes_true([&] { return !process_runs(agent); }));
  EXPECT_TRUE(client.is_closed_within(seconds(30)));
}

// One of each kind in turn: in order, in the middle of a question, out of the queue, with a wrong key.
void come_and_go(ServeProcess& server, int kind) {
  TestClient client(server.port(), kind == 3 ? another_key() : server.key());
  if (kind == 3) {
    client.shake_hands();
    return;
  }
  client.reach_turn();
  if (kind == 2) {
    TestClient waiting(server.port(), server.key());
    waiting.say_hello();
    waiting.event("queued");
    return;
  }
  const auto agent = client.start_agent();
  const json body{{"request", "close_sample"}, {"role", "sender"}};
  if (kind == 0) {
    EXPECT_EQ(client.ask(agent, body)["ok"], true);
    EXPECT_EQ(client.request({{"request", "bye"}})["ok"], true);
  } else {
    client.send({{"request", "ask"}, {"agent", agent}, {"bound_ns", 1'000'000'000}, {"body", body}});
  }
}

TEST(ServeEnding, AfterFiftyClientsAllIsAsAtTheStart) {
  ServeProcess server;
  const std::size_t descriptors = server.open_descriptors();
  // A client's process may end before the server has seen that another connection is closed.
  const auto is_idle = [&] { return server.hosts().empty() && server.open_descriptors() == descriptors; };
  for (int i = 0; i < 8; ++i) come_and_go(server, i % 4);  // what is allocated once is there now
  ASSERT_TRUE(comes_true(is_idle)) << server.open_descriptors();
  const std::size_t resident = server.resident_bytes();
  for (int i = 0; i < 50; ++i) come_and_go(server, i % 4);
  ASSERT_TRUE(comes_true(is_idle)) << server.open_descriptors();
  if (under_sanitizer) return;  // which keep what was freed
  EXPECT_LT(server.resident_bytes(), resident + (256 << 10));
}

}  // namespace
}  // namespace xover::test
