// The copy ladder: paths that differ by one copy each. Each step is held, round by round, against the step that differs
// in nothing else: the same path with another receiver where there is one, else the first of the ladder. The ledgers of
// the two say which copy went. Each link has a ladder of its own: another link is no copy less.
#include <algorithm>
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

// A cell with the one that it is held against, which the first of a point has not.
struct Rung {
  const CellResult* before = nullptr;
  const CellResult* here = nullptr;
  Estimate ratio;
  double adjusted_p_value = 1;  // by Holm over all rungs of the run

  bool judged() const { return ratio.rounds >= least_rounds_for_verdict; }
};

// `earlier` are the cells of the same point that stand before it in the plan.
const CellResult* reference_of(const CellResult& cell, const std::vector<const CellResult*>& earlier) {
  const auto on_its_link = [&](const CellResult* other) { return comparable(*other, cell) && same_link(*other, cell); };
  const auto same_path = std::find_if(earlier.rbegin(), earlier.rend(), [&](const CellResult* other) {
    return other->variant.id == cell.variant.id && on_its_link(other);
  });
  if (same_path != earlier.rend()) return *same_path;
  const auto first = std::find_if(earlier.begin(), earlier.end(), on_its_link);
  return first == earlier.end() ? nullptr : *first;
}

std::vector<Rung> rungs_of(const ResultDocument& document) {
  std::vector<Rung> rungs;
  for (std::size_t point = 0; point < document.plan.points.size(); ++point) {
    std::vector<const CellResult*> earlier;
    for (const CellResult& cell : document.cells) {
      if (cell.point_index != point || cell.status != CellStatus::ok) continue;
      Rung& rung = rungs.emplace_back(Rung{reference_of(cell, earlier), &cell, {}});
      if (rung.before != nullptr) rung.ratio = estimate(paired_ratios({rung.before, &cell}, Metric::goodput));
      earlier.push_back(&cell);
    }
  }
  return rungs;
}

void adjust(std::vector<Rung>& rungs) {
  std::vector<Rung*> family;
  std::vector<double> p_values;
  for (Rung& rung : rungs) {
    if (!rung.judged()) continue;
    family.push_back(&rung);
    p_values.push_back(rung.ratio.p_value);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < family.size(); ++i) family[i]->adjusted_p_value = adjusted[i];
}

// "tcp.send", or "tcp.send at 64K" where the plan has more than one point.
std::string name_of(const CellResult& cell, const ResultDocument& document) {
  if (document.plan.points.size() == 1) return cell.variant.name();
  return fmt::format("{} at {}", cell.variant.name(),
                     format_size(document.plan.points[cell.point_index].point.size_bytes));
}

Finding begin(const Rung& rung, const ResultDocument& document) {
  const CellResult& cell = *rung.here;
  return {fmt::format("{}: where the ladder begins", name_of(cell, document)), "copy ladder", "yes",
          fmt::format("{} Gbit/s; {}", words(cell.goodput_gbps.median), accounts_of(cell))};
}

Finding step(const Rung& rung, const ResultDocument& document) {
  const CellResult &before = *rung.before, &here = *rung.here;
  const Interval& ratio = rung.ratio.interval;
  Finding finding;
  finding.claim = fmt::format("{}: {}, and it is faster", name_of(here, document), what_went(before, here));
  finding.source = fmt::format("against {}", before.variant.name());
  finding.holds = "not here";
  std::string doubt;
  if (!rung.judged())
    doubt = fmt::format(" (too few rounds: a verdict takes {})", least_rounds_for_verdict);
  else if (rung.adjusted_p_value >= significance || (ratio.low <= 1 && ratio.high >= 1))
    doubt = " (not separable)";
  else
    finding.holds = ratio.low > 1 ? "yes" : "no";
  finding.figure = fmt::format("{} Gbit/s, {} times that{}; {}", words(here.goodput_gbps.median), words(ratio), doubt,
                               accounts_of(here));
  return finding;
}

}  // namespace

std::vector<Finding> ladder_findings(const ResultDocument& document) {
  std::vector<Rung> rungs = rungs_of(document);
  adjust(rungs);
  std::vector<Finding> findings;
  for (const Rung& rung : rungs)
    findings.push_back(rung.before == nullptr ? begin(rung, document) : step(rung, document));
  return findings;
}

}  // namespace xover
