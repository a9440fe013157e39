// The table of transports, unfolded. Option sets are made from what a row's table says it has.
#include "tests/conformance/subject.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>

#include "core/variant.h"
#include "harness/links/links.h"
#include "tests/conformance/link_end.h"

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

// On veth_dma lent pages come back after the peer's acknowledgement, on ifb when the device has dropped them, and on lo
// at once: whatever lends pages is held to the contract there too, and one of each kind that does not.
constexpr std::array on_other_links{
    "tcp.sendmsg@veth_dma",
    "tcp.zerocopy@veth_dma",
    "tcp.vmsplice@veth_dma",
    "tcp.zerocopy@veth_dma[offloads=off]",
    "tcp.vmsplice@veth_dma[offloads=off]",
    "udp.zerocopy[gso=1400]@veth_dma",  // fragments would wait for other traffic until they are let go
    "uring.send[receive=multishot]@veth_dma",
    "uring.send_zc@veth_dma",
    "uring.send_zc_fixed@veth_dma",
    "udp.send@ifb",
    "udp.zerocopy[gso=1400]@ifb",
    "uring.send_zc_fixed[gso=1400,protocol=udp]@ifb",
};

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
    for (OptionText& options : option_sets(row))
      subjects.push_back({&row, std::move(options), {.name = std::string(row.links.front())}});
  }
  for (const char* text : on_other_links) {
    const Variant variant = parse_variant(text).value();
    if (find_transport(variant.id)->planned()) continue;
    subjects.push_back({find_transport(variant.id), variant.options, variant.link});
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
  OpenParameters parameters;
  parameters.link = subject.link;
  parameters.own = own_addresses();
  parameters.peer = receiver_addresses(subject.link);
  parameters.has_receiver = find_link(subject.link.name)->has_receiver;
  parameters.device_gathers = device_gathers(subject.link);
  parameters.options = std::move(*options);
  parameters.max_channels = max_channels;
  parameters.depth = depth;
  return subject.row->open(parameters);
}

}  // namespace xover::conformance
