// The blocks of the final report, each a function from the document to text.
#include "harness/reports/print_run.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/measurement/lab_guest.h"
#include "harness/reports/account_table.h"
#include "harness/reports/assertion_words.h"
#include "harness/reports/cost_sentences.h"
#include "harness/reports/crossover_sentences.h"
#include "harness/reports/run_words.h"
#include "harness/reports/sentences.h"
#include "harness/reports/table.h"
#include "harness/reports/words.h"

namespace xover {

namespace {

constexpr std::string_view bullet = "  * ";

std::string title(const Terminal& terminal, std::string_view text) {
  return '\n' + inked(terminal, Ink::strong, text) + '\n';
}

std::string header(const ResultDocument& document, const Terminal& terminal) {
  const Plan& plan = document.plan;
  const std::string question = plan.summary.empty() ? plan.name : fmt::format("{}: {}", plan.name, plan.summary);
  std::string text = inked(terminal, Ink::strong, wrapped(question, terminal.columns));
  if (const std::string machine = machine_text(document.environment); !machine.empty()) {
    text += wrapped(machine, terminal.columns, "machine   ");
  }
  if (document.peer) text += wrapped(peer_text(*document.peer), terminal.columns, "peer      ");
  text += wrapped(measured_text(document), terminal.columns, "measured  ");
  text += wrapped(gate_text(document), terminal.columns, "gate      ");
  if (document.budget_spent) text += wrapped(ending_text(document), terminal.columns, "ended     ");
  if (!document.complete)
    text += '\n' + inked(terminal, Ink::bad, wrapped(broken_off_text(document), terminal.columns));
  return text + '\n';
}

std::string bullets(const std::vector<std::string>& items, const Terminal& terminal) {
  std::string text;
  for (const std::string& item : items) text += wrapped(item, terminal.columns, bullet);
  return text;
}

// The crossovers first: they are what a sweep over sizes is for.
std::string who_won(const ResultDocument& document, const Terminal& terminal) {
  std::string text;
  if (const auto sentences = crossover_sentences(document); !sentences.empty())
    text += title(terminal, "from which size on") + bullets(sentences, terminal);
  if (const auto sentences = cost_sentences(document); !sentences.empty())
    text += title(terminal, "what a message costs") + bullets(sentences, terminal);
  if (const auto sentences = comparison_sentences(document); !sentences.empty())
    text += title(terminal, "who won") + bullets(sentences, terminal);
  return text;
}

// The same on a machine whose speeds are an emulator's: told apart from evidence.
std::string who_won_in_emulation(const ResultDocument& document, const Terminal& terminal) {
  std::string text;
  if (const auto sentences = comparison_sentences(document); !sentences.empty())
    text += title(terminal, "who won on this emulated machine, which says nothing about hardware") +
            bullets(marked_emulated(sentences), terminal);
  if (const auto sentences = crossover_sentences(document); !sentences.empty())
    text += title(terminal, "crossovers of this emulated machine: no evidence, they say nothing about hardware") +
            bullets(marked_emulated(sentences), terminal);
  if (const auto sentences = cost_sentences(document); !sentences.empty())
    text += title(terminal, "what a message costs on this emulated machine, which says nothing about hardware") +
            bullets(marked_emulated(sentences), terminal);
  return text;
}

std::string not_measured(const ResultDocument& document, const Terminal& terminal) {
  const std::vector<std::string> sentences = not_measured_sentences(document);
  return sentences.empty() ? std::string{} : title(terminal, "not measured") + bullets(sentences, terminal);
}

std::string findings_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.findings.empty()) return {};
  std::size_t widest = 0;
  for (const Finding& finding : document.findings) widest = std::max(widest, display_width(finding.holds));
  const bool emulated = emulator_of(document.environment).has_value();
  std::string text =
      title(terminal, emulated ? "does it hold on this emulated machine, which says nothing about hardware?"
                               : "does it hold here?");
  for (const Finding& finding : document.findings) {
    const std::string blanks(widest - display_width(finding.holds), ' ');
    text += wrapped(fmt::format("{} ({})", finding.claim, finding.source), terminal.columns,
                    fmt::format("  {}{}  ", finding.holds, blanks));
    text += wrapped(finding.figure, terminal.columns, std::string(widest + 4, ' '));
  }
  return text;
}

std::string assertions_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.assertions.empty()) return {};
  std::string text = title(terminal, "what was asserted");
  for (const AssertionResult& assertion : document.assertions) {
    const Ink ink = assertion.holds == Holds::no ? Ink::bad : assertion.holds == Holds::yes ? Ink::good : Ink::caution;
    text += "  " + inked(terminal, ink, words_of(assertion.holds)) + ": " + assertion.expression + '\n';
    for (const std::string& line : words_of_cases(assertion, document))
      text += wrapped(line, terminal.columns, std::string(6, ' '));
  }
  return text;
}

std::string warnings_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.warnings.empty()) return {};
  std::vector<std::string> items;
  for (const Warning& warning : document.warnings) items.push_back(warning_text(warning.kind, warning.detail));
  return title(terminal, "be careful") + bullets(items, terminal);
}

}  // namespace

std::string run_text(const ResultDocument& document, const Terminal& terminal) {
  const bool emulated = emulator_of(document.environment).has_value();
  return header(document, terminal) + table_text(document, terminal) +
         (emulated ? who_won_in_emulation(document, terminal) : who_won(document, terminal)) +
         account_text(document, terminal) + not_measured(document, terminal) + findings_text(document, terminal) +
         assertions_text(document, terminal) + warnings_text(document, terminal);
}

void print_run(const ResultDocument& document, std::FILE* stream) {
  std::fputs(run_text(document, terminal_of(stream)).c_str(), stream);
  std::fflush(stream);
}

}  // namespace xover
