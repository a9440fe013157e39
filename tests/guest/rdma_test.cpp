// The fabric `verbs`, and what stands on it, on a real driver's device: soft-RoCE, both ends in one guest. The suites
// hold them to their contracts there, and a run says who moved the bytes.
#include <cstdlib>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/guest/lab_guest.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using nlohmann::json;
using GuestRdma = LabGuest;

constexpr int rows = 8;  // rdma.*, sdp.*, rsocket

// Why the rows cannot run on verbs anywhere in this build; empty: they can.
std::string why_not_built() {
  const json listed = json::parse(run_program({xover_program(), "list", "--json"}).out);
  for (const json& row : listed["transports"])
    if (row["id"] == "rsocket" && row["status"] == "not_built") return row["cause"];
  return {};
}

// The cases of a suite that this filter picks; how many passed.
int cases_passed(const char* suite_variable, const std::string& filter) {
  return test::cases_passed("rxe", "XOVER_EMULATED=1 XOVER_VERBS_DEVICE=rxe0 ", program_at(suite_variable), filter,
                            std::chrono::seconds(1200));
}

TEST_F(GuestRdma, TheFabricKeepsItsPromisesOnSoftRoce) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_GE(cases_passed("XOVER_FABRIC", "*/verbs"), 45);
}

TEST_F(GuestRdma, ConformsOnSoftRoce) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_EQ(cases_passed("XOVER_CONFORMANCE", "*.EverySizeArrives/*_verbs_*:*.AKilledReceiverReleases*/*_verbs_*"),
            2 * rows);
}

TEST_F(GuestRdma, ConformsWhollyOnSoftRoce) {
  if (std::getenv("XOVER_GUEST_WHOLE") == nullptr) GTEST_SKIP() << "takes many minutes; ./dev guest test runs it";
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  EXPECT_GE(cases_passed("XOVER_CONFORMANCE", "*_verbs_*"), 36 * rows);  // streams have more, files do not fit
}

TEST_F(GuestRdma, RunsSdpAgainstRsocketsAndSaysWhoMovedTheBytes) {
  if (const std::string why = why_not_built(); !why.empty()) GTEST_SKIP() << why;
  const TemporaryFolder results;
  const ChildResult result = run_script("rxe", std::string("xover='") + xover_program() + R"('
    $xover list --json >list.json
    $xover run --transports sdp.auto,rsocket --link verbs:rxe0 --size 4K,1M --depth 8 --rounds 2 --restarts 1 \
      --duration 500ms --touch verify --no-gate --json result.json)",
                                        {"--results", results.path()});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;

  const json listed = json::parse(file_text(results.path("list.json")));
  for (const json& link : listed["links"]) {
    if (link["name"] == "verbs") {
      EXPECT_EQ(link["status"], "usable") << link;
    }
  }

  const std::string text = file_text(results.path("result.json"));
  EXPECT_EQ(result_problems(text), std::vector<std::string>());
  const json document = json::parse(text);
  ASSERT_EQ(document["cells"].size(), 4u);
  for (const json& cell : document["cells"]) {
    ASSERT_EQ(cell["status"], "ok") << cell.value("reason", "");
    EXPECT_EQ(cell["link"], "verbs:rxe0");
    const json& sender = cell["ledger"]["sender"];
    EXPECT_EQ(sender["driver"], sender["completed"]);
    EXPECT_GT(sender["completed"].get<std::uint64_t>(), 0u);
    if (cell["transport"] == "rsocket") {
      EXPECT_GE(sender["user_copied"], sender["completed"]);
    }
  }
}

}  // namespace
}  // namespace xover::test
