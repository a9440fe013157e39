// The claims of two reports on one assignment, PA02, "Network I/O Performance Analysis": two-copy (tcp.send), one-copy
// (tcp.sendmsg) and zero-copy (tcp.zerocopy) over TCP within one machine. The reports, by Srivastava (MT25078) and by
// MT25067, contradict each other in places; both claims then stand here.
#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/compare.h"
#include "harness/analysis/evidence.h"
#include "harness/analysis/figures.h"
#include "harness/analysis/findings.h"

namespace xover {
namespace {

constexpr std::string_view two_copy = "tcp.send", one_copy = "tcp.sendmsg", zero_copy = "tcp.zerocopy";
constexpr std::string_view all_three[] = {two_copy, one_copy, zero_copy};

struct Pa02 : Evidence {
  using Evidence::Evidence;

  std::uint64_t alignment() const { return alignments().front(); }
  Place at(std::uint64_t size_bytes, std::uint32_t connections_wanted) const {
    return {size_bytes, connections_wanted, alignment()};
  }
  std::uint64_t smallest() const { return sizes().front(); }
  std::uint64_t largest() const { return sizes().back(); }
};

struct Claim {
  const char* text;
  const char* source;
  Answer (*answer)(const Pa02&);
};

struct VerdictCount {
  std::size_t faster = 0, slower = 0, neither = 0;
  double least_ratio = 0, greatest_ratio = 0;

