// Several clients at once: one has its turn, the others wait and know their place.
#include <signal.h>
#include <sys/socket.h>

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

constexpr milliseconds moment{300};

TEST(ServeQueue, AClientAloneHasItsTurnAtOnce) {
  ServeProcess server;
  TestClient client(server.port(), server.key());
  const json hello = client.say_hello("a run");
  EXPECT_EQ(hello["ok"], true) << hello;
  EXPECT_FALSE(hello["program"].get<std::string>().empty());
  EXPECT_EQ(hello["limits"]["max_agents"], 4);
  client.event("turn");
  EXPECT_TRUE(server.logs_within("is here: xover '0.1.0', run 'a run'"));
  EXPECT_TRUE(server.logs_within("has its turn"));
  EXPECT_EQ(client.request({{"request", "bye"}})["ok"], true);
  EXPECT_TRUE(client.is_closed_within(seconds(30)));
  EXPECT_TRUE(server.logs_within("0 samples: it said goodbye"));
}

TEST(ServeQueue, WithoutAKeyOnLoopbackItIsTheSame) {
  ServeProcess server({}, false);
  TestClient client(server.port());
  client.reach_turn();
  EXPECT_EQ(client.request({{"request", "clock"}})["ok"], true);
}

TEST(ServeQueue, TellsEachItsPlaceAndPassesTheTurnOn) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key()),
      third(server.port(), server.key());
  first.reach_turn();
  ASSERT_TRUE(second.say_hello()["ok"]);
  EXPECT_EQ(second.event("queued")["place"], 1);
  ASSERT_TRUE(third.say_hello()["ok"]);
  EXPECT_EQ(third.event("queued")["place"], 2);
  EXPECT_FALSE(second.event_within("turn", moment)) << "two have their turn at the same time";
  EXPECT_TRUE(server.logs_within("waiting: "));

  EXPECT_EQ(first.request({{"request", "bye"}})["ok"], true);
  second.event("turn");
  EXPECT_EQ(third.event("queued")["place"], 1);

  // What a client took goes with it, however it goes.
  second.start_agent();
  second.close();
  third.event("turn");
  EXPECT_TRUE(server.logs_within("the client has gone"));
  EXPECT_EQ(third.request({{"request", "bye"}})["ok"], true);
}

TEST(ServeQueue, WhoLeavesTheQueueMakesRoomForThoseBehind) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key()),
      third(server.port(), server.key());
  first.reach_turn();
  second.say_hello();
  second.event("queued");
  third.say_hello();
  EXPECT_EQ(third.event("queued")["place"], 2);
  second.close();
  EXPECT_EQ(third.event("queued")["place"], 1);
  first.close();
  third.event("turn");
}

TEST(ServeQueue, BeforeTheTurnOnlyTheClockIsRead) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key());
  first.reach_turn();
  ASSERT_EQ(second.shake_hands(), HandshakeState::done);
  EXPECT_EQ(second.request({{"request", "start_agent"}, {"name", "x"}})["ok"], false) << "before hello";
  ASSERT_EQ(second.request({{"request", "hello"}, {"program", "0.1.0"}, {"run", "x"}})["ok"], true);
  EXPECT_EQ(second.request({{"request", "hello"}, {"program", "0.1.0"}, {"run", "x"}})["ok"], false);
  EXPECT_EQ(second.request({{"request", "start_agent"}, {"name", "x"}})["ok"], false);
  EXPECT_EQ(second.request({{"request", 7}})["ok"], false);
  EXPECT_GT(second.request({{"request", "clock"}})["monotonic_ns"].get<std::int64_t>(), 0);
  EXPECT_EQ(second.request({{"request", "bye"}})["ok"], true);
  EXPECT_TRUE(second.is_closed_within(seconds(30)));
  EXPECT_EQ(first.request({{"request", "clock"}})["ok"], true);
}

TEST(ServeQueue, AgentsOfAnotherProtocolAreNoUse) {
  ServeProcess server;
  TestClient client(server.port(), server.key());
  ASSERT_EQ(client.shake_hands(), HandshakeState::done);
  json hello{{"request", "hello"}, {"program", "0.1.0"}, {"run", "x"}, {"protocol", protocol_version + 1}};
  const json refused = client.request(hello);
  EXPECT_EQ(refused["ok"], false);
  EXPECT_NE(refused["error"]["context"].get<std::string>().find(std::to_string(protocol_version + 1)),
            std::string::npos)
      << refused;
  hello["protocol"] = protocol_version;
  EXPECT_EQ(client.request(hello)["ok"], true);
  client.event("turn");
}

TEST(ServeQueue, AClientThatIsKilledPassesTheTurnOn) {
  ServeProcess server;
  TestClient next(server.port(), server.key());
  {
    TestClient first(server.port(), server.key());
    first.reach_turn();
    first.start_agent();
    next.say_hello();
    EXPECT_EQ(next.event("queued")["place"], 1);
    // As the kernel ends the connection of a process that is killed with bytes unread: by a reset.
    const linger at_once{1, 0};
    setsockopt(first.socket(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    first.close();
  }
  next.event("turn");
  EXPECT_TRUE(comes_true([&] { return server.agents().empty(); }));
}

TEST(ServeQueue, AHostThatIsKilledPassesTheTurnOn) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key());
  first.reach_turn();
  first.start_agent();
  const std::vector<pid_t> agents = server.agents();
  ASSERT_EQ(agents.size(), 1u);
  second.say_hello();
  second.event("queued");
  ASSERT_EQ(server.hosts().size(), 1u);
  kill(server.hosts().front(), SIGKILL);
  second.event("turn");
  EXPECT_TRUE(first.is_closed_within(seconds(30)));
  EXPECT_TRUE(comes_true([&] { return !process_runs(agents.front()); }));
  EXPECT_TRUE(server.logs_within("its host was killed by signal 9"));
}

TEST(ServeQueue, IsFullForThoseWithTheKeyAlone) {
  ServeProcess server({"--max-clients", "2"});
  TestClient first(server.port(), server.key()), second(server.port(), server.key()),
      third(server.port(), server.key()), stranger(server.port(), another_key());
  first.reach_turn();
  second.say_hello();
  EXPECT_EQ(third.shake_hands(), HandshakeState::refused);
  EXPECT_NE(third.handshake().why().message().find("as many clients"), std::string::npos)
      << third.handshake().why().message();
  EXPECT_EQ(stranger.shake_hands(), HandshakeState::refused);
  EXPECT_EQ(stranger.handshake().why().message().find("as many clients"), std::string::npos);
  second.close();
  EXPECT_TRUE(comes_true([&] { return TestClient(server.port(), server.key()).shake_hands() == HandshakeState::done; }))
      << "the place of one that has left is taken for ever";
}

}  // namespace
}  // namespace xover::test
