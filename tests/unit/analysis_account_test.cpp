// The account of a transfer, out of counters: what it divides by, and what it leaves out.
#include "harness/analysis/account.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/reports/account_table.h"
#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

using namespace synthetic;

// Two rounds of one second with 1000 messages each, on two connections.
CellResult zcopy_cell(std::size_t point_index) {
  Sample sample = sample_of(1);
  sample.sender.messages = sample.receiver.messages = 1000;
  sample.sender.counters = {{"account_transfers", 900},
                            {"account_advert_round_trip_ns", 500'000'000},
                            {"account_lookup_ns", 1'000'000},
                            {"registration_hits", 90},
                            {"registration_misses", 10},
                            {"peak_pinned_bytes", 4096},
                            {"bcopy_because_cancelled", 3},
                            {"bcopy_because_no_memory", 0},
                            {"wasted_pins", 2}};
  sample.receiver.counters = {{"account_transfers", 900}, {"account_wire_ns", 400'000'000}};
  CellResult cell = cell_of(point_index, "sdp.read_zcopy@local", {sample, sample});
  cell.rounds.back().sample.sender.counters["peak_pinned_bytes"] = 8192;
  return cell;
}

Point two_connections() { return point_of(Workload::stream, 65536, 2).point; }

const AccountPhase& phase(const SideAccount& account, std::string_view name) {
  return *std::ranges::find(account.phases, name, &AccountPhase::name);
}

TEST(Account, IsPerMessageAndAShareOfTheConnectionsTime) {
  const auto account = account_of(zcopy_cell(0), two_connections());
  ASSERT_TRUE(account);
  EXPECT_EQ(account->sender.transfers, 1800u);
  EXPECT_DOUBLE_EQ(phase(account->sender, "advert_round_trip").ns_per_message, 500'000);
  EXPECT_DOUBLE_EQ(phase(account->sender, "advert_round_trip").share, 0.25);
  EXPECT_DOUBLE_EQ(phase(account->sender, "lookup").ns_per_message, 1000);
  EXPECT_DOUBLE_EQ(phase(account->receiver, "wire").share, 0.2);
  EXPECT_EQ(phase(account->receiver, "copy").ns_per_message, 0);
}

TEST(Account, HasTheCachesFiguresAndTheReasonsThatHappened) {
  const SideAccount sender = account_of(zcopy_cell(0), two_connections())->sender;
  EXPECT_DOUBLE_EQ(sender.hit_rate.value(), 0.9);
  EXPECT_EQ(sender.peak_pinned_bytes, 8192u) << "of several rounds the highest";
  ASSERT_EQ(sender.bcopy_because.size(), 1u);
  EXPECT_EQ(sender.bcopy_because.front().name, "cancelled");
  EXPECT_EQ(sender.bcopy_because.front().count, 6u);
  EXPECT_FALSE(account_of(zcopy_cell(0), two_connections())->receiver.hit_rate) << "nothing was looked up there";
}

TEST(Account, CountsAcceptedRoundsOnly) {
  CellResult cell = zcopy_cell(0);
  cell.rounds.front().accepted = false;
  EXPECT_EQ(account_of(cell, two_connections())->sender.transfers, 900u);
  cell.rounds.back().accepted = false;
  EXPECT_FALSE(account_of(cell, two_connections()));
}

TEST(Account, IsNotThereForTransportsWithoutOne) {
  EXPECT_FALSE(account_of(cell_of(0, "tcp.send", {sample_of(1)}), two_connections()));
}

TEST(AccountTable, ShowsWhatHappenedAndLeavesOutWhatDidNot) {
  ResultDocument document;
  document.plan.points.push_back(point_of(Workload::stream, 65536, 2));
  document.cells.push_back(zcopy_cell(0));
  const std::string text = account_text(document, Terminal{});
  for (const char* part : {"the account of a transfer", "sdp.read_zcopy", "64K", "advert round trip", "25%",
                           "cache hits", "90.0%", "copied because cancelled", "wasted pins"})
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
  for (const char* part : {"deregister", "no memory", "credit stalls"})
    EXPECT_EQ(text.find(part), std::string::npos) << part << " is in\n" << text;
}

TEST(AccountTable, IsEmptyWithoutAnAccount) {
  ResultDocument document;
  document.plan.points.push_back(point_of(Workload::stream));
  document.cells.push_back(cell_of(0, "tcp.send", {sample_of(1)}));
  EXPECT_EQ(account_text(document, Terminal{}), "");
}

}  // namespace
}  // namespace xover
