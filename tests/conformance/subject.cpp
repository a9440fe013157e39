// The table of transports, unfolded. Option sets are made from what a row's table says it has.
#include "tests/conformance/subject.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <ostream>

#include "harness/experiment/variants_at.h"
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

// In two processes: links whose ends do not share one, and one of those whose ends may.
constexpr std::array on_links_between_processes{"@memif", "@af_packet:xc_a+xc_b"};
constexpr std::array in_two_processes{"tcp.send@lo"};

// Two cards that are given to this test, by their addresses, as the lab guest has them. Without them the subject is
// there all the same, and skipped.
std::string pci_link() {
  const char *const sender = std::getenv("XOVER_PCI_A"), *const receiver = std::getenv("XOVER_PCI_B");
  if (sender == nullptr || receiver == nullptr) return "@pci";
  return std::string("@pci:") + sender + "+" + receiver;
}

// An RDMA device that is given to this test, by its name. Without it the subject is there all the same, and skipped.
Link verbs_link() {
  const char* const device = std::getenv("XOVER_VERBS_DEVICE");
  return {.name = "verbs", .argument = device == nullptr ? "" : device, .options = {}};
}

bool runs_on(const Descriptor& row, std::string_view link) {
  return std::ranges::find(row.links, link) != row.links.end();
}

void add(std::vector<Subject>& subjects, std::string_view text, bool two_processes) {
  const Variant variant = parse_variant(text).value();
  const Descriptor* row = find_transport(variant.id);
  subjects.push_back({row, variant.options, variant.link, two_processes});
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

// SDP cut as small as it goes, so that messages take many parts, credits run out, and one message is copied where the
// next is not.
std::vector<OptionText> small_settings(const Descriptor& row) {
  if (find_option(row, "stage") == nullptr) return {};
  OptionText small{{"stage", "1K"}, {"receives", "5"}};
  if (find_option(row, "threshold") == nullptr) return {small};
  small["threshold"] = "3000";
  small["chunk"] = "4K";
  small["adverts"] = "2";
  return {small};
}

// In one process between two threads with every option set, in two with the default; with a virtual clock; and on the
// device that this test was given.
void add_over_fabrics(std::vector<Subject>& subjects, const Descriptor& row) {
  const Link threads{.name = "local", .argument = {}, .options = {{"ends", "threads"}}}, processes{.name = "local"},
      simulated{.name = "simulated"};
  const std::vector<OptionText> small = small_settings(row);
  if (runs_on(row, threads.name)) {
    for (const OptionText& options : option_sets(row)) subjects.push_back({&row, options, threads});
    for (const OptionText& options : small) subjects.push_back({&row, options, threads});
    subjects.push_back({&row, {}, processes, true});
  }
  if (runs_on(row, simulated.name)) {
    subjects.push_back({&row, {}, simulated});
    for (const OptionText& options : small) subjects.push_back({&row, options, simulated});
  }
  if (runs_on(row, "verbs")) subjects.push_back({&row, {}, verbs_link(), true});
}

}  // namespace

Variant Subject::variant() const {
  Variant variant;
  variant.id = row->id;
  variant.options = options;
  variant.link = link;
  return variant;
}

std::string Subject::text() const { return variant().text(); }

std::string Subject::test_name() const {
  std::string name = text();
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return two_processes ? name + "_in_two_processes" : name;
}

bool Subject::has_option(std::string_view name) const { return find_option(*row, name) != nullptr; }

bool Subject::needs_one_process() const { return xover::needs_one_process(variant()); }

std::ostream& operator<<(std::ostream& out, const Subject& subject) { return out << subject.text(); }

std::vector<Subject> all_subjects() {
  std::vector<Subject> subjects;
  for (const Descriptor& row : transports()) {
    if (runs_on(row, "verbs")) {
      add_over_fabrics(subjects, row);
      continue;
    }
    for (OptionText& options : option_sets(row))
      subjects.push_back({&row, std::move(options), {.name = std::string(row.links.front())}});
  }
  for (const char* text : on_other_links) add(subjects, text, false);
  for (const char* text : in_two_processes) add(subjects, text, true);
  for (const std::string id : {"dpdk.copy", "dpdk.mbuf", "dpdk.extbuf"}) {
    for (const char* link : on_links_between_processes) add(subjects, id + link, true);
    add(subjects, id + pci_link(), true);
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
                                              const OptionText& more_options, LinkRole role) {
  OptionText text = subject.options;
  for (const auto& [name, value] : more_options) text[name] = value;
  auto options = Options::resolve(subject.row->id, subject.row->options, text);
  if (!options) return tl::make_unexpected(options.error());
  OpenParameters parameters;
  parameters.link = subject.link;
  parameters.role = role;
  parameters.own = own_addresses();
  parameters.peer = peer_addresses(subject.link);
  parameters.has_receiver = find_link(subject.link.name)->has_receiver;
  parameters.device_gathers = device_gathers(subject.link);
  parameters.options = std::move(*options);
  parameters.max_channels = max_channels;
  parameters.depth = depth;
  return subject.row->open(parameters);
}

}  // namespace xover::conformance
