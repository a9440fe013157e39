// One function for each part of the text.
#include "harness/command_line/explanation.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/links/links.h"
#include "harness/reports/text_table.h"

namespace xover {

namespace {

constexpr std::string_view indent = "  ";

std::string title(const Terminal& terminal, std::string_view text) {
  return '\n' + inked(terminal, Ink::strong, text) + '\n';
}

std::string paragraph(const Terminal& terminal, std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return wrapped(text, terminal.columns, indent);
}

std::string values_of(const OptionSpec& spec) {
  const auto number = [&](std::int64_t value) {
    return spec.kind == OptionKind::size ? format_size(static_cast<std::uint64_t>(value)) : std::to_string(value);
  };
  if (spec.kind == OptionKind::choice) return std::string(spec.choices);
  if (spec.kind == OptionKind::boolean) return "on|off";
  if (spec.greatest == INT64_MAX) return "from " + number(spec.least);
  return fmt::format("{} to {}", number(spec.least), number(spec.greatest));
}

std::string options_text(const Descriptor& transport, const Terminal& terminal) {
  if (transport.options.empty()) return paragraph(terminal, "none");
  TextTable table;
  for (const char* name : {"  option", "default", "values", ""}) table.add_column(name, Align::left);
  for (const OptionSpec& spec : transport.options) {
    table.add_row({{fmt::format("{}{}", indent, spec.name)},
                   {std::string(spec.default_value)},
                   {values_of(spec)},
                   {std::string(spec.summary)}});
  }
  return table.text(terminal);
}

std::string links_text(const Descriptor& transport, const Terminal& terminal) {
  std::string text;
  for (const std::string_view name : transport.links) {
    const LinkDescriptor* link = find_link(name);
    if (link == nullptr) continue;
    text +=
        paragraph(terminal, fmt::format("{}: {} ({}). Copied behind the handover: {}.{}", name, link->summary,
                                        to_string(link->substrate), link->copies_after,
                                        link->has_receiver ? "" : " Nobody receives: only the handover can be shown."));
  }
  return text;
}

std::string_view meaning(Handover handover) {
  switch (handover) {
    case Handover::kernel_by_design: return "copied by the kernel, as this path always is";
    case Handover::kernel_after_request: return "zero-copy was asked for, and the kernel says that it copied";
    case Handover::driver: return "copied by the link's driver after the handover";
    case Handover::zero_copied: return "shown to be copied by nobody";
    case Handover::unverified: return "zero-copy was asked for, and no word came about it";
  }
  return "";
}

std::string percent_of(const Ledger& ledger, std::uint64_t bytes) {
  if (ledger.completed_bytes == 0) return "-";
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(bytes) / static_cast<double>(ledger.completed_bytes));
}

std::string megabytes(const Ledger& ledger) {
  return format_significant(static_cast<double>(ledger.completed_bytes) / 1e6, 3) + " MB";
}

std::string ledgers_text(const CellResult& cell, const Terminal& terminal) {
  const Ledger &sender = cell.sender_ledger, &receiver = cell.receiver_ledger;
  TextTable table;
  table.add_column("  of all bytes", Align::left);
  table.add_column("sender", Align::right);
  table.add_column("receiver", Align::right);
  table.add_column("", Align::left);
  table.add_row({{"  user_copied"},
                 {percent_of(sender, sender.user_copied_bytes)},
                 {percent_of(receiver, receiver.user_copied_bytes)},
                 {"copied in user space, by xover or a library"}});
  for (std::size_t i = 0; i < handover_classes; ++i) {
    const auto handover = static_cast<Handover>(i);
    table.add_row({{fmt::format("{}{}", indent, to_string(handover))},
                   {percent_of(sender, sender[handover])},
                   {percent_of(receiver, receiver[handover])},
                   {std::string(meaning(handover))}});
  }
  const std::string received =
      cell.has_receiver ? fmt::format("{} received", megabytes(receiver)) : "no receiver on this link";
  return table.text(terminal) + paragraph(terminal, fmt::format("{} sent, {}.", megabytes(sender), received));
}

std::string counters_text(const CellResult& cell, const Terminal& terminal) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> sums;
  for (const RoundRecord& round : cell.rounds) {
    for (const auto& [name, value] : round.sample.sender.counters) sums[name].first += value;
    for (const auto& [name, value] : round.sample.receiver.counters) sums[name].second += value;
  }
  std::erase_if(sums, [](const auto& sum) { return sum.second.first == 0 && sum.second.second == 0; });
  if (sums.empty()) return {};
  TextTable table;
  table.add_column("  counter", Align::left);
  table.add_column("sender", Align::right);
  table.add_column("receiver", Align::right);
  for (const auto& [name, both] : sums) {
    table.add_row({{fmt::format("{}{}", indent, name)}, {std::to_string(both.first)}, {std::to_string(both.second)}});
  }
  return '\n' + table.text(terminal) + paragraph(terminal, "All other counters are 0.");
}

}  // namespace

std::string explanation_text(const Descriptor& transport, const Terminal& terminal) {
  std::string text = inked(terminal, Ink::strong, transport.id) + "\n";
  text += paragraph(terminal, std::string(transport.summary));
  text += title(terminal, "the way of a byte") + paragraph(terminal, std::string(transport.way_of_a_byte));
  text += title(terminal, "options") + options_text(transport, terminal);
  return text + title(terminal, "links, and what they can prove") + links_text(transport, terminal);
}

std::string proof_text(const ResultDocument& document, const Terminal& terminal) {
  if (document.cells.empty()) return paragraph(terminal, "Nothing was measured.");
  const CellResult& cell = document.cells.front();
  std::string text =
      title(terminal, fmt::format("measured just now: {}, messages of {}, {} rounds of {}", cell.variant.text(),
                                  format_size(document.plan.points.at(cell.point_index).point.size_bytes),
                                  document.plan.rounds, format_duration(document.plan.duration_ns)));
  if (cell.status == CellStatus::ok) return text + ledgers_text(cell, terminal) + counters_text(cell, terminal);
  return text +
         paragraph(terminal, fmt::format("{}: {}{}", cell.status == CellStatus::failed ? "failed" : "cannot run here",
                                         cell.reason, cell.remedy.empty() ? "" : "; " + cell.remedy));
}

}  // namespace xover
