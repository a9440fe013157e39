// Frames that are not what the client sealed next: they end that connection, and nothing else.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/server/serve_process.h"
#include "tests/server/test_client.h"

namespace xover::test {
namespace {

using json = TestClient::json;
using std::chrono::seconds;

const json clock_request{{"id", 100}, {"request", "clock"}};

struct Damage {
  std::string name;
  std::string (*bytes)(TestClient& client);
};

std::string altered(TestClient& client) {
  std::string frame = client.seal(clock_request);
  frame[sealed_header_bytes + 3] ^= 1;
  return frame;
}

std::string replayed(TestClient& client) {
  const std::string frame = client.seal(clock_request);
  return frame + frame;
}

std::string out_of_order(TestClient& client) {
  const std::string first = client.seal(clock_request), second = client.seal(clock_request);
  return second + first;
}

std::string oversized(TestClient&) {
  std::string header;
  for (const std::uint32_t number : {sealed_frame_magic, 0x40000000u})
    for (int i = 0; i < 4; ++i) header.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  return header;
}

std::string no_frame(TestClient&) { return "{\"request\": \"bye\"}"; }

std::string no_json(TestClient& client) { return client.seal(json("a text")); }

std::string no_request(TestClient& client) { return client.seal({{"id", "seven"}, {"request", "clock"}}); }

const std::vector<Damage> damages{{"altered", altered},      {"replayed", replayed}, {"out_of_order", out_of_order},
                                  {"oversized", oversized},  {"no_frame", no_frame}, {"no_json", no_json},
                                  {"no_request", no_request}};

class ServeFrames : public testing::TestWithParam<Damage> {};

TEST_P(ServeFrames, EndTheConnectionOfTheOneWhoseTurnItIs) {
  ServeProcess server;
  TestClient client(server.port(), server.key()), next(server.port(), server.key());
  client.reach_turn();
  client.start_agent();
  next.say_hello();
  client.send_bytes(GetParam().bytes(client));
  const json closing = client.event("closing");
  EXPECT_NE(closing["why"], "");
  EXPECT_TRUE(client.is_closed_within(seconds(30)));
  next.event("turn");
  EXPECT_TRUE(comes_true([&] { return server.agents().empty(); }));
}

TEST_P(ServeFrames, EndTheConnectionOfOneWhoWaits) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), client(server.port(), server.key());
  first.reach_turn();
  client.say_hello();
  client.event("queued");
  client.send_bytes(GetParam().bytes(client));
  EXPECT_NE(client.event("closing")["why"], "");
  EXPECT_TRUE(client.is_closed_within(seconds(30)));
  EXPECT_EQ(first.request({{"request", "clock"}})["ok"], true);
}

INSTANTIATE_TEST_SUITE_P(ThatAre, ServeFrames, testing::ValuesIn(damages),
                         [](const auto& one) { return one.param.name; });

TEST(ServeFramesInPieces, AreReadByteByByteAndAcrossTheTurn) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key());
  first.reach_turn();
  second.say_hello();
  second.event("queued");
  // The beginning is read by the listening process, the rest by the one that serves the turn.
  const std::string frame = second.seal({{"id", 50}, {"request", "clock"}});
  second.send_bytes(frame.substr(0, 20));
  EXPECT_EQ(first.request({{"request", "bye"}})["ok"], true);
  second.event("turn");
  for (const char c : frame.substr(20)) second.send_bytes({&c, 1});
  EXPECT_EQ(second.answer_to(50)["ok"], true);
}

TEST(ServeFramesInPieces, ALargeOneIsForTheTurnAlone) {
  ServeProcess server;
  TestClient first(server.port(), server.key()), second(server.port(), server.key());
  first.reach_turn();
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(first.request({{"request", "clock"}, {"ballast", large}})["ok"], true);
  second.say_hello();
  second.event("queued");
  EXPECT_THROW(
      {
        second.send({{"request", "clock"}, {"ballast", large}});
        second.event("turn");
      },
      ServerGone);
  EXPECT_EQ(first.request({{"request", "clock"}})["ok"], true);
}

}  // namespace
}  // namespace xover::test
