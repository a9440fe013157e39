// The sentences are those of the terminal.
#include "harness/reports/html/first_screen.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/measurement/lab_guest.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/html/markup.h"
#include "harness/reports/html/verdict_table.h"
#include "harness/reports/run_words.h"
#include "harness/reports/sentences.h"

namespace xover::html {

namespace {

constexpr std::size_t most_visible = 5;

bool is_emulated(const ResultDocument& document) { return emulator_of(document.environment).has_value(); }

std::vector<std::string> marked(const ResultDocument& document, std::vector<std::string> sentences) {
  return is_emulated(document) ? marked_emulated(std::move(sentences)) : sentences;
}

// Sentences in the order of what they are worth, and how many of them say something.
struct Told {
  std::vector<std::string> sentences;
  std::size_t telling = 0;
};

// Winners and losers first; that too few rounds were taken is the least of answers.
Told told(const ResultDocument& document) {
  std::vector<ComparisonSentence> all = told_comparisons(document);
  std::ranges::stable_sort(all, {}, [](const ComparisonSentence& sentence) {
    return sentence.verdict == Verdict::too_few_rounds ? 2 : sentence.verdict == Verdict::indistinguishable ? 1 : 0;
  });
  Told result;
  for (ComparisonSentence& sentence : all) {
    if (sentence.verdict != Verdict::too_few_rounds) ++result.telling;
    result.sentences.push_back(std::move(sentence.text));
  }
  if (result.telling == 0) result.telling = result.sentences.size();
  result.sentences = marked(document, std::move(result.sentences));
  return result;
}

// The experiment's; of a run that has none, what it compared.
std::string question_of(const ResultDocument& document) {
  if (!document.plan.summary.empty()) return document.plan.summary;
  std::vector<std::string> names;
  for (const PlannedPoint& planned : document.plan.points) {
    for (const Variant& variant : planned.variants)
      if (std::ranges::find(names, variant.name()) == names.end()) names.push_back(variant.name());
  }
  if (names.empty()) return document.plan.name;
  constexpr std::size_t most_named = 4;
  if (names.size() > most_named) return fmt::format("{} transports compared", names.size());
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string fact(std::string_view name, const std::string& text) {
  return text.empty() ? std::string{} : fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, escaped(text));
}

// "eth0, mlx5_core, 25000 Mbit/s, MTU 9000" for each interface of a host; `end` is "near_" or "far_". Empty where no
// bytes leave the host.
std::string interfaces_text(const ResultDocument& document, const std::string& end) {
  std::set<std::string> interfaces;
  for (const CellResult& cell : document.cells) {
    std::vector<std::string> parts;
    const auto append = [&](const char* name, std::string_view before, std::string_view behind) {
      const auto found = cell.link_facts.find(end + name);
      if (found != cell.link_facts.end()) parts.push_back(fmt::format("{}{}{}", before, found->second, behind));
    };
    append("interface", "", "");
    append("driver", "", "");
    append("speed_mbps", "", " Mbit/s");
    append("mtu_bytes", "MTU ", "");
    if (!parts.empty()) interfaces.insert(fmt::format("{}", fmt::join(parts, ", ")));
  }
  return fmt::format("{}", fmt::join(interfaces, "; "));
}

std::string host_text(const ResultDocument& document, const Environment& environment, const std::string& end) {
  const std::string machine = machine_text(environment), interfaces = interfaces_text(document, end);
  return machine.empty() || interfaces.empty() ? machine + interfaces : machine + "; " + interfaces;
}

// The other host, under its address.
std::string peer_fact(const ResultDocument& document) {
  if (!document.peer) return {};
  return fact("Peer",
              fmt::format("{}: {}", document.peer->address, host_text(document, document.peer->environment, "far_")));
}

std::string more(const std::string& summary, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return {};
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary),
                     list(sentences, "class=\"sentences\""));
}

}  // namespace

std::string page_header(const ResultDocument& document) {
  const Plan& plan = document.plan;
  std::string text = "<header class=\"page\">\n";
  text += fmt::format("<p class=\"name\"><b>xover</b> {}</p>\n", escaped(plan.name));
  text += fmt::format("<h1>{}</h1>\n", escaped(question_of(document)));
  if (is_emulated(document))
    text += "<p class=\"alert\">Measured on an emulated machine: its speeds say nothing about hardware.</p>\n";
  if (!document.complete) text += fmt::format("<p class=\"alert\">{}</p>\n", escaped(broken_off_text(document)));
  text += "<dl class=\"facts\">\n" + fact("Machine", host_text(document, document.environment, "near_")) +
          peer_fact(document) + fact("Measured", measured_text(document)) + fact("Gate", gate_text(document)) +
          fact("Ended", document.budget_spent ? ending_text(document) : std::string{}) + "</dl>\n";
  return text + "</header>\n";
}

std::string answers(const ResultDocument& document) {
  const std::vector<std::string> crossovers = marked(document, crossover_sentences(document));
  auto [comparisons, telling] = told(document);
  if (crossovers.empty() && comparisons.empty()) return {};
  // The crossovers first: they are what a sweep over sizes is for.
  std::vector<std::string> first = crossovers.empty() ? std::exchange(comparisons, {}) : crossovers;
  const std::size_t visible = std::min(crossovers.empty() ? telling : first.size(), most_visible);
  const std::vector<std::string> rest(first.begin() + static_cast<std::ptrdiff_t>(visible), first.end());
  first.resize(visible);

  std::string text = fmt::format("<section aria-labelledby=\"answers\">\n<h2 id=\"answers\">{}</h2>\n",
                                 crossovers.empty() ? "Who won" : "Who won, from which size on");
  text += list(first, "class=\"answers\"");
  text += more(fmt::format("{} more", rest.size()), rest);
  text += more(fmt::format("Every comparison in words ({})", comparisons.size()), comparisons);
  std::string tables;
  for (const Section& section : ordered_sections(document)) tables += verdict_table(document, section);
  if (!tables.empty())
    text +=
        "<h3>At a glance</h3>\n<p class=\"hint\">▲ better for the user, ▼ worse, ≈ cannot be told apart</p>\n" + tables;
  return text + "</section>\n";
}

}  // namespace xover::html
