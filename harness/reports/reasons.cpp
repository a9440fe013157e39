// What the two ledgers of the sending side say about an outcome.
#include "harness/reports/reasons.h"

#include <cmath>

#include <fmt/format.h>

#include "harness/reports/words.h"

namespace xover {

namespace {

enum class Outcome { better, worse, same };

// "faster" is meant for the user, whatever the metric.
Outcome outcome_of(Verdict verdict) {
  if (verdict == Verdict::faster) return Outcome::better;
  return verdict == Verdict::slower ? Outcome::worse : Outcome::same;
}

std::string copied_after_all(const Ledger& ledger, Outcome outcome) {
  const double copied = share(ledger, Handover::kernel_after_request);
  std::string text = copied == 1
                         ? std::string("All its bytes were copied by the kernel after all")
                         : fmt::format("{:.0f} % of its bytes were copied by the kernel after all", copied * 100);
  switch (outcome) {
    case Outcome::worse:
      return text + (copied == 1 ? ", so it paid for pinning and notifications and saved nothing."
                                 : ", for which it paid pinning and notifications in vain.");
    case Outcome::better: return text + (copied == 1 ? ", so zero-copy is not why it is ahead." : ".");
    case Outcome::same: return text + ".";
  }
  return text;
}

std::string copied_by_nobody(const CellResult& baseline, Outcome outcome) {
  const bool baseline_copied = baseline.sender_ledger[Handover::zero_copied] == 0;
  if (!baseline_copied) return {};
  switch (outcome) {
    case Outcome::better:
      return fmt::format("Nobody copied its bytes on the sending side; those of {} were copied.",
                         baseline.variant.name());
    case Outcome::worse:
      return "Nobody copied its bytes on the sending side, yet doing without cost more than the copy.";
    case Outcome::same: return "Nobody copied its bytes on the sending side, which gained as much as it cost.";
  }
  return {};
}

std::string copied_in_user_space(const CellResult& baseline, const CellResult& candidate, Outcome outcome) {
  const auto copies = [](const Ledger& ledger) {
    return static_cast<double>(ledger.user_copied_bytes) / static_cast<double>(ledger.completed_bytes);
  };
  const double more = copies(candidate.sender_ledger) - copies(baseline.sender_ledger);
  if (std::abs(more) < 0.5) return {};
  const std::string other = baseline.variant.name();
  if (more > 0) {
    if (outcome == Outcome::worse)
      return fmt::format("It copies its bytes in user space once more than {} does.", other);
    return fmt::format("It does so although it copies its bytes in user space once more than {}.", other);
  }
  if (outcome == Outcome::better) return fmt::format("It spares the copy in user space that {} makes first.", other);
  return fmt::format("It spares the copy in user space that {} makes first, which gains nothing at this size.", other);
}

}  // namespace

std::string reason_of(const Comparison& comparison, const CellResult& baseline, const CellResult& candidate) {
  const Ledger& ledger = candidate.sender_ledger;
  if (comparison.verdict == Verdict::too_few_rounds) return {};
  if (ledger.completed_bytes == 0 || baseline.sender_ledger.completed_bytes == 0) return {};
  const Outcome outcome = outcome_of(comparison.verdict);
  if (ledger[Handover::kernel_after_request] > 0) return copied_after_all(ledger, outcome);
  if (share(ledger, Handover::zero_copied) == 1) return copied_by_nobody(baseline, outcome);
  return copied_in_user_space(baseline, candidate, outcome);
}

}  // namespace xover
