// A table with a row for each number of connections, then what moves the thresholds, then what was left out.
#include "harness/reports/threshold_text.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/measurement/lab_guest.h"
#include "harness/reports/run_words.h"
#include "harness/reports/text_table.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::string_view bullet = "  * ";

std::string counted(std::uint32_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

const RatioAt* at_size(const std::vector<RatioAt>& list, std::uint64_t size_bytes) {
  const auto found = std::ranges::find(list, size_bytes, &RatioAt::size_bytes);
  return found == list.end() ? nullptr : &*found;
}

// The change by taking the candidate instead of the baseline: of a figure that grows with the ratio, or falls.
Interval less_one(const Interval& ratio) { return {ratio.median - 1, ratio.low - 1, ratio.high - 1}; }
Interval inverted(const Interval& ratio) { return {1 / ratio.median, 1 / ratio.high, 1 / ratio.low}; }

CostOfOther cost(const ThresholdCheck& check, std::uint64_t size_bytes, bool without_copy) {
  CostOfOther cost;
  if (const RatioAt* at = at_size(check.goodput, size_bytes))
    cost.goodput = less_one(without_copy ? at->ratio : inverted(at->ratio));
  // Ahead by CPU is fewer cycles.
  if (const RatioAt* at = at_size(check.cpu, size_bytes))
    cost.cpu = less_one(without_copy ? inverted(at->ratio) : at->ratio);
  return cost;
}

std::string change(const std::optional<Interval>& part, const Terminal& terminal) {
  if (!part) return std::string(terminal.none());
  return fmt::format("{:+.0f} % ({:+.0f} to {:+.0f})", 100 * part->median, 100 * part->low, 100 * part->high);
}

std::string interval_text(const ThresholdAdvice& advice, const Terminal& terminal) {
  if (advice.verdict != CrossoverVerdict::at) return std::string(terminal.none());
  return fmt::format("{} to {}", format_about(advice.size_bytes.low), format_about(advice.size_bytes.high));
}

std::string_view words_of(Held held) {
  switch (held) {
    case Held::yes: return "hold";
    case Held::no: return "do not hold";
    case Held::unmeasured: break;
  }
  return "none";
}

const ThresholdCheck* check_of(const ThresholdFound& found, std::uint32_t connections) {
  const auto check = std::ranges::find(found.checks, connections, &ThresholdCheck::connections);
  return check == found.checks.end() ? nullptr : &*check;
}

std::string main_table(const ThresholdFound& found, const Terminal& terminal) {
  TextTable table;
  table.add_column("connections", Align::right);
  table.add_column("threshold", Align::right);
  table.add_column("95 %", Align::right);
  table.add_column("by cycles", Align::right);
  table.add_column("half of it:\ngoodput", Align::right);
  table.add_column("\ncycles", Align::right);
  table.add_column("double of it:\ngoodput", Align::right);
  table.add_column("\ncycles", Align::right);
  table.add_column("fresh\nrounds", Align::left);
  const auto by_cpu = found.by(Metric::cpu);
  for (const ThresholdAdvice* advice : found.by(found.chief_metric())) {
    const ThresholdCheck* check = check_of(found, advice->connections);
    const CostOfOther half = check != nullptr ? cost_of_half(*check) : CostOfOther{};
    const CostOfOther twice = check != nullptr ? cost_of_double(*check) : CostOfOther{};
    const auto cpu = std::ranges::find(by_cpu, advice->connections, &ThresholdAdvice::connections);
    const Held held = check != nullptr ? check->held : Held::unmeasured;
    table.add_row({{fmt::format("{}", advice->connections)},
                   {threshold_name(advice->threshold_bytes), Ink::strong},
                   {interval_text(*advice, terminal)},
                   {cpu == by_cpu.end() ? std::string(terminal.none()) : threshold_name((*cpu)->threshold_bytes)},
                   {change(half.goodput, terminal)},
                   {change(half.cpu, terminal)},
                   {change(twice.goodput, terminal)},
                   {change(twice.cpu, terminal)},
                   {std::string(words_of(held)), held == Held::no ? Ink::bad : Ink::plain}});
  }
  return table.text(terminal);
}

std::string title(const Terminal& terminal, std::string_view text) {
  return '\n' + inked(terminal, Ink::strong, std::string(text)) + '\n';
}

std::string bullets(const std::vector<std::string>& items, const Terminal& terminal) {
  std::string text;
  for (const std::string& item : items) text += wrapped(item, terminal.columns, bullet);
  return text;
}

std::string hit_rate_text(const std::optional<double>& rate) {
  return rate ? fmt::format(", {:.0f} % of look-ups of registered memory were hits", 100 * *rate) : std::string{};
}

std::vector<std::string> circumstances(const ThresholdFound& found) {
  std::vector<std::string> items;
  const auto chief = found.by(found.chief_metric());
  items.push_back(
      fmt::format("as measured: {}{}", threshold_name(chief.front()->threshold_bytes), hit_rate_text(found.hit_rate)));
  for (const ThresholdUnder& under : found.under) {
    std::string item = fmt::format("{}: {}", under.condition, threshold_name(under.advice.threshold_bytes));
    if (under.advice.verdict == CrossoverVerdict::at)
      item += fmt::format(" ({} to {})", format_about(under.advice.size_bytes.low),
                          format_about(under.advice.size_bytes.high));
    else
      item +=
          fmt::format(" ({}, {} to {} tested)", name_of(under.advice.verdict),
                      format_size(under.advice.sizes_tested.front()), format_size(under.advice.sizes_tested.back()));
    items.push_back(item + hit_rate_text(under.hit_rate));
  }
  return items;
}

std::vector<std::string> self_check(const ThresholdFound& found) {
  std::vector<std::string> items;
  for (const ThresholdCheck& check : found.checks) {
    for (const RatioAt& at : check.automatic)
      items.push_back(fmt::format("{}, {}: with the threshold {:.2f} ({:.2f} to {:.2f}) of the better of the two",
                                  counted(check.connections, "connection"), threshold_name(at.size_bytes),
                                  at.ratio.median, at.ratio.low, at.ratio.high));
  }
  return items;
}

}  // namespace

