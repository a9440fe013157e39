// xover inside the guest with two cards on one wire. Zero-copy sends are real there, while on lo in the same boot none
// is; and whatever is said of it says that the machine is emulated.
#include <algorithm>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/guest/lab_guest.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using GuestXover = LabGuest;

double share_of(const json& cell, const char* handover) {
  const json& sender = cell["ledger"]["sender"];
  return sender[handover].get<double>() / sender["completed"].get<double>();
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(GuestXover, ProvesZeroCopyOnAWireAndNoneOnLoInOneBoot) {
  const TemporaryFolder results;
  const ChildResult result = run_script(
      "wire",
      std::string("'") + xover_program() + R"(' run --transports tcp.sendmsg,tcp.zerocopy --links lo,wire:eth0+eth1 \
      --size 64K --depth 8 --rounds 2 --restarts 1 --duration 1s --touch verify --no-gate --json result.json)",
      {"--results", results.path()});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_TRUE(holds(result.out, "EMULATED")) << result.out;

  const std::string text = file_text(results.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json document = json::parse(text);
  EXPECT_EQ(document["emulated"], true);
  EXPECT_EQ(document["environment"]["lab_guest"], "wire");
  ASSERT_EQ(document["cells"].size(), 4u);
  std::map<std::string, std::string> substrates;
  for (const json& cell : document["cells"]) {
    const std::string link = cell["link"];
    ASSERT_EQ(cell["status"], "ok") << link << ": " << cell.value("reason", "");
    EXPECT_TRUE(std::ranges::any_of(cell["warnings"], [](const json& warning) {
      return warning["kind"] == "emulated_speeds";
    })) << cell["warnings"];
    substrates[link] = cell["substrate"];
    if (cell["transport"] != "tcp.zerocopy") continue;
    if (link == "lo") {
      EXPECT_EQ(share_of(cell, "zero_copied"), 0);
    } else {
      EXPECT_GT(share_of(cell, "zero_copied"), 0.5);
    }
  }
  EXPECT_EQ(substrates,
            (std::map<std::string, std::string>{{"lo", "soft_device"}, {"wire:eth0+eth1", "emulated_device"}}));
}

}  // namespace
}  // namespace xover::test
