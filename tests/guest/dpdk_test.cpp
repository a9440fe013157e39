// The DPDK rows on two real drivers' ports: two e1000e behind vfio-pci and an IOMMU. The conformance suite holds them
// to the contract there, and a run books no copy of the sender's program.
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/guest/lab_guest.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using GuestDpdk = LabGuest;

std::string on_cards(const std::string& script) { return few_dpdk_drivers + script; }

// Why the rows cannot run anywhere in this build; empty: they can.
std::string why_not_built() {
  const json listed = json::parse(run_program({xover_program(), "list", "--json"}).out);
  for (const json& row : listed["transports"])
    if (row["id"] == "dpdk.mbuf" && row["status"] == "not_built") return row["cause"];
  return {};
}

// What needs a card of the unit tests, which are skipped elsewhere.
TEST_F(GuestDpdk, PortsPassFramesBetweenTwoCards) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  const std::string program = program_at("XOVER_UNIT_TESTS");
  ASSERT_NE(program, "") << "XOVER_UNIT_TESTS does not name the unit tests";
  const ChildResult result = run_script("vfio", on_cards(std::string("'") + program + "' --gtest_filter='DpdkCard.*'"));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("[  PASSED  ] 1 test"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("SKIPPED"), std::string::npos) << result.out;
}

// The cases of the conformance suite that this filter picks, of all three rows; how many passed.
int cases_passed(const std::string& filter) {
  return test::cases_passed("vfio", on_cards(""), program_at("XOVER_CONFORMANCE"), filter, std::chrono::seconds(600));
}

TEST_F(GuestDpdk, ConformsOnTwoCardsBehindVfio) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(cases_passed("*.EverySizeArrives/dpdk_*_pci_*:*.BothDirectionsAtOnce*/dpdk_*_pci_*:"
                         "*.AKilledReceiverReleases*/dpdk_*_pci_*:*.FramesAreCopied*/dpdk_*_pci_*"),
            12);
}

TEST_F(GuestDpdk, ConformsWhollyOnTwoCardsBehindVfio) {
  if (std::getenv("XOVER_GUEST_WHOLE") == nullptr) GTEST_SKIP() << "takes five minutes; ./dev guest test runs it";
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_GT(cases_passed("*dpdk_*_pci_*"), 75);  // the cases that fit no such link are skipped
}

TEST_F(GuestDpdk, SendsOverThemWithoutACopyOfTheSender) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  const TemporaryFolder results;
  const ChildResult result = run_script("vfio", on_cards(std::string("xover='") + xover_program() + R"('
    $xover list --json >list.json
    $xover run --transports dpdk.copy,dpdk.mbuf,dpdk.extbuf --link pci:$XOVER_PCI_A+$XOVER_PCI_B --size 1K,16K \
      --depth 8 --wait spin --pages huge --rounds 2 --restarts 1 --duration 500ms --touch verify --no-gate \
      --json result.json)"),
                                        {"--results", results.path()});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;

  const json listed = json::parse(file_text(results.path("list.json")));
  for (const json& link : listed["links"]) {
    if (link["name"] == "pci") {
      EXPECT_EQ(link["status"], "usable") << link;
    }
  }

  const std::string text = file_text(results.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json document = json::parse(text);
  ASSERT_EQ(document["cells"].size(), 6u);
  for (const json& cell : document["cells"]) {
    const std::string id = cell["transport"];
    ASSERT_EQ(cell["status"], "ok") << id << ": " << cell.value("reason", "");
    EXPECT_EQ(cell["substrate"], "emulated_device");
    const json& sender = cell["ledger"]["sender"];
    EXPECT_GT(sender["completed"], 1 << 20) << id;
    EXPECT_EQ(sender["zero_copied"], sender["completed"]) << id;  // no driver copies: the card reads the mbufs
    if (id == "dpdk.copy") {
      EXPECT_GT(sender["user_copied"], 1 << 20) << id;
    } else {
      EXPECT_EQ(sender["user_copied"], 0) << id;
    }
  }
}

}  // namespace
}  // namespace xover::test
