// The same rows twice, as text and as JSON.
#include "harness/reports/print_list.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/links/links.h"
#include "harness/reports/json_parts.h"
#include "harness/reports/text_table.h"

namespace xover {

namespace {

// The rows of one transport; never empty.
using Links = std::vector<const ProbedRow*>;

std::vector<Links> by_transport(const std::vector<ProbedRow>& rows) {
  std::vector<Links> transports;
  for (const ProbedRow& row : rows) {
    if (transports.empty() || transports.back().front()->transport != row.transport) transports.emplace_back();
    transports.back().push_back(&row);
  }
  return transports;
}

const Availability& best_of(const Links& links) {
  const auto usable =
      std::find_if(links.begin(), links.end(), [](const auto* row) { return row->availability.usable(); });
  return usable == links.end() ? links.front()->availability : (*usable)->availability;
}

std::string status_text(Status status) {
  std::string text(to_string(status));
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string transports_text(const std::vector<ProbedRow>& rows, const Terminal& terminal) {
  TextTable table;
  for (const char* column : {"transport", "link", "here", "what it is"}) table.add_column(column, Align::left);
  std::string troubles;
  for (const ProbedRow& row : rows) {
    const Availability& availability = row.availability;
    if (availability.status == Status::planned) continue;
    const Ink ink = availability.usable() ? Ink::good : Ink::caution;
    const std::string id(row.transport->id), link = row.link.text();
    table.add_row({{id}, {link}, {status_text(availability.status), ink}}, {std::string(row.transport->summary)});
    if (availability.usable()) continue;
    std::string trouble = fmt::format("{} on {}: {}.", id, link, availability.cause);
    if (!availability.remedy.empty()) trouble += fmt::format(" What to do: {}.", availability.remedy);
    troubles += wrapped(trouble, terminal.columns, "  * ");
  }
  std::string text = table.text(terminal);
  if (!troubles.empty()) text += '\n' + inked(terminal, Ink::strong, "what is missing") + '\n' + troubles;
  return text;
}

std::string links_text(const Terminal& terminal) {
  std::size_t widest = 0;
  for (const LinkDescriptor& link : links()) widest = std::max(widest, link.planned ? 0 : link.name.size());
  std::string text = inked(terminal, Ink::strong, "links") + '\n';
  for (const LinkDescriptor& link : links()) {
    if (link.planned) continue;
    std::string what(link.summary);
    if (!link.has_receiver) what += "; no receiver";
    if (link.takes_argument) what += fmt::format("; written {}:NAME", link.name);
    const bool copies = !link.copies_after.empty() && !link.copies_after.starts_with("nothing");
    if (copies) what += fmt::format("; still copied after the handover ({})", link.copies_after);
    text += wrapped(what, terminal.columns, fmt::format("  {:<{}}  ", link.name, widest));
  }
  return text;
}

std::string planned_text(const std::vector<ProbedRow>& rows, const Terminal& terminal) {
  std::vector<std::string_view> ids, names;
  for (const ProbedRow& row : rows) {
    if (row.availability.status == Status::planned) ids.push_back(row.transport->id);
  }
  for (const LinkDescriptor& link : links()) {
    if (link.planned) names.push_back(link.name);
  }
  if (ids.empty() && names.empty()) return {};
  std::string text = inked(terminal, Ink::strong, "planned, not written yet") + '\n';
  if (!ids.empty()) text += wrapped(fmt::format("{}", fmt::join(ids, ", ")), terminal.columns, "  transports  ");
  if (!names.empty()) text += wrapped(fmt::format("{}", fmt::join(names, ", ")), terminal.columns, "  links       ");
  return text;
}

std::string_view name_of(OptionKind kind) {
  switch (kind) {
    case OptionKind::choice: return "choice";
    case OptionKind::boolean: return "boolean";
    case OptionKind::integer: return "integer";
    case OptionKind::size: return "size";
  }
  return "integer";
}

Json option_json(const OptionSpec& option) {
  Json object{{"name", option.name}, {"kind", name_of(option.kind)}, {"default", option.default_value}};
  put_text(object, "choices", option.choices);
  if (option.kind == OptionKind::integer || option.kind == OptionKind::size) {
    object["least"] = option.least;
    object["greatest"] = option.greatest;
  }
  object["summary"] = option.summary;
  return object;
}

void put_availability(Json& object, const Availability& availability) {
  object["status"] = to_string(availability.status);
  object["cause"] = availability.cause;
  object["remedy"] = availability.remedy;
}

Json transport_json(const Links& links) {
  const Descriptor& transport = *links.front()->transport;
  Json object{{"id", transport.id}};
  put_availability(object, best_of(links));
  object["family"] = transport.family;
  object["path"] = transport.path == Path::kernel ? "kernel" : "bypass";
  object["summary"] = transport.summary;
  object["one_address_space"] = transport.one_address_space;
  object["links"] = Json::array();
  for (const ProbedRow* row : links) {
    if (row->link.name.empty()) continue;
    Json link{{"link", row->link.text()}};
    put_availability(link, row->availability);
    object["links"].push_back(std::move(link));
  }
  object["options"] = Json::array();
  for (const OptionSpec& option : transport.options) object["options"].push_back(option_json(option));
  return object;
}

Json link_json(const LinkDescriptor& link) {
  return {{"name", link.name},
          {"substrate", to_string(link.substrate)},
          {"summary", link.summary},
          {"copies_after", link.copies_after},
          {"has_receiver", link.has_receiver},
          {"planned", link.planned},
          {"takes_argument", link.takes_argument}};
}

}  // namespace

std::string list_text(const std::vector<ProbedRow>& rows, const Terminal& terminal) {
  return transports_text(rows, terminal) + '\n' + links_text(terminal) + '\n' + planned_text(rows, terminal);
}

void print_list(const std::vector<ProbedRow>& rows, std::FILE* stream) {
  std::fputs(list_text(rows, terminal_of(stream)).c_str(), stream);
  std::fflush(stream);
}

std::string list_json(const std::vector<ProbedRow>& rows) {
  Json object{{"transports", Json::array()}, {"links", Json::array()}};
  for (const Links& links : by_transport(rows)) object["transports"].push_back(transport_json(links));
  for (const LinkDescriptor& link : links()) object["links"].push_back(link_json(link));
  constexpr int indent = 2;
  return object.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace xover
