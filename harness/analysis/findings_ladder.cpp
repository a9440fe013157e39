// The copy ladder: paths that differ by one copy each, in the order in which the plan lists them. Each step is held
// against the step before, round by round, and the two ledgers say which copy went.
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/evidence.h"
#include "harness/analysis/findings.h"

namespace xover {
namespace {

// Half a percent is left to what was in flight when a phase began.
constexpr double nearly_all = 0.995;

double share(const Ledger& ledger, std::uint64_t bytes) {
  return ledger.completed_bytes == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(ledger.completed_bytes);
}

bool nobody_copied(const Ledger& ledger) {
  return ledger.user_copied_bytes == 0 && share(ledger, ledger[Handover::zero_copied]) >= nearly_all;
}

// "kernel_by_design 100 %", "user_copied 100 % + kernel_by_design 100 %"
std::string account_of(const Ledger& ledger) {
  std::string text;
  const auto add = [&](std::string_view name, std::uint64_t bytes) {
    if (bytes == 0) return;
    text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : " + ", name, 100 * share(ledger, bytes));
  };
  add("user_copied", ledger.user_copied_bytes);
  for (std::size_t i = 0; i < handover_classes; ++i) {
    add(to_string(static_cast<Handover>(i)), ledger.handover_bytes[i]);
  }
  return text.empty() ? "nothing was sent" : text;
}

std::string accounts_of(const CellResult& cell) {
  return fmt::format("sender {}, receiver {}", account_of(cell.sender_ledger), account_of(cell.receiver_ledger));
}

// Which copy the step before made and this one does not, by the ledgers.
std::string what_went(const CellResult& before, const CellResult& here) {
  const bool sender = !nobody_copied(before.sender_ledger) && nobody_copied(here.sender_ledger);
  const bool receiver = !nobody_copied(before.receiver_ledger) && nobody_copied(here.receiver_ledger);
  if (sender && receiver) return "both copies go";
  if (sender) return "the sender's copy goes";
  if (receiver) return "the receiver's copy goes";
  const bool back = (nobody_copied(before.sender_ledger) && !nobody_copied(here.sender_ledger)) ||
                    (nobody_copied(before.receiver_ledger) && !nobody_copied(here.receiver_ledger));
  return back ? "a copy comes back" : "the same copies, the pages come from elsewhere";
}

Finding first_step(const CellResult& cell) {
  return {fmt::format("{}: where the ladder begins", cell.variant.name()), "copy ladder", "yes",
          fmt::format("{} Gbit/s; {}", words(cell.goodput_gbps.median), accounts_of(cell))};
}

Finding step(const CellResult& before, const CellResult& here) {
  const Estimate ratio = estimate(paired_ratios({&before, &here}, Metric::goodput));
  Finding finding;
  finding.claim = fmt::format("{}: {}, and it is faster", here.variant.name(), what_went(before, here));
  finding.source = fmt::format("against {}", before.variant.name());
  finding.holds = "not here";
  if (ratio.rounds >= least_rounds_for_verdict) {
    if (ratio.interval.low > 1) finding.holds = "yes";
    if (ratio.interval.high < 1) finding.holds = "no";
  }
  finding.figure = fmt::format("{} Gbit/s, {} times the step before; {}", words(here.goodput_gbps.median),
                               words(ratio.interval), accounts_of(here));
  return finding;
}

}  // namespace

std::vector<Finding> ladder_findings(const ResultDocument& document) {
  std::vector<Finding> findings;
  for (std::size_t point = 0; point < document.plan.points.size(); ++point) {
    const CellResult* before = nullptr;
    for (const CellResult& cell : document.cells) {
      if (cell.point_index != point || cell.status != CellStatus::ok) continue;
      findings.push_back(before == nullptr ? first_step(cell) : step(*before, cell));
      before = &cell;
    }
  }
  return findings;
}

}  // namespace xover
