// The table of transports, unfolded. Option sets are made from what a row's table says it has.
#include "tests/conformance/subject.h"

#include <algorithm>
#include <cctype>
#include <ostream>

#include "core/variant.h"

namespace xover::conformance {

namespace {

const OptionSpec* find_option(const Descriptor& row, std::string_view name) {
  const auto found =
      std::find_if(row.options.begin(), row.options.end(), [&](const OptionSpec& spec) { return spec.name == name; });
  return found == row.options.end() ? nullptr : &*found;
}

// Of a choice, the first value that is not the default.
std::string other_choice(const OptionSpec& spec) {
  std::string_view choices = spec.choices;
  while (choices.substr(0, choices.find('|')) == spec.default_value) choices.remove_prefix(choices.find('|') + 1);
  return std::string(choices.substr(0, choices.find('|')));
}

// Where one row speaks several protocols and receives in several ways: each of these, alone and together.
void add_ways(const Descriptor& row, std::vector<OptionText>& sets) {
  OptionText both;
  for (const char* name : {"receive", "protocol"}) {
    const OptionSpec* spec = find_option(row, name);
    // What a receiver throws away unseen cannot be checked here; the family's unit tests check its counts.
    if (spec == nullptr || other_choice(*spec) == "splice") continue;
    both[name] = other_choice(*spec);
    sets.push_back({{name, both[name]}});
  }
  if (both.size() > 1) sets.push_back(both);
  if (find_option(row, "registration") != nullptr) sets.push_back({{"registration", "uffd"}});
}

// The defaults, the other IP version, and datagrams that the kernel cuts and joins.
std::vector<OptionText> option_sets(const Descriptor& row) {
  std::vector<OptionText> sets;
  if (find_option(row, "ip") != nullptr) {
    sets.push_back({{"ip", "4"}});
    sets.push_back({{"ip", "6"}});
  } else {
    sets.push_back({});
  }
  OptionText offload;
  if (const OptionSpec* gso = find_option(row, "gso"))
    offload["gso"] = gso->kind == OptionKind::boolean ? "true" : "1400";
  if (find_option(row, "gro") != nullptr) offload["gro"] = "true";
  if (!offload.empty() && find_option(row, "protocol") != nullptr) offload["protocol"] = "udp";
  if (!offload.empty()) sets.push_back(offload);
  add_ways(row, sets);
  return sets;
}

}  // namespace

std::string Subject::text() const {
  Variant variant;
  variant.id = row->id;
  variant.options = options;
  variant.link = link;
  return variant.text();
}

std::string Subject::test_name() const {
  std::string name = text();
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

bool Subject::has_option(std::string_view name) const { return find_option(*row, name) != nullptr; }

std::ostream& operator<<(std::ostream& out, const Subject& subject) { return out << subject.text(); }

std::vector<Subject> all_subjects() {
  std::vector<Subject> subjects;
  for (const Descriptor& row : transports()) {
    if (row.planned()) continue;
    for (const std::string_view link : row.links) {
      for (OptionText& options : option_sets(row))
        subjects.push_back({&row, std::move(options), {std::string(link), {}}});
    }
  }
  return subjects;
}

const Subject* find_subject(std::string_view text) {
  static const std::vector<Subject> subjects = all_subjects();
  const auto found =
      std::find_if(subjects.begin(), subjects.end(), [&](const Subject& subject) { return subject.text() == text; });
  return found == subjects.end() ? nullptr : &*found;
}

Result<std::unique_ptr<Session>> open_session(const Subject& subject, std::size_t max_channels, std::size_t depth,
                                              const OptionText& more_options) {
  OptionText text = subject.options;
  for (const auto& [name, value] : more_options) text[name] = value;
  auto options = Options::resolve(subject.row->id, subject.row->options, text);
  if (!options) return tl::make_unexpected(options.error());
  return subject.row->open(
      {.link = subject.link, .options = std::move(*options), .max_channels = max_channels, .depth = depth});
}

}  // namespace xover::conformance
