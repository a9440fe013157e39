// Parts of the server that need no process: addresses, and the lines that it prints.
#include <arpa/inet.h>

#include <gtest/gtest.h>

#include "harness/server/listen_address.h"
#include "harness/server/server_log.h"

namespace xover::test {
namespace {

std::string parsed(const std::string& text) {
  const auto address = parse_listen_address(text);
  return address ? address->text() : "refused";
}

TEST(ListenAddress, IsReadWithAndWithoutItsPort) {
  EXPECT_EQ(parsed("127.0.0.1"), "127.0.0.1:7377");
  EXPECT_EQ(parsed("192.0.2.1:80"), "192.0.2.1:80");
  EXPECT_EQ(parsed("0.0.0.0:0"), "0.0.0.0:0");
  EXPECT_EQ(parsed("::1"), "[::1]:7377");
  EXPECT_EQ(parsed("::"), "[::]:7377");
  EXPECT_EQ(parsed("[2001:db8::1]:99"), "[2001:db8::1]:99");
  EXPECT_EQ(parsed("[::1]"), "[::1]:7377");
}

TEST(ListenAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", "[::1]x",
                           "[::1", "1.2.3", ":80", "[]:80", "[", "]"})
    EXPECT_EQ(parsed(text), "refused") << text;
}

TEST(ListenAddress, KnowsWhoCanReachIt) {
  for (const char* own : {"127.0.0.1", "127.1.2.3", "::1"}) EXPECT_TRUE(is_loopback(*parse_listen_address(own))) << own;
  for (const char* open :
       {"0.0.0.0", "192.0.2.1", "128.0.0.1", "126.255.255.255", "::", "2001:db8::1", "::ffff:127.0.0.1"})
    EXPECT_FALSE(is_loopback(*parse_listen_address(open))) << open;
  EXPECT_TRUE(is_wildcard(*parse_listen_address("0.0.0.0")));
  EXPECT_TRUE(is_wildcard(*parse_listen_address("::")));
  EXPECT_FALSE(is_wildcard(*parse_listen_address("127.0.0.1")));
}

TEST(ListenAddress, CountsNeighboursOfOneNetworkAsOne) {
  const auto network = [](const char* text) { return network_of(*parse_listen_address(text)); };
  EXPECT_EQ(network("192.0.2.1:1"), network("192.0.2.1:2"));
  EXPECT_NE(network("192.0.2.1"), network("192.0.2.2"));
  EXPECT_EQ(network("2001:db8::1"), network("2001:db8::2"));
  EXPECT_NE(network("2001:db8::1"), network("2001:db8:0:1::1"));
  EXPECT_EQ(network("::ffff:192.0.2.1"), network("192.0.2.1"));
  EXPECT_EQ(shown(*parse_listen_address("[::ffff:192.0.2.1]:5")), "192.0.2.1:5");
}

class ServerLogTest : public testing::Test {
 protected:
  static constexpr MonotonicNs second_ns = 1'000'000'000;
  std::vector<std::string> lines_;
  ServerLog log_{[this](std::string_view line) { lines_.emplace_back(line); }};
};

TEST_F(ServerLogTest, TellsOfTheFirstAndCountsTheRestOfItsSecond) {
  for (int i = 0; i < 100; ++i) log_.refuse("somebody", "wrong key", 0);
  EXPECT_EQ(lines_, std::vector<std::string>{"refused somebody: wrong key"});
  log_.tell_counted(second_ns - 1);
  EXPECT_EQ(lines_.size(), 1u);
  log_.tell_counted(second_ns);
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[1], "refused 99 more, the last of them somebody: wrong key");
  EXPECT_TRUE(log_.has_counted());
  log_.tell_counted(2 * second_ns);
  EXPECT_FALSE(log_.has_counted());
  EXPECT_EQ(lines_.size(), 2u);
  log_.refuse("another", "wrong key", 2 * second_ns);
  EXPECT_EQ(lines_.size(), 3u);
}

TEST_F(ServerLogTest, TellsReasonsApartButForTheirNumbers) {
  log_.refuse("a", "wrong key", 0);
  log_.refuse("b", "speaks version 3", 0);
  for (int version = 0; version < 1000; ++version) log_.refuse("b", "speaks version " + std::to_string(version), 0);
  EXPECT_EQ(lines_.size(), 2u);
}

}  // namespace
}  // namespace xover::test
