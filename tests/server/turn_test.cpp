// What a client can ask for when it is its turn, and what it cannot.
#include <signal.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "tests/server/serve_process.h"
#include "tests/server/test_client.h"

namespace xover::test {
namespace {

using json = TestClient::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

const json probe{{"request", "probe"}, {"id", "tcp.send"}, {"link", to_json(Link{})}};

SampleSpec small_sample() {
  SampleSpec spec;
  spec.variant.id = "tcp.send";
  spec.variant.link = Link{};
  spec.point.size_bytes = 4096;
  spec.point.pool_bytes = 65536;
  spec.duration_ns = 100'000'000;
  return spec;
}

json open_receiver(const SampleSpec& spec) {
  return {{"request", "open_receiver"}, {"role", "receiver"}, {"spec", to_json(spec)}};
}

class ServeTurn : public testing::Test {
 protected:
  void begin(const std::vector<std::string>& options = {}) {
    server_.emplace(options);
    client_.emplace(server_->port(), server_->key());
    client_->reach_turn();
  }

  std::string remedy_of(const json& answer) { return answer["error"]["remedy"]; }

  std::optional<ServeProcess> server_;
  std::optional<TestClient> client_;
};

TEST_F(ServeTurn, AgentsAreStartedAskedAndEnded) {
  begin();
  const auto agent = client_->start_agent();
  const json answer = client_->ask(agent, probe);
  ASSERT_EQ(answer["ok"], true) << answer;
  EXPECT_EQ(answer["reply"]["availability"]["status"], 0) << answer;
  EXPECT_EQ(server_->agents().size(), 1u);
  EXPECT_EQ(client_->request({{"request", "end_agent"}, {"agent", agent}})["ok"], true);
  EXPECT_TRUE(server_->agents().empty());
  EXPECT_EQ(client_->ask(agent, probe)["error"]["code"], static_cast<int>(ErrorCode::peer_died));
  EXPECT_EQ(client_->request({{"request", "end_agent"}, {"agent", agent}})["ok"], false);
}

// Both ends of a sample are here, in two agents: what the protocol of agents/ does between two processes works through
// the server, and is counted.
TEST_F(ServeTurn, ASampleIsTakenThroughTheServer) {
  begin();
  const auto receiver = client_->start_agent(), sender = client_->start_agent();
  const SampleSpec spec = small_sample();
  const json listening = client_->ask(receiver, open_receiver(spec));
  ASSERT_EQ(listening["ok"], true) << listening;
  const json connected = client_->ask(sender, {{"request", "open_sender"},
                                               {"role", "sender"},
                                               {"spec", to_json(spec)},
                                               {"addresses", listening["reply"]["addresses"]}});
  ASSERT_EQ(connected["ok"], true) << connected;
  const json clock = client_->request({{"request", "clock"}});
  json order{{"number", 1},
             {"start_ns", clock["monotonic_ns"].get<std::int64_t>() + 20'000'000},
             {"duration_ns", spec.duration_ns},
             {"request", "start_phase"},
             {"role", "receiver"}};
  ASSERT_EQ(client_->ask(receiver, order)["ok"], true);
  order["request"] = "run_phase";
  order["role"] = "sender";
  const json sent = client_->ask(sender, order);
  ASSERT_EQ(sent["ok"], true) << sent;
  const json arrived = client_->ask(
      receiver, {{"request", "finish_phase"}, {"role", "receiver"}, {"messages", sent["reply"]["messages"]}});
  EXPECT_EQ(arrived["ok"], true) << arrived;
  const json report = client_->ask(receiver, {{"request", "report"}, {"role", "receiver"}});
  ASSERT_EQ(report["ok"], true) << report;
  EXPECT_GT(report["reply"]["report"]["messages"].get<std::uint64_t>(), 0u);
  client_->request({{"request", "bye"}});
  EXPECT_TRUE(server_->logs_within("2 samples: it said goodbye"));
}

TEST_F(ServeTurn, OnlyWhatMeasuresIsPassedOn) {
  begin();
  const auto agent = client_->start_agent();
  for (const char* name : {"make_link", "enter_namespaces", "virtual_sample", "hello", "", "run_phase "}) {
    const json answer = client_->ask(agent, {{"request", name}});
    EXPECT_EQ(answer["ok"], false) << name;
    EXPECT_NE(answer["error"]["context"].get<std::string>().find("is no request that is passed on"), std::string::npos)
        << answer;
  }
  EXPECT_EQ(client_->ask(agent, json::array())["ok"], false);
  EXPECT_EQ(client_->request({{"request", "ask"}})["ok"], false);
  EXPECT_EQ(client_->request({{"request", "make_coffee"}})["ok"], false);
  EXPECT_EQ(client_->ask(agent, probe)["ok"], true) << "a refused request ended more than itself";
}

TEST_F(ServeTurn, LimitsNameTheirOption) {
  begin({"--max-connections", "4", "--max-memory", "1M", "--max-sample-duration", "2s", "--max-agents", "1"});
  const auto agent = client_->start_agent();
  EXPECT_NE(remedy_of(client_->request({{"request", "start_agent"}, {"name", "x"}})).find("--max-agents"),
            std::string::npos);
  const auto refused = [&](auto change) {
    SampleSpec spec = small_sample();
    change(spec);
    const json answer = client_->ask(agent, open_receiver(spec));
    return answer["ok"] == true ? std::string("not refused") : remedy_of(answer);
  };
  EXPECT_NE(refused([](SampleSpec& spec) { spec.point.connections = 5; }).find("--max-connections"), std::string::npos);
  EXPECT_NE(refused([](SampleSpec& spec) { spec.point.pool_bytes = 2 << 20; }).find("--max-memory"), std::string::npos);
  EXPECT_NE(refused([](SampleSpec& spec) { spec.duration_ns = 3'000'000'000; }).find("--max-sample-duration"),
            std::string::npos);
  EXPECT_EQ(refused([](SampleSpec&) {}), "not refused");
  const json order{{"request", "start_phase"}, {"number", 1}, {"start_ns", 0}, {"duration_ns", 3'000'000'000}};
  EXPECT_NE(remedy_of(client_->ask(agent, order)).find("--max-sample-duration"), std::string::npos);
}

TEST_F(ServeTurn, AnAgentThatDiesIsToldOf) {
  begin();
  const auto agent = client_->start_agent();
  ASSERT_EQ(server_->agents().size(), 1u);
  kill(server_->agents().front(), SIGKILL);
  const json ended = client_->event("agent_ended");
  EXPECT_EQ(ended["agent"], agent);
  EXPECT_NE(ended["how"].get<std::string>().find("killed by signal 9"), std::string::npos) << ended;
  const json answer = client_->ask(agent, probe);
  EXPECT_EQ(answer["error"]["code"], static_cast<int>(ErrorCode::peer_died)) << answer;
  EXPECT_FALSE(client_->event_within("agent_ended", milliseconds(200))) << "told twice";
  EXPECT_EQ(client_->ask(client_->start_agent(), probe)["ok"], true) << "the next one does not work";
}

TEST_F(ServeTurn, AnAgentThatDiesWhileAskedIsTheAnswer) {
  begin();
  const auto agent = client_->start_agent();
  const pid_t process = server_->agents().at(0);
  kill(process, SIGSTOP);
  const auto asked =
      client_->send({{"request", "ask"}, {"agent", agent}, {"bound_ns", 60'000'000'000}, {"body", probe}});
  EXPECT_EQ(client_->request({{"request", "clock"}})["ok"], true) << "no clock while an agent is waited for";
  EXPECT_EQ(client_->request({{"request", "start_agent"}, {"name", "x"}})["ok"], false);
  client_->event("alive");
  client_->event("alive");
  kill(process, SIGKILL);
  client_->event("agent_ended");
  const json answer = client_->answer_to(asked);
  EXPECT_EQ(answer["error"]["code"], static_cast<int>(ErrorCode::peer_died)) << answer;
}

TEST_F(ServeTurn, AWaitEndsWithTheAgentThatIsWaitedFor) {
  begin();
  const auto agent = client_->start_agent();
  kill(server_->agents().at(0), SIGSTOP);
  const auto asked =
      client_->send({{"request", "ask"}, {"agent", agent}, {"bound_ns", 60'000'000'000}, {"body", probe}});
  const auto ended = client_->send({{"request", "end_agent"}, {"agent", agent}});
  EXPECT_EQ(client_->answer_to(asked)["error"]["code"], static_cast<int>(ErrorCode::cancelled));
  EXPECT_EQ(client_->answer_to(ended)["ok"], true);
  EXPECT_TRUE(server_->agents().empty());
}

TEST_F(ServeTurn, AnOverdueAgentIsAskedNoMore) {
  begin();
  const auto agent = client_->start_agent();
  const pid_t process = server_->agents().at(0);
  kill(process, SIGSTOP);
  EXPECT_EQ(client_->ask(agent, probe, 200'000'000)["error"]["code"], static_cast<int>(ErrorCode::timed_out));
  kill(process, SIGCONT);
  const json answer = client_->ask(agent, {{"request", "report"}, {"role", "sender"}});
  EXPECT_NE(answer["error"]["context"].get<std::string>().find("owes an answer"), std::string::npos)
      << "the late answer was taken for another: " << answer;
}

TEST_F(ServeTurn, WhoAsksNothingLosesItsTurn) {
  begin({"--idle-limit", "2s"});
  TestClient next(server_->port(), server_->key());
  next.say_hello();
  EXPECT_NE(client_->event("closing")["why"].get<std::string>().find("--idle-limit"), std::string::npos);
  next.event("turn");
  EXPECT_TRUE(server_->logs_within("(--idle-limit)"));
}

TEST_F(ServeTurn, ATurnIsOverWhenItsTimeIs) {
  begin({"--max-duration", "2s"});
  const auto agent = client_->start_agent();
  kill(server_->agents().at(0), SIGSTOP);  // also while an agent is waited for
  client_->send({{"request", "ask"}, {"agent", agent}, {"bound_ns", 60'000'000'000}, {"body", probe}});
  EXPECT_NE(client_->event("closing")["why"].get<std::string>().find("--max-duration"), std::string::npos);
  EXPECT_TRUE(comes_true([&] { return server_->hosts().empty(); }));
}

TEST_F(ServeTurn, AHostThatHangsIsReplaced) {
  begin();
  TestClient next(server_->port(), server_->key());
  next.say_hello();
  const pid_t host = server_->hosts().at(0);
  kill(host, SIGSTOP);
  next.event("turn");
  EXPECT_FALSE(process_runs(host));
  EXPECT_TRUE(server_->logs_within("did nothing any more"));
}

}  // namespace
}  // namespace xover::test
