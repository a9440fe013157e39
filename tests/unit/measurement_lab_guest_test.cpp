// Lab guests are known by the kernel's command line, emulated machines by the facts of a result.
#include "harness/measurement/lab_guest.h"

#include <gtest/gtest.h>

#include "harness/analysis/summarise.h"
#include "harness/measurement/environment.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

TEST(LabGuest, is_known_by_the_command_line) {
  const auto guest = lab_guest_of("console=ttyS0 quiet xover.lab_guest=wire xover.lab_guest_accel=tcg panic=-1");
  ASSERT_TRUE(guest);
  EXPECT_EQ(guest->scenario, "wire");
  EXPECT_EQ(guest->accelerator, "tcg");
  EXPECT_EQ(lab_guest_of("xover.lab_guest=pair")->accelerator, "");
}

TEST(LabGuest, is_not_seen_where_there_is_none) {
  for (const char* line : {"", "quiet", "xover.lab_guest", "xover.lab_guest=", "noxover.lab_guest=wire", "  \t\n"})
    EXPECT_FALSE(lab_guest_of(line)) << line;
}

TEST(LabGuest, stands_in_the_environment_where_it_is_one) {
  const auto facts = environment().facts;
  EXPECT_EQ(facts.contains("lab_guest"), lab_guest().has_value());
}

TEST(LabGuest, has_no_hardware_and_no_memory_of_a_host) {
  EXPECT_EQ(substrate_in_lab_guest(Substrate::hardware), Substrate::emulated_device);
  EXPECT_EQ(substrate_in_lab_guest(Substrate::same_host_memory), Substrate::soft_device);
  EXPECT_EQ(substrate_in_lab_guest(Substrate::soft_device), Substrate::soft_device);
}

TEST(Emulator, is_named_by_the_facts) {
  const auto emulator = [](std::map<std::string, std::string> facts) { return emulator_of({std::move(facts)}); };
  EXPECT_EQ(emulator({{"lab_guest", "rxe"}, {"lab_guest_accel", "kvm"}}), "lab guest rxe, accelerator kvm");
  EXPECT_EQ(emulator({{"hypervisor", "TCGTCGTCGTCG"}}), "hypervisor TCGTCGTCGTCG");
  EXPECT_FALSE(emulator({{"hypervisor", "KVMKVMKVM"}}));
  EXPECT_FALSE(emulator({{"hypervisor", "none"}}));
  EXPECT_FALSE(emulator({}));
}

TEST(Emulator, warns_on_every_row_and_once) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(Workload::stream));
  document.cells = {synthetic::cell_of(0, "tcp.send", synthetic::steady(10, 10)),
                    synthetic::cell_of(0, "udp.send", {})};
  document.cells[1].status = CellStatus::skipped;
  document.environment.facts["hypervisor"] = "TCGTCGTCGTCG";
  summarise(document);
  summarise(document);
  for (const CellResult& cell : document.cells) {
    EXPECT_EQ(std::count_if(cell.warnings.begin(), cell.warnings.end(),
                            [](const Warning& warning) { return warning.kind == WarningKind::emulated_speeds; }),
              1);
  }
  document.environment.facts.clear();
  summarise(document);
  EXPECT_EQ(synthetic::find_warning(document.cells[0].warnings, WarningKind::emulated_speeds), nullptr);
}

}  // namespace
}  // namespace xover
