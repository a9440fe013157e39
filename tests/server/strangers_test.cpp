// Who has no key: learns the version and no more, takes no place of those who have one, and is told of in few lines.
#include <sys/resource.h>

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/server/serve_process.h"
#include "tests/server/test_client.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using std::chrono::seconds;

constexpr std::size_t silent_connections = 1000;

// The usual limit of a process is below the connections that this one makes.
bool may_open(rlim_t descriptors) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < descriptors) return false;
  limit.rlim_cur = std::max(limit.rlim_cur, descriptors);
  return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

std::vector<FileDescriptor> connections_to(std::uint16_t port, std::size_t count) {
  std::vector<FileDescriptor> connections;
  for (std::size_t i = 0; i < count; ++i) connections.push_back(connect_to(port));
  return connections;
}

TEST(ServeStrangers, AThousandThatSayNothingKeepNobodyOut) {
  if (!may_open(2 * silent_connections)) GTEST_SKIP() << "this process may not open so many connections";
  ServeProcess server;
  const std::size_t descriptors = server.open_descriptors();
  const auto silent = connections_to(server.port(), silent_connections);
  TestClient client(server.port(), server.key());
  client.reach_turn();
  EXPECT_GT(client.start_agent(), 0u);
  const auto more = connections_to(server.port(), silent_connections / 2);
  EXPECT_EQ(client.request({{"request", "clock"}})["ok"], true);
  TestClient another(server.port(), server.key());
  EXPECT_EQ(another.say_hello()["ok"], true);
  EXPECT_EQ(another.event("queued")["place"], 1);
  EXPECT_LT(server.open_descriptors(), descriptors + 100) << "strangers are kept for ever";

  // The handshake's bound lets go of the rest, and their number is told in a few lines.
  EXPECT_TRUE(comes_true([&] { return server.open_descriptors() <= descriptors + 8; }));
  EXPECT_TRUE(server.logs_within("it said too little for too long"));
  const std::string log = server.log();
  EXPECT_LT(std::ranges::count(log, '\n'), 60) << log;
}

TEST(ServeStrangers, AllAtOnceWithClientsAmongThem) {
  if (!may_open(2 * silent_connections)) GTEST_SKIP() << "this process may not open so many connections";
  ServeProcess server;
  std::vector<FileDescriptor> silent;
  for (int i = 0; i < 8; ++i) {
    for (FileDescriptor& one : connections_to(server.port(), 100)) silent.push_back(std::move(one));
    TestClient client(server.port(), server.key());
    EXPECT_EQ(client.shake_hands(), HandshakeState::done) << i;
  }
}

TEST(ServeStrangers, LearnTheVersionAndThatAKeyIsWanted) {
  ServeProcess server;
  TestClient wrong(server.port(), another_key());
  EXPECT_EQ(wrong.shake_hands(), HandshakeState::refused);
  EXPECT_NE(wrong.handshake().why().message().find("another key"), std::string::npos);
  // The greeting, and a verdict without a proof in it.
  ASSERT_EQ(wrong.received_bytes.size(), 41u + 33u);
  EXPECT_EQ(wrong.received_bytes.substr(42), std::string(32, '\0'));
  EXPECT_TRUE(server.logs_within("did not prove that it has this server's key"));

  TestClient without(server.port());
  EXPECT_EQ(without.shake_hands(), HandshakeState::refused);
  EXPECT_LE(without.received_bytes.size(), 41u);

  TestClient older(server.port(), server.key(), remote_protocol_version + 7);
  EXPECT_EQ(older.shake_hands(), HandshakeState::refused);
  EXPECT_NE(older.handshake().why().message().find("remote protocol"), std::string::npos);
  EXPECT_TRUE(server.logs_within("speaks remote protocol"));
  EXPECT_TRUE(server.hosts().empty());
}

TEST(ServeStrangers, WhoSpeaksSomethingElseIsSentAway) {
  ServeProcess server;
  TestClient browser(server.port(), server.key());
  browser.send_bytes("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(browser.is_closed_within(seconds(30)));
  EXPECT_TRUE(server.logs_within("no remote protocol of xover"));
  TestClient client(server.port(), server.key());
  client.reach_turn();
}

TEST(ServeStrangers, WhoProvesItsKeyAndSaysNoHelloIsLetGo) {
  ServeProcess server;
  TestClient mute(server.port(), server.key());
  ASSERT_EQ(mute.shake_hands(), HandshakeState::done);
  EXPECT_TRUE(mute.is_closed_within(seconds(30)));
  EXPECT_TRUE(server.logs_within("said no hello"));
}

TEST(ServeStrangers, TheKeyIsNowhereToBeRead) {
  ServeProcess server;
  TestClient client(server.port(), server.key());
  client.reach_turn();
  client.start_agent();
  std::vector<pid_t> processes{server.pid()};
  for (const pid_t pid : server.hosts()) processes.push_back(pid);
  for (const pid_t pid : server.agents()) processes.push_back(pid);
  ASSERT_EQ(processes.size(), 3u);
  ASSERT_EQ(server.key_digits().size(), 64u);
  const std::string bytes(reinterpret_cast<const char*>(server.key().bytes.data()), key_bytes);
  for (const pid_t pid : processes) {
    for (const char* file : {"environ", "cmdline"}) {
      const std::string text = file_text("/proc/" + std::to_string(pid) + "/" + file);
      EXPECT_EQ(text.find(server.key_digits()), std::string::npos) << pid << " " << file;
      EXPECT_EQ(text.find(bytes), std::string::npos) << pid << " " << file;
    }
  }
  EXPECT_EQ(server.log().find(server.key_digits()), std::string::npos);
}

}  // namespace
}  // namespace xover::test
