// The claims of Skevik, Plagemann, Goebel and Halvorsen, "Evaluation of a Zero-Copy Protocol Implementation": datagrams
// sent by copy (udp.send) and by lending pages (udp.zerocopy; the paper changed UVM in OpenBSD for it). Its t_tot, t1,
// R and R_max are those of copy_time.h.
#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/copy_time.h"
#include "harness/analysis/evidence.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/findings.h"

namespace xover {
namespace {

constexpr std::string_view by_copy = "udp.send", by_loan = "udp.zerocopy";
constexpr std::uint64_t page_bytes = 4096;  // the paper's machine's

struct Uvm : Evidence {
  using Evidence::Evidence;

  Place aligned(std::uint64_t size_bytes) const { return {size_bytes, connections().front(), alignments().back()}; }
  Place unaligned(std::uint64_t size_bytes) const { return {size_bytes, connections().front(), alignments().front()}; }
};

struct Claim {
  const char* text;
  const char* source;
  Answer (*answer)(const Uvm&);
};

std::optional<SendTime> send_cost(const Uvm& run, std::uint64_t size_bytes) {
  const CellResult* cell = run.judged_cell(by_copy, run.aligned(size_bytes));
  return cell == nullptr ? std::nullopt : send_time(*cell, size_bytes);
}

struct SendCosts {
  std::vector<SendTime> of_sizes;
  std::string unavailable;  // why t1 is unknown; empty when it is known at two sizes at least, and at all that ran

  explicit SendCosts(const Uvm& run) {
    for (std::uint64_t size_bytes : run.sizes()) {
      const auto cost = send_cost(run, size_bytes);
      if (!cost) continue;
      of_sizes.push_back(*cost);
      if (cost->knows_copy()) continue;
      unavailable = cost->copy.reason.empty() ? "no kernel addresses were sampled" : cost->copy.reason;
    }
    if (of_sizes.size() < 2) unavailable = fmt::format("{} ran 6 rounds at fewer than two sizes", by_copy);
  }

  std::string figure() const {
    std::string text = unavailable.empty() ? "" : "t1 unavailable: " + unavailable;
    for (const SendTime& cost : of_sizes) text += (text.empty() ? "" : "; ") + describe(cost);
    return text;
  }