  explicit VerdictCount(const std::vector<Step>& steps) {
    for (const auto& [place, comparison] : steps) {
      faster += comparison->verdict == Verdict::faster;
      slower += comparison->verdict == Verdict::slower;
      neither += comparison->verdict != Verdict::faster && comparison->verdict != Verdict::slower;
      const double ratio = comparison->ratio.median;
      least_ratio = least_ratio == 0 ? ratio : std::min(least_ratio, ratio);
      greatest_ratio = std::max(greatest_ratio, ratio);
    }
  }
  std::string figure() const {
    return fmt::format("slower at {}, faster at {}, undecided at {} of {} points; ratio {} to {}", slower, faster,
                       neither, slower + faster + neither, words(least_ratio), words(greatest_ratio));
  }
};

Answer not_always_best(const Pa02& run) {
  const auto steps = everywhere(run, two_copy, zero_copy, Metric::goodput, run.alignment());
  if (steps.empty()) return not_here("zero-copy and two-copy were not compared");
  const VerdictCount count(steps);
  if (count.slower > 0 || count.faster == steps.size()) return yes_if(count.slower > 0, count.figure());
  return not_here(count.figure());
}

Answer never_better_on_loopback(const Pa02& run) {
  auto steps = everywhere(run, two_copy, zero_copy, Metric::goodput, run.alignment());
  std::erase_if(steps, [&](const Step& step) { return run.link_of(*run.cell(zero_copy, step.place)) != "lo"; });
  if (steps.empty()) return not_here("zero-copy and two-copy were not compared over loopback");
  const VerdictCount count(steps);
  if (count.faster > 0 || count.slower == steps.size()) return yes_if(count.faster == 0, count.figure());
  return not_here(count.figure());
}

Answer small_messages_suffer_most(const Pa02& run) {
  const auto steps = ladder(run, two_copy, zero_copy, Metric::goodput, run.at(0, 1));
  if (steps.size() < 2) return not_here("zero-copy and two-copy were compared at fewer than two sizes");
  const Comparison &smallest = *steps.front().comparison, &largest = *steps.back().comparison;
  if (smallest.verdict != Verdict::slower || largest.rounds < least_rounds_for_verdict) {
    return smallest.verdict == Verdict::faster ? yes_if(false, words(steps)) : not_here(words(steps));
  }
  return is_above(factor(largest.ratio, smallest.ratio), 1, words(steps));
}

Answer one_copy_from(const Pa02& run, std::uint64_t from_bytes, std::uint64_t to_bytes) {
  return starts_to_win(ladder(run, two_copy, one_copy, Metric::goodput, run.at(0, 1)), from_bytes, to_bytes);
}

Answer one_copy_from_512(const Pa02& run) { return one_copy_from(run, 512, 1024); }
Answer one_copy_from_10k(const Pa02& run) { return one_copy_from(run, 8192, 16384); }

Answer one_copy_wins_at_16k_by_4(const Pa02& run) {
  return has_verdict(run.comparison(two_copy, one_copy, Metric::goodput, run.at(16384, 4)), Verdict::faster);
}

Answer zero_copy_from_4k(const Pa02& run) {
  return starts_to_win(ladder(run, two_copy, zero_copy, Metric::goodput, run.at(0, 1)), 4096, 4096);
}

Answer all_copied_on_loopback(const Pa02& run) {
  Ledger total;
  for (std::uint32_t connections : run.connections()) {
    for (std::uint64_t size_bytes : run.sizes()) {
      const CellResult* cell = run.cell(zero_copy, run.at(size_bytes, connections));
      if (cell != nullptr && run.link_of(*cell) == "lo") total += cell->sender_ledger;
    }
  }
  if (total.completed_bytes == 0) return not_here("zero-copy sent nothing over loopback in this run");
  const std::uint64_t copied = total[Handover::kernel_after_request];
  const double percent = 100 * static_cast<double>(copied) / static_cast<double>(total.completed_bytes);
  return yes_if(copied == total.completed_bytes, fmt::format("{} % of {} GB were copied after all", words(percent),
                                                             words(static_cast<double>(total.completed_bytes) / 1e9)));
}

// What is left of the 1-connection goodput with more connections, over all sizes: the worst of them decides.
Answer collapses(const Pa02& run, std::uint32_t connections) {
  std::optional<Interval> worst;
  std::uint64_t worst_size = 0;
  for (std::uint64_t size_bytes : run.sizes()) {
    const CellResult* alone = run.judged_cell(zero_copy, run.at(size_bytes, 1));
    const CellResult* many = run.judged_cell(zero_copy, run.at(size_bytes, connections));
    if (alone == nullptr || many == nullptr) continue;
    const auto kept = factor(many->goodput_gbps, alone->goodput_gbps);
    if (!kept || (worst && worst->median <= kept->median)) continue;
    worst = kept;
    worst_size = size_bytes;
  }
  const std::string figure = worst ? fmt::format("keeps {} of its 1-connection goodput, at the worst size, {}",
                                                 words(*worst), format_size(worst_size))
                                   : "";
  return is_below(worst, 0.5, figure);
}

Answer collapses_with_4(const Pa02& run) { return collapses(run, 4); }
Answer collapses_with_8(const Pa02& run) { return collapses(run, 8); }

// What one figure of a cell says, with its interval. Latency is that of a stream here: how long a message's memory is
// lent, which the reports took at the receiver, as the time to receive one message.
using Aggregate = std::function<Interval(const CellResult&)>;

Interval goodput(const CellResult& cell) { return cell.goodput_gbps; }
Interval cycles(const CellResult& cell) { return cell.cycles_per_byte; }
Interval median_latency(const CellResult& cell) {
  return estimate(observations(cell, [](const CellResult&, const Sample& sample) { return latency_us(sample, 50); }))
      .interval;
}

// One claim for each of the three transports, about a factor between two places: it holds where it holds for all, and
// not where it fails for one.
Answer for_all_three(const Pa02& run, const Place& from, const Place& to, const Aggregate& aggregate,
                     const std::function<Answer(const std::optional<Interval>&, const std::string&)>& judge) {
  Answer all{"yes", ""};
  for (std::string_view transport : all_three) {
    const CellResult *base = run.judged_cell(transport, from), *other = run.judged_cell(transport, to);
    if (base == nullptr || other == nullptr)
      return not_here(fmt::format("{} was not measured there in 6 rounds", transport));
    const auto times = factor(aggregate(*other), aggregate(*base));
    if (!times) return not_here(fmt::format("{} has no such figure in this run", transport));
    const Answer one = judge(times, fmt::format("{}: ×{}", transport, words(*times)));
    all.figure += (all.figure.empty() ? "" : "; ") + one.figure;
    if (one.holds == "no" || (one.holds == "not here" && all.holds == "yes")) all.holds = one.holds;
  }
  return all;
}

auto above(double limit) {
  return [limit](const std::optional<Interval>& times, const std::string& figure) {
    return is_above(times, limit, figure);
  };
}

auto below(double limit) {
  return [limit](const std::optional<Interval>& times, const std::string& figure) {
    return is_below(times, limit, figure);
  };
}

Answer goodput_grows_with_size(const Pa02& run) {
  return for_all_three(run, run.at(run.smallest(), 1), run.at(run.largest(), 1), goodput, above(1));
}

Answer connections_help_little(const Pa02& run) {
  const Place most = run.at(run.largest(), run.connections().back());
  if (most.connections == 1) return not_here("this run has one connection only");
  return for_all_three(run, run.at(run.largest(), 1), most, goodput, below(2));
}

Answer latency_grows_with_size(const Pa02& run) {
  return for_all_three(run, run.at(run.smallest(), 1), run.at(run.largest(), 1), median_latency, above(1));
}

Answer latency_ignores_connections(const Pa02& run) {
  const Place most = run.at(run.largest(), run.connections().back());
  if (most.connections == 1) return not_here("this run has one connection only");
  return for_all_three(run, run.at(run.largest(), 1), most, median_latency, below(2));
}

// "Nearly two orders": at least one and a half, a factor of 32.
Answer cycles_fall_by_two_orders(const Pa02& run) {
  return for_all_three(run, run.at(run.largest(), 1), run.at(run.smallest(), 1), cycles, above(32));
}

Answer fewer_copies_fewer_cycles(const Pa02& run) {
  const Place place = run.at(run.largest(), 1);
  const Answer one = has_verdict(run.comparison(two_copy, one_copy, Metric::cpu, place), Verdict::faster);
  const Answer zero = has_verdict(run.comparison(two_copy, zero_copy, Metric::cpu, place), Verdict::faster);
  Answer both{"not here", fmt::format("cycles at {}: one-copy {}, zero-copy {}", format_size(place.size_bytes),
                                      one.figure, zero.figure)};
  if (one.holds == "yes" && zero.holds == "yes") both.holds = "yes";
  if (one.holds == "no" || zero.holds == "no") both.holds = "no";
  return both;
}

using Misses = std::optional<std::uint64_t> CpuUsage::*;

// One-copy's cache misses per byte as a multiple of two-copy's, both sides of the connection together.
std::optional<Interval> misses_ratio(const Pa02& run, Misses misses) {
  const Place place = run.at(16384, 1);
  const CellResult *two = run.cell(two_copy, place), *one = run.cell(one_copy, place);
  if (two == nullptr || one == nullptr) return std::nullopt;
  auto per_byte = [misses](const Sample& sample) -> std::optional<double> {
    const auto &sent = sample.sender.cpu.*misses, &received = sample.receiver.cpu.*misses;
    if (!sent || !received || sample.receiver.bytes == 0 || *sent + *received == 0) return std::nullopt;
    return static_cast<double>(*sent + *received) / static_cast<double>(sample.receiver.bytes);
  };
  const auto ratios = paired_ratios({two, one}, [&](const Sample& baseline, const Sample& candidate) {
    const auto base = per_byte(baseline), other = per_byte(candidate);
    return base && other ? std::optional(*other / *base) : std::nullopt;
  });
  if (ratios.size() < least_rounds_for_verdict) return std::nullopt;
  return estimate(ratios).interval;
}

constexpr const char* no_counters = "no counter of cache misses here, or fewer than 6 rounds of 16K with 1 connection";

Answer last_level_falls_most(const Pa02& run) {
  const auto last_level = misses_ratio(run, &CpuUsage::llc_misses),
             first_level = misses_ratio(run, &CpuUsage::l1d_misses);
  if (!last_level || !first_level) return not_here(no_counters);
  const std::string figure =
      fmt::format("one-copy over two-copy: last level {}, first level {}", words(*last_level), words(*first_level));
  const Answer falls = is_below(last_level, 1, figure);
  return falls.holds == "yes" ? is_below(factor(*last_level, *first_level), 1, figure) : falls;
}

Answer first_level_rises(const Pa02& run) {
  const auto first_level = misses_ratio(run, &CpuUsage::l1d_misses);
  if (!first_level) return not_here(no_counters);
  return is_above(first_level, 1, fmt::format("one-copy over two-copy: {}", words(*first_level)));
}

constexpr Claim claims[] = {
    {"zero-copy does not always give the best throughput", "Srivastava, question 1; MT25067, question 1",
     not_always_best},
    {"zero-copy loses most on small messages", "MT25067, question 1", small_messages_suffer_most},
    {"one-copy beats two-copy from 512 B to 1 KB on", "Srivastava, question 4", one_copy_from_512},
    {"one-copy beats two-copy from about 10 KB on", "MT25067, question 4", one_copy_from_10k},
    {"one-copy beats two-copy at 16 KB with 4 connections (+91 %)", "MT25067, question 4", one_copy_wins_at_16k_by_4},
    {"zero-copy beats two-copy from about 4 KB on", "Srivastava, question 5", zero_copy_from_4k},
    {"zero-copy never beats two-copy over loopback", "MT25067, question 5", never_better_on_loopback},
    {"over loopback every zero-copy send is copied after all", "MT25067, question 5", all_copied_on_loopback},
    {"zero-copy collapses with 4 threads (91 % lost)", "MT25067, question 3", collapses_with_4},
    {"zero-copy loses more than half with 8 threads", "MT25067, question 5", collapses_with_8},
    {"throughput grows with message size", "Srivastava, conclusion 1", goodput_grows_with_size},
    {"more threads bring little throughput (less than twice)", "Srivastava, conclusion 1", connections_help_little},
    {"latency grows with message size", "Srivastava, conclusion 2", latency_grows_with_size},
    {"latency hardly depends on threads (less than twice)", "Srivastava, conclusion 2", latency_ignores_connections},
    {"CPU per byte falls by nearly two orders with size", "Srivastava, conclusion 3", cycles_fall_by_two_orders},
    {"large messages cost less CPU with fewer copies", "Srivastava, section 4.3", fewer_copies_fewer_cycles},
    {"one-copy saves misses most in the last-level cache", "Srivastava, question 2; MT25067, question 2",
     last_level_falls_most},
    {"one-copy has more first-level misses than two-copy", "MT25067, question 2", first_level_rises},
};

}  // namespace

std::vector<Finding> pa02_findings(const ResultDocument& document) {
  std::vector<Finding> findings;
  if (document.plan.points.empty()) return findings;
  const Pa02 run(document);
  for (const Claim& claim : claims) {
    Answer answer = claim.answer(run);
    findings.push_back({claim.text, std::string("PA02, ") + claim.source, answer.holds, std::move(answer.figure)});
  }
  return findings;
}

}  // namespace xover
