// The axes of a run do what they say, as far as a result can show it, and stand in the result.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "tests/integration/short_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

void expect_all_ok(const json& result) {
  ASSERT_FALSE(result["cells"].empty());
  for (const json& cell : result["cells"]) EXPECT_EQ(cell["status"], "ok") << cell.value("reason", "");
}

const json& ledger_of_sender(const json& cell) { return cell["ledger"]["sender"]; }

TEST(Axes, FieldsAreSerialisedBySendAndGatheredBySendmsg) {
  const json result = short_run({"--transports", "tcp.send,tcp.sendmsg", "--fields", "8", "--touch", "verify"});
  expect_all_ok(result);
  const json &send = result["cells"][0], &sendmsg = result["cells"][1];
  EXPECT_EQ(send["fields"], 8);
  EXPECT_EQ(ledger_of_sender(send)["user_copied"], ledger_of_sender(send)["completed"]);
  EXPECT_EQ(ledger_of_sender(sendmsg)["user_copied"], 0);
}

TEST(Axes, OneFieldNeedsNoSerialising) {
  const json result = short_run({"--transports", "tcp.send", "--fields", "1"});
  expect_all_ok(result);
  EXPECT_EQ(ledger_of_sender(result["cells"][0])["user_copied"], 0);
}

TEST(Axes, EveryConnectionHasItsOwnWorkers) {
  const json result = short_run({"--transports", "tcp.send", "--connections", "1,3", "--touch", "verify"});
  expect_all_ok(result);
  ASSERT_EQ(result["cells"].size(), 2u);
  for (const json& cell : result["cells"]) {
    EXPECT_EQ(cell["sender_cores"].size(), cell["connections"].get<std::size_t>());
    EXPECT_EQ(cell["receiver_cores"].size(), cell["connections"].get<std::size_t>());
  }
}

// A round trip through a receiver that keeps each message waiting cannot be shorter than the wait.
TEST(Axes, ALateReceiverIsSeenInTheRoundTrip) {
  const json result = short_run({"--transports", "tcp.send", "--workload", "pingpong", "--late", "3ms"});
  expect_all_ok(result);
  EXPECT_EQ(result["cells"][0]["late"], 3'000'000);
  EXPECT_GE(result["cells"][0]["latency_us"]["p50"].get<double>(), 2990);
}

TEST(Axes, SameCorePutsBothSidesOnOneCore) {
  const json result = short_run({"--transports", "tcp.send", "--placement", "same_core"});
  expect_all_ok(result);
  EXPECT_EQ(result["cells"][0]["sender_cores"], result["cells"][0]["receiver_cores"]);
}

// Every value here changes how memory is laid out, lent or waited for: the receiver finds each byte as it was sent.
struct Setting {
  const char* name;
  std::vector<std::string> words;
};

class AnySetting : public testing::TestWithParam<Setting> {};

bool sends_files(const std::string& id) {
  constexpr std::array ids{"tcp.sendfile", "tcp.splice", "tcp.mmap", "tcp.read_send"};
  return std::ranges::find(ids, id) != ids.end();
}

TEST_P(AnySetting, KeepsEveryByte) {
  std::vector<std::string> words = GetParam().words;
  std::vector<std::string> variants = usable_transports(Receiver::needed);
  if (std::ranges::find(words, "foreign") != words.end()) std::erase_if(variants, sends_files);
  words.insert(words.end(), {"--transports", with_commas(variants), "--touch", "verify"});
  expect_all_ok(short_run(words));
}

TEST_P(AnySetting, KeepsEveryByteWhereATransportCanOnlySpin) {
  std::vector<std::string> words = GetParam().words;
  std::vector<std::string> variants = usable_transports(Receiver::needed, Wait::only_spin);
  if (variants.empty()) GTEST_SKIP() << "no transport that can run here is one that only spins";
  const auto set = [&](const char* word) { return std::ranges::find(words, word) != words.end(); };
  if (set("foreign") || set("--alignment")) std::erase(variants, "dpdk.mbuf");  // sends from buffers of its own alone
  if (!set("--wait")) words.insert(words.end(), {"--wait", "spin"});
  words.insert(words.end(), {"--transports", with_commas(variants), "--touch", "verify"});
  expect_all_ok(short_run(words));
}

INSTANTIATE_TEST_SUITE_P(Of, AnySetting,
                         testing::Values(Setting{"Depth", {"--depth", "1,32", "--sizes", "4K"}},
                                         Setting{"Fields", {"--fields", "7", "--sizes", "5000"}},
                                         Setting{"ForeignMemory", {"--memory", "foreign", "--sizes", "16K"}},
                                         Setting{"SmallAlignment",
                                                 {"--alignment", "64", "--sizes", "1000", "--fields", "4"}},
                                         Setting{"Spinning", {"--wait", "spin", "--sizes", "4K"}}),
                         [](const auto& one) { return one.param.name; });

TEST(Axes, IpVersionSixWorksForEverySocket) {
  std::vector<std::string> variants;
  for (const std::string& id : usable_transports(Receiver::needed))
    if (id.starts_with("tcp.") || id.starts_with("udp.")) variants.push_back(id + "[ip=6]");
  ASSERT_FALSE(variants.empty());
  const json result = short_run({"--transports", with_commas(variants), "--sizes", "4K", "--touch", "verify"});
  expect_all_ok(result);
  for (const json& cell : result["cells"]) EXPECT_EQ(cell["options"]["ip"], "6");
}

}  // namespace
}  // namespace xover::test
