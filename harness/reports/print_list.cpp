// The same rows twice, as text and as JSON.
#include "harness/reports/print_list.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

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

// "veth_dma: <cause>. What to do: <remedy>."
std::string trouble_text(const std::string& who, const Availability& availability, const Terminal& terminal) {
  std::string text = fmt::format("{}: {}.", who, availability.cause);
  if (!availability.remedy.empty()) text += fmt::format(" What to do: {}.", availability.remedy);
  return wrapped(text, terminal.columns, "  * ");
}

std::string transports_text(const Probed& probed, const Terminal& terminal) {
  TextTable table;
  for (const char* column : {"transport", "here", "on", "what it is"}) table.add_column(column, Align::left);
  for (const Links& links : by_transport(probed.rows)) {
    const Availability& best = best_of(links);
    std::vector<std::string> usable_on;
    for (const ProbedRow* row : links)
      if (row->availability.usable()) usable_on.push_back(row->link.text());
    const Ink ink = best.usable() ? Ink::good : Ink::caution;
    const Descriptor& transport = *links.front()->transport;
    table.add_row(
        {{std::string(transport.id)}, {status_text(best.status), ink}, {fmt::format("{}", fmt::join(usable_on, " "))}},
        {std::string(transport.summary)});
  }
  return table.text(terminal);
}

// What is wrong, and for whom: said once for all of them.
class Troubles {
 public:
  void add(const Availability& what, std::string who) {
    auto same = std::ranges::find_if(troubles_, [&](const auto& trouble) {
      return trouble.first->cause == what.cause && trouble.first->remedy == what.remedy;
    });
    if (same == troubles_.end()) same = troubles_.insert(same, {&what, {}});
    same->second.push_back(std::move(who));
  }
  std::string text(const Terminal& terminal) const {
    std::string text;
    for (const auto& [what, who] : troubles_)
      text += trouble_text(fmt::format("{}", fmt::join(who, ", ")), *what, terminal);
    return text;
  }

 private:
  std::vector<std::pair<const Availability*, std::vector<std::string>>> troubles_;
};

// A link that is missing is said once, and not again for every transport that could use it.
std::string troubles_text(const Probed& probed, const Terminal& terminal) {
  Troubles of_links, of_rows;
  std::set<std::string_view> missing;
  for (const ProbedLink& link : probed.links) {
    if (link.availability.usable()) continue;
    missing.insert(link.link->name);
    of_links.add(link.availability, fmt::format("link {}", link.link->name));
  }
  for (const ProbedRow& row : probed.rows) {
    const Availability& here = row.availability;
    if (here.usable() || missing.contains(row.link.name)) continue;
    of_rows.add(here, fmt::format("{} on {}", row.transport->id, row.link.text()));
  }
  const std::string text = of_links.text(terminal) + of_rows.text(terminal);
  return text.empty() ? text : '\n' + inked(terminal, Ink::strong, "what is missing") + '\n' + text;
}

std::string links_text(const Probed& probed, const Terminal& terminal) {
  TextTable table;
  for (const char* column : {"link", "here", "what it is"}) table.add_column(column, Align::left);
  for (const auto& [link, availability] : probed.links) {
    const Ink ink = availability.usable() ? Ink::good : Ink::caution;
    const std::string name =
        link->takes_argument() ? fmt::format("{}:{}", link->name, link->argument_form) : std::string(link->name);
    table.add_row({{name}, {status_text(availability.status), ink}},
                  {fmt::format("{}{}", link->summary, link->has_receiver ? "" : "; no receiver")});
  }
  return table.text(terminal);
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
    Json link{{"link", row->link.text()}};
    put_availability(link, row->availability);
    object["links"].push_back(std::move(link));
  }
  object["options"] = Json::array();
  for (const OptionSpec& option : transport.options) object["options"].push_back(option_json(option));
  return object;
}

Json link_json(const ProbedLink& probed) {
  const LinkDescriptor& link = *probed.link;
  Json object{{"name", link.name}};
  put_availability(object, probed.availability);
  object["substrate"] = to_string(link.substrate);
  object["summary"] = link.summary;
  object["copies_after"] = link.copies_after;
  object["has_receiver"] = link.has_receiver;
  object["takes_argument"] = link.takes_argument();
  object["argument_optional"] = link.argument_optional;
  object["one_address_space"] = link.one_address_space;
  object["options"] = Json::array();
  for (const OptionSpec& option : link.options) object["options"].push_back(option_json(option));
  return object;
}

}  // namespace

std::string list_text(const Probed& probed, const Terminal& terminal) {
  return transports_text(probed, terminal) + '\n' + links_text(probed, terminal) + troubles_text(probed, terminal);
}

void print_list(const Probed& probed, std::FILE* stream) {
  std::fputs(list_text(probed, terminal_of(stream)).c_str(), stream);
  std::fflush(stream);
}

std::string list_json(const Probed& probed) {
  Json object{{"transports", Json::array()}, {"links", Json::array()}};
  for (const Links& links : by_transport(probed.rows)) object["transports"].push_back(transport_json(links));
  for (const ProbedLink& link : probed.links) object["links"].push_back(link_json(link));
  constexpr int indent = 2;
  return object.dump(indent, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace xover