 private:
  std::string describe(const SendTime& cost) const {
    const double total_ns = cost.total_ns.median;
    const std::string size = format_size(cost.size_bytes), rate = words(cost.rate_gbps().median);
    if (!unavailable.empty()) return fmt::format("{}: t_tot {} ns, R {} Gbps", size, words(total_ns), rate);
    return fmt::format("{}: t1 {} of t_tot {} ns, R {}, R_max {} Gbps", size, words(total_ns * cost.share.median),
                       words(total_ns), rate, words(cost.greatest_rate_gbps().median));
  }
};

Answer copy_share_grows(const Uvm& run) {
  const SendCosts costs(run);
  if (!costs.unavailable.empty()) return not_here(costs.figure());
  return is_above(factor(costs.of_sizes.back().share, costs.of_sizes.front().share), 1, costs.figure());
}

// Steadily: from each size to the next. One step down refutes it, one that is not separable leaves it open.
Answer greatest_rate_grows(const Uvm& run) {
  const SendCosts costs(run);
  if (!costs.unavailable.empty()) return not_here("t1 unavailable: " + costs.unavailable);
  Answer all{"yes", ""};
  const SendTime* before = nullptr;
  for (const SendTime& cost : costs.of_sizes) {
    const Interval rate = cost.greatest_rate_gbps();
    all.figure += fmt::format("{}{}: {}", before == nullptr ? "R_max in Gbps: " : ", ", format_size(cost.size_bytes),
                              words(rate.median));
    const std::string step =
        before == nullptr ? "yes" : is_above(factor(rate, before->greatest_rate_gbps()), 1, "").holds;
    if (step == "no" || (step == "not here" && all.holds == "yes")) all.holds = step;
    before = &cost;
  }
  return all;
}

Answer loan_wins_from_a_page(const Uvm& run) {
  return starts_to_win(ladder(run, by_copy, by_loan, Metric::goodput, run.aligned(0)), page_bytes, page_bytes);
}

Answer loan_wins_at_8k(const Uvm& run) {
  return has_verdict(run.comparison(by_copy, by_loan, Metric::goodput, run.aligned(8192)), Verdict::faster);
}

Answer throughput_falls_above_8k(const Uvm& run) {
  const CellResult* at_8k = run.judged_cell(by_loan, run.aligned(8192));
  const CellResult* largest = run.judged_cell(by_loan, run.aligned(run.sizes().back()));
  if (at_8k == nullptr || largest == nullptr || run.sizes().back() <= 8192)
    return not_here("8K and larger did not both run 6 rounds");
  const auto times = factor(largest->goodput_gbps, at_8k->goodput_gbps);
  if (!times) return not_here("no goodput in this run");
  return is_below(times, 1,
                  fmt::format("{} times the goodput of 8K at {}", words(*times), format_size(run.sizes().back())));
}

// Counters of failed sends are named send_errors, one for each errno.
std::uint64_t send_errors(const SideReport& sender) {
  std::uint64_t errors = 0;
  for (const auto& [name, value] : sender.counters) errors += name.starts_with("send_errors") ? value : 0;
  return errors;
}

Answer errors_outnumber_packets(const Uvm& run) {
  const std::uint64_t size_bytes = run.sizes().back();
  std::string figure;
  bool more_than_two = false;
  for (std::string_view transport : {by_copy, by_loan}) {
    const CellResult* cell = run.cell(transport, run.aligned(size_bytes));
    if (cell == nullptr) continue;
    std::uint64_t errors = 0, messages = 0;
    for (const RoundRecord& round : cell->rounds) {
      if (!round.accepted) continue;
      errors += send_errors(round.sample.sender);
      messages += round.sample.sender.messages;
    }
    if (messages == 0) continue;
    const double rate = static_cast<double>(errors) / static_cast<double>(messages);
    more_than_two |= rate > 2;
    figure += fmt::format("{}{} {}", figure.empty() ? "" : ", ", transport, words(rate));
  }
  if (figure.empty()) return not_here("nothing was sent in this run");
  return yes_if(more_than_two, fmt::format("errors per datagram of {}: {}", format_size(size_bytes), figure));
}

Answer loan_needs_alignment(const Uvm& run) {
  if (run.alignments().size() < 2) return not_here("this run has one alignment only");
  const std::uint64_t size_bytes = run.sizes().back();
  const CellResult* on_pages = run.judged_cell(by_loan, run.aligned(size_bytes));
  const CellResult* off_pages = run.judged_cell(by_loan, run.unaligned(size_bytes));
  if (on_pages == nullptr || off_pages == nullptr)
    return not_here(fmt::format("{} did not run 6 rounds of both", by_loan));
  const auto times = factor(on_pages->goodput_gbps, off_pages->goodput_gbps);
  if (!times) return not_here("no goodput in this run");
  return is_above(
      times, 1,
      fmt::format("on page boundaries {} times the goodput off them, at {}", words(*times), format_size(size_bytes)));
}

constexpr Claim claims[] = {
    {"the larger the datagram, the larger the share of the copy", "figure 1", copy_share_grows},
    {"without the copy, the rate R_max grows steadily with size", "figure 1", greatest_rate_grows},
    {"lending is faster from a page (4 KB) on, copying below", "figure 2", loan_wins_from_a_page},
    {"sustained throughput is higher by lending at 8 KB (+45.6 %)", "figure 4", loan_wins_at_8k},
    {"throughput by lending falls above 8 KB", "figure 4", throughput_falls_above_8k},
    {"at 32 KB more than two sends fail for each that succeeds", "figure 6", errors_outnumber_packets},
    {"lending pays on page boundaries only", "section 2.4", loan_needs_alignment},
};

}  // namespace

std::vector<Finding> uvm_findings(const ResultDocument& document) {
  std::vector<Finding> findings;
  if (document.plan.points.empty()) return findings;
  const Uvm run(document);
  for (const Claim& claim : claims) {
    Answer answer = claim.answer(run);
    findings.push_back(
        {claim.text, std::string("Skevik et al., ") + claim.source, answer.holds, std::move(answer.figure)});
  }
  return findings;
}

}  // namespace xover
