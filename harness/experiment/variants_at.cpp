// Resolution of variants. It asks tables only; whether a transport can run here is for the probes to say.
#include "harness/experiment/variants_at.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/transport.h"
#include "harness/experiment/bad_input.h"
#include "harness/links/links.h"

namespace xover {

namespace {

bool has_option(const Descriptor& row, std::string_view name) {
  return std::any_of(row.options.begin(), row.options.end(), [&](const OptionSpec& spec) { return spec.name == name; });
}

// Options that the point decides where the variant does not: the congestion control, which is an axis, and Nagle's
// algorithm, which bulk senders leave on and those who wait for answers turn off. Both are TCP's.
OptionText options_of(const Point& point) {
  OptionText options;
  if (!point.congestion_control.empty()) options["congestion_control"] = point.congestion_control;
  if (!is_bulk(point.workload)) options["nodelay"] = "on";
  return options;
}

tl::unexpected<Error> unknown_id(const std::string& place, std::string_view id) {
  std::vector<std::string_view> ids;
  for (const Descriptor& row : transports()) ids.push_back(row.id);
  return bad_input(place, "there is no transport " + in_quotes(id), suggestion(id, ids));
}

// Where the id ends and options, link or label begin.
std::size_t end_of_id(std::string_view text) { return std::min(text.find_first_of("[@="), text.size()); }

Result<std::vector<Placed>> expand(const Placed& text) {
  const std::string id = text.text.substr(0, end_of_id(text.text)), rest = text.text.substr(id.size());
  const auto star = id.find('*');
  if (star == std::string::npos) return std::vector{text};
  if (star + 1 != id.size()) return bad_input(text.place, in_quotes(id) + ": '*' stands only at the end of an id");
  const std::string_view beginning = std::string_view(id).substr(0, star);
  std::vector<Placed> expanded;
  for (const Descriptor& row : transports())
    if (row.id.starts_with(beginning)) expanded.push_back({std::string(row.id) + rest, text.place});
  if (expanded.empty()) return unknown_id(text.place, id);
  return expanded;
}

Result<Variant> parse_one(const Placed& text) {
  auto variant = parse_variant(text.text);
  if (!variant) return at(text.place, std::move(variant.error()));
  const Descriptor* row = find_transport(variant->id);
  if (row == nullptr) return unknown_id(text.place, variant->id);
  const auto options = Options::resolve(row->id, row->options, variant->options);
  if (!options) return at(text.place, options.error());
  return variant;
}

tl::unexpected<Error> wrong_link(const std::string& place, const Descriptor& row, const Link& link) {
  if (find_link(link.name) == nullptr) {
    std::vector<std::string_view> names;
    for (const LinkDescriptor& known : links()) names.push_back(known.name);
    return bad_input(place, "there is no link " + in_quotes(link.name), suggestion(link.name, names));
  }
  return bad_input(place, fmt::format("{} does not run on link {}", row.id, link.text()),
                   fmt::format("it runs on {}: write {}@{}", fmt::join(row.links, ", "), row.id, row.links.front()));
}

// The first that leads to another host where there is one, else the first.
std::string_view default_link(const Descriptor& row, bool two_hosts) {
  const auto leads_there = [](std::string_view name) { return find_link(name)->two_hosts; };
  const auto found = two_hosts ? std::ranges::find_if(row.links, leads_there) : row.links.begin();
  return found == row.links.end() ? row.links.front() : *found;
}

Result<Link> choose_link(const PlacedVariant& wanted, const Descriptor& row, const Point& point, LinkRule rule) {
  const auto runs_on = [&](const Link& link) {
    return std::find(row.links.begin(), row.links.end(), link.name) != row.links.end();
  };
  const Link& own = wanted.variant.link;
  if (own.name.empty() && !rule.link_given && (rule.two_hosts || !runs_on(point.link)))
    return Link{.name = std::string(default_link(row, rule.two_hosts))};
  const Link& link = own.name.empty() ? point.link : own;
  if (!runs_on(link)) return wrong_link(wanted.place, row, link);
  const auto options = Options::resolve("link " + link.name, find_link(link.name)->options, link.options);
  if (!options) return at(wanted.place, options.error());
  return link;
}

Result<Variant> variant_at(const PlacedVariant& wanted, const Point& point, LinkRule rule) {
  const Descriptor& row = *find_transport(wanted.variant.id);
  auto link = choose_link(wanted, row, point, rule);
  if (!link) return tl::make_unexpected(std::move(link.error()));
  Variant variant = wanted.variant;
  variant.link = std::move(*link);
  if (const auto options = options_at(variant, point); !options) return at(wanted.place, options.error());
  return variant;
}

}  // namespace

bool sends_datagrams(const Variant& variant) {
  const auto protocol = variant.options.find("protocol");
  if (protocol != variant.options.end()) return protocol->second == "udp";
  return find_transport(variant.id)->family == "udp";
}

bool needs_one_process(const Variant& variant) {
  return find_transport(variant.id)->one_address_space || has_one_address_space(variant.link);
}

Result<Options> options_at(const Variant& variant, const Point& point) {
  const Descriptor& row = *find_transport(variant.id);
  OptionText options = variant.options;
  for (auto& [name, value] : options_of(point)) {
    if (has_option(row, name) && !sends_datagrams(variant)) options.try_emplace(name, value);
  }
  return Options::resolve(row.id, row.options, options);
}

Result<std::vector<PlacedVariant>> parse_variants(std::span<const Placed> texts) {
  std::vector<PlacedVariant> variants;
  for (const Placed& text : texts) {
    auto expanded = expand(text);
    if (!expanded) return tl::make_unexpected(std::move(expanded.error()));
    for (const Placed& one : *expanded) {
      auto variant = parse_one(one);
      if (!variant) return tl::make_unexpected(std::move(variant.error()));
      variants.push_back({std::move(*variant), one.place});
      if (variants.size() > most_variants) {
        return bad_input(one.place, fmt::format("more than {} transports", most_variants));
      }
    }
  }
  return variants;
}

Result<std::vector<Variant>> variants_at(const Point& point, LinkRule rule, std::span<const PlacedVariant> variants) {
  std::vector<Variant> resolved;
  for (const PlacedVariant& wanted : variants) {
    auto variant = variant_at(wanted, point, rule);
    if (!variant) return tl::make_unexpected(std::move(variant.error()));
    const std::string name = variant->name();
    if (std::any_of(resolved.begin(), resolved.end(), [&](const Variant& other) { return other.name() == name; })) {
      return bad_input(wanted.place, fmt::format("{} is there twice", name),
                       fmt::format("to measure it against itself, give labels: {0}@{1}=a, {0}@{1}=b", variant->id,
                                   variant->link.text()));
    }
    resolved.push_back(std::move(*variant));
  }
  return resolved;
}

}  // namespace xover