std::string threshold_name(std::uint64_t threshold_bytes) {
  if (threshold_bytes >= never_bytes) return "always copy";
  return threshold_bytes % 1024 == 0 ? format_size(threshold_bytes)
                                     : format_about(static_cast<double>(threshold_bytes));
}

std::string advice_sentence(const ThresholdAdvice& advice) {
  const std::string with = fmt::format("With {}: ", counted(advice.connections, "connection"));
  const std::string choice = advice.threshold_bytes == never_bytes
                                 ? std::string("always copy")
                                 : threshold_name(advice.threshold_bytes) + " and more without a copy";
  const std::string tested =
      fmt::format("{} to {}", threshold_name(advice.sizes_tested.front()), threshold_name(advice.sizes_tested.back()));
  const std::string at_worst = advice.worst_at == 0
                                   ? std::string("nothing is lost at any size tested")
                                   : fmt::format("at most {:.0f} % is lost, at {}", std::ceil(100 * advice.worst_loss),
                                                 threshold_name(advice.worst_at));
  if (!advice.judged)
    return fmt::format(
        "{}{}, which is a guess: the budget did not hold six rounds at three sizes. By the centres of what "
        "was measured ({}) {}.",
        with, choice, tested, at_worst);
  switch (advice.verdict) {
    case CrossoverVerdict::at:
      return fmt::format("{}{}, {} to {} at 95 %. Whatever the mix of the sizes tested, {}.", with, choice,
                         format_about(advice.size_bytes.low), format_about(advice.size_bytes.high), at_worst);
    case CrossoverVerdict::below_tested:
      return fmt::format(
          "{}{}: not copying is ahead at every size tested ({}). Whether at smaller ones, too, "
          "`--sizes` can tell.",
          with, choice, tested);
    case CrossoverVerdict::above_tested:
      return fmt::format("{}{}: not copying is behind at every size tested ({}).", with, choice, tested);
    case CrossoverVerdict::none:
      return fmt::format(
          "{}{}. No one size divides the two, since not copying is ahead at some size and behind again at "
          "a larger one; this choice loses least: {}.",
          with, choice, at_worst);
    case CrossoverVerdict::not_separable: break;
  }
  return fmt::format(
      "{}{}, which is a guess: the sizes that decide it cannot be told apart ({} tested). By the centres "
      "{}. A greater --budget tells more.",
      with, choice, tested, at_worst);
}

CostOfOther cost_of_half(const ThresholdCheck& check) { return cost(check, check.threshold_bytes / 2, true); }
CostOfOther cost_of_double(const ThresholdCheck& check) { return cost(check, check.threshold_bytes * 2, false); }

std::string threshold_text(const ThresholdFound& found, const Terminal& terminal) {
  const auto chief = found.by(found.chief_metric());
  std::string text = inked(
      terminal, Ink::strong,
      wrapped(fmt::format("{} or {}: from which message size on not to copy", found.copy.name(), found.zerocopy.name()),
              terminal.columns));
  text += wrapped(fmt::format("{} of {}{}", format_duration(found.elapsed_ns), format_duration(found.budget_ns),
                              found.complete() ? "" : "; broken off, here is what was measured until then"),
                  terminal.columns, "took      ");
  if (found.sweep.peer) text += wrapped(peer_text(*found.sweep.peer), terminal.columns, "peer      ");
  if (const auto emulator = emulator_of(found.sweep.environment))
    text += wrapped(*emulator + ": these thresholds say nothing about hardware", terminal.columns, "emulated  ");
  if (chief.empty()) return text;
  if (chief.front()->virtual_time)
    text += wrapped("virtual: a model's, and of no machine", terminal.columns, "time      ");
  text += '\n' + main_table(found, terminal);
  std::vector<std::string> sentences;
  for (const ThresholdAdvice* advice : chief) sentences.push_back(advice_sentence(*advice));
  text += title(terminal, "in words") + bullets(sentences, terminal);
  if (const auto items = self_check(found); !items.empty())
    text += title(terminal, "checked on fresh rounds") + bullets(items, terminal);
  text += title(terminal, fmt::format("what moves it, with {}", counted(chief.front()->connections, "connection")));
  text += bullets(circumstances(found), terminal);
  std::vector<std::string> left_out;
  for (const NotMeasured& one : found.not_measured) left_out.push_back(fmt::format("{}: {}", one.what, one.why));
  return text + title(terminal, "not measured") + bullets(left_out, terminal);
}

}  // namespace xover
