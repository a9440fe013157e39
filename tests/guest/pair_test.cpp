// xover between two guests, `serve` in one and `run --peer` in the other, over the devices that a pair of hosts may
// have: a card of the kernel's, RDMA devices, cards for DPDK.
#include <string>

#include <nlohmann/json.hpp>

#include "tests/guest/lab_guest.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;

class GuestPair : public LabGuest {
 protected:
  // The flags of `run` in the first guest; the result of it, checked against its schema.
  json run_between(const std::string& scenario, const std::string& flags, const std::string& before = {}) {
    const ChildResult key = run_program({xover_program(), "serve", "--new-key", results_.path("key")});
    EXPECT_EQ(key.exit_code, 0) << key.err;
    const std::string wait = R"(
      tries=0
      until bash -c '</dev/tcp/'$XOVER_PEER_ADDRESS/7377 2>/dev/null || [ $((tries += 1)) = 60 ]; do sleep 1; done
)";
    const std::string near = before + wait + "'" + xover_program() + "' run " + flags +
                             " --peer $XOVER_PEER_ADDRESS --key-file key --no-gate --json result.json";
    const std::string far = before + "exec '" + xover_program() + "' serve --listen $XOVER_OWN_ADDRESS --key-file key";
    const ChildResult result =
        run_program(script_words(scenario, near, {"--timeout", "900s", "--results", results_.path(), "--peer", far}),
                    std::chrono::seconds(920));
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    if (result.exit_code != 0) return json::object();
    const std::string text = file_text(results_.path("result.json"));
    EXPECT_EQ(result_problems(text), std::vector<std::string>());
    return json::parse(text);
  }

  // Every cell is `ok`, or skipped for a reason; how many are ok.
  static std::size_t ok_cells(const json& document) {
    std::size_t ok = 0;
    for (const json& cell : document["cells"]) {
      const std::string what = cell["transport"].get<std::string>() + ": " + cell.value("reason", "");
      ok += cell["status"] == "ok" ? 1 : 0;
      EXPECT_TRUE(cell["status"] == "ok" || (cell["status"] == "skipped" && !cell.value("reason", "").empty())) << what;
    }
    return ok;
  }

  TemporaryFolder results_;
};

TEST_F(GuestPair, MeasuresACardOfTheKernel) {
  const json document =
      run_between("pair", "nic --sizes 16K --connections 1 --rounds 2 --restarts 1 --duration 300ms --touch verify");
  ASSERT_FALSE(document.empty());
  EXPECT_EQ(document["cells"].size(), 14u);
  EXPECT_GE(ok_cells(document), 6u);  // tcp.*, both workloads
  EXPECT_EQ(document["emulated"], true);
}

TEST_F(GuestPair, MeasuresRdmaDevices) {
  const json document = run_between(
      "pair", "nic_rdma --sizes 4K --connections 1 --rounds 2 --restarts 1 --duration 300ms --touch verify");
  ASSERT_FALSE(document.empty());
  EXPECT_EQ(ok_cells(document), document["cells"].size());
  for (const json& cell : document["cells"]) {
    EXPECT_EQ(cell["ledger"]["sender"]["driver"], cell["ledger"]["sender"]["completed"]);
  }
}

TEST_F(GuestPair, MeasuresCardsGivenToDpdk) {
  const json document = run_between("pair_nic",
                                    "nic_dpdk --link pci:$XOVER_PCI_A+$XOVER_PCI_B --sizes 1456 --rounds 2 "
                                    "--restarts 1 --duration 500ms --touch verify",
                                    few_dpdk_drivers);
  ASSERT_FALSE(document.empty());
  EXPECT_EQ(document["cells"].size(), 9u);
  EXPECT_EQ(ok_cells(document), 9u);
  for (const json& cell : document["cells"]) {
    EXPECT_EQ(cell["substrate"], "emulated_device");
  }
}

}  // namespace
}  // namespace xover::test
