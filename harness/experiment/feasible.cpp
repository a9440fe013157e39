// One check for each kind of impossible combination.
#include "harness/experiment/feasible.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/units.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/variants_at.h"
#include "harness/links/links.h"
#include "harness/links/wire_check.h"
#include "harness/workloads/file_mix.h"
#include "harness/workloads/message_pool.h"
#include "transports/common/udp_sockets.h"
#include "transports/dpdk/dpdk_links.h"

namespace xover {

namespace {

constexpr std::uint64_t headers_v4_bytes = 20 + 8, headers_v6_bytes = 40 + 8;  // of IP and UDP
constexpr std::uint64_t most_memory_bytes = 8ULL << 30;                        // of all senders of a point
constexpr std::string_view wire = "wire";

std::vector<std::string_view> file_serving_ids() {
  std::vector<std::string_view> ids;
  for (const Descriptor& transport : transports())
    if (transport.file_ranges) ids.push_back(transport.id);
  if (ids.empty()) ids.push_back("none in this build");
  return ids;
}

bool has_option(const Variant& variant, std::string_view name) {
  const auto options = find_transport(variant.id)->options;
  return std::ranges::find(options, name, &OptionSpec::name) != options.end();
}

Result<Options> own_options(const Variant& variant) {
  return Options::resolve(variant.id, find_transport(variant.id)->options, variant.options);
}

class Combination {
 public:
  Combination(const PlannedPoint& planned, const ExperimentText& experiment, bool two_hosts)
      : planned_(planned), point_(planned.point), experiment_(experiment), two_hosts_(two_hosts) {}

  Result<void> check() const {
    if (point_.fields > point_.size_bytes) {
      return complain({"fields", "size"}, fmt::format("size {} cannot be split into {} fields",
                                                      format_size(point_.size_bytes), point_.fields));
    }
    if (point_.wait == Wait::spin && point_.placement == Placement::same_core) {
      return complain({"wait", "placement"},
                      "wait spin and placement same_core: the two sides would keep each other "
                      "from the core",
                      "use wait block, or placement auto");
    }
    const std::uint64_t each_bytes = std::max(point_.pool_bytes, point_.size_bytes);
    if (each_bytes > most_memory_bytes / pools()) {
      return complain({"size", "pool", "connections"},
                      fmt::format("size {}, pool {} and {} connections need too much memory",
                                  format_size(point_.size_bytes), format_size(point_.pool_bytes), point_.connections),
                      fmt::format("senders get {} at most", format_size(most_memory_bytes)));
    }
    if (point_.workload == Workload::file) {
      if (auto possible = check_files(); !possible) return possible;
    }
    for (const Variant& variant : planned_.variants) {
      if (auto possible = check_variant(variant); !possible) return possible;
    }
    return {};
  }

 private:
  // A fanout has one sender, and all connections are served from the same files.
  std::uint64_t pools() const {
    const bool one = point_.workload == Workload::fanout || point_.workload == Workload::file;
    return one ? 1 : point_.connections;
  }

  Result<void> check_files() const {
    if (point_.fields > 1) return complain({"fields"}, "workload file: a file is sent in one piece", "use fields 1");
    if (point_.pages != PageKind::system) {
      return complain({"pages"}, "workload file: the bytes come from files, not from memory", "use pages system");
    }
    if (point_.memory == Memory::foreign) {
      return complain({"memory"}, "workload file: the bytes come from files, not from memory", "use memory arena");
    }
    if (file_count(point_) > most_files) {
      return complain({"pool", "size", "mix"},
                      fmt::format("pool {} makes more than {} files of size {}", format_size(point_.pool_bytes),
                                  most_files, format_size(point_.size_bytes)),
                      "all are held open: use a smaller pool or a larger size");
    }
    return {};
  }

  Result<void> check_variant(const Variant& variant) const {
    if (auto possible = check_link(variant); !possible) return possible;
    if (auto possible = check_memory(variant); !possible) return possible;
    const std::uint64_t least_bytes = sends_datagrams(variant) ? sequence_bytes : 1;
    if (point_.size_bytes < least_bytes || point_.size_bytes > largest_message_bytes(variant)) {
      return complain({"size"}, fmt::format("size {} does not fit {}", format_size(point_.size_bytes), variant.name()),
                      fmt::format("its messages have {} to {} bytes", least_bytes, largest_message_bytes(variant)));
    }
    // Datagrams in flight lie apart, because each has its number written into it.
    if (sends_datagrams(variant) && point_.size_bytes * point_.depth > most_memory_bytes / pools()) {
      return complain({"depth", "connections", "size"},
                      fmt::format("size {}, depth {} and {} connections of datagrams need too much memory",
                                  format_size(point_.size_bytes), point_.depth, point_.connections),
                      fmt::format("senders get {} at most", format_size(most_memory_bytes)));
    }
    if (point_.workload == Workload::file && !find_transport(variant.id)->file_ranges) {
      return complain({"workload"},
                      fmt::format("workload file cannot run on {}: it sends memory, not files", variant.id),
                      fmt::format("these send files: {}", fmt::join(file_serving_ids(), ", ")));
    }
    return {};
  }

  Result<void> check_memory(const Variant& variant) const {
    if (!find_transport(variant.id)->file_ranges) return {};
    if (point_.memory == Memory::foreign) {
      return complain({"memory"}, fmt::format("memory foreign cannot be sent by {}: it sends files", variant.id),
                      "use memory arena, which is a file in memory there");
    }
    if (point_.pages == PageKind::huge) {
      return complain({"pages"},
                      fmt::format("pages huge cannot be sent by {}: it sends files, whose pages are the page "
                                  "cache's",
                                  variant.id),
                      "use pages system or small");
    }
    return {};
  }

  Result<void> check_link(const Variant& variant) const {
    const LinkDescriptor* link = find_link(variant.link.name);
    if (link == nullptr) return complain({"link"}, "there is no link " + in_quotes(variant.link.name));
    if (!variant.link.argument.empty() && !link->takes_argument())
      return complain({"link"}, fmt::format("link {} takes nothing behind a colon", link->name));
    if (variant.link.argument.empty() && link->takes_argument() && !link->argument_optional)
      return complain({"link"}, fmt::format("link {} needs something behind a colon", link->name));
    if (link->name == wire) {
      if (const auto cards = parse_wire(variant.link.argument); !cards)
        return complain({"link", "transports"}, cards.error().context, cards.error().remedy);
    }
    if (auto possible = check_bypass(variant, *link); !possible) return possible;
    if (has_virtual_time(variant.link))
      if (auto possible = check_virtual_time(variant); !possible) return possible;
    const bool one_way = point_.workload == Workload::stream || point_.workload == Workload::paced;
    if (!one_way && !link->has_receiver) {
      return complain({"workload"}, fmt::format("workload {} cannot run on {}: link {} has no receiver",
                                                find_axis("workload")->get(point_), variant.id, link->name));
    }
    // Of those that run on such a link, these connect unless they are told otherwise.
    if (!link->has_receiver && has_option(variant, "protocol") && !sends_datagrams(variant)) {
      return complain({"transports", "link"},
                      fmt::format("link {} has no receiver and TCP cannot connect to nobody", link->name),
                      fmt::format("write {}[protocol=udp]@{}", variant.id, link->name));
    }
    return check_segments(variant, *link);
  }

  // Frames can change hands without anybody looking into them.
  Result<void> check_bypass(const Variant& variant, const LinkDescriptor& link) const {
    if (find_transport(variant.id)->family != "dpdk") return {};
    if (link.takes_argument()) {
      if (const auto names = parse_device_names(variant.link, two_hosts_); !names)
        return complain({"link", "transports"},
                        fmt::format("link {}: {}", in_quotes(variant.link.text()), names.error().context),
                        names.error().remedy);
      if (point_.connections > 1)
        return complain({"connections"},
                        fmt::format("{} connections on link {}: each has a session, and one session drives a device",
                                    point_.connections, link.name),
                        "use connections 1, or link ring or memif");
    }
    const std::uint64_t most = link.one_address_space ? most_ring_connections : most_memif_connections;
    if (point_.connections > most)
      return complain({"connections"},
                      fmt::format("{} connections on link {}: DPDK has {} ports in a process, enough for {} there",
                                  point_.connections, link.name, most_dpdk_ports, most),
                      fmt::format("use connections {} or fewer", most));
    if (point_.touch == Touch::none)
      return complain({"touch"},
                      fmt::format("touch none and {}: passing pointers is not moving data, so its figures would be "
                                  "nobody's",
                                  variant.id),
                      "use touch read or verify");
    if (link.one_address_space && point_.wait == Wait::block)
      return complain({"wait"},
                      fmt::format("wait block and {} on link {}: a ring in memory has no interrupt to sleep on",
                                  variant.id, link.name),
                      "use wait spin, with a core for each side");
    return {};
  }

  // One thread drives both ends there, by rules of its own: see VirtualRun.
  Result<void> check_virtual_time(const Variant& variant) const {
    const std::string& link = variant.link.name;
    if (point_.workload != Workload::stream && point_.workload != Workload::pingpong)
      return complain({"workload"},
                      fmt::format("workload {} cannot run on link {}: the virtual clock drives streams and ping-pongs",
                                  find_axis("workload")->get(point_), link),
                      "use workload stream or pingpong");
    if (point_.wait == Wait::block)
      return complain({"wait", "link"},
                      fmt::format("wait block and {} on link {}: nobody sleeps on a virtual clock; what a wake-up "
                                  "costs is an option of the link",
                                  variant.id, link),
                      "use wait spin");
    if (point_.late_ns > 0)
      return complain({"late"},
                      fmt::format("late and link {}: a receiver that does nothing for a while has no place on the "
                                  "virtual clock",
                                  link),
                      "use late 0");
    if (point_.placement != Placement::automatic)
      return complain({"placement"},
                      fmt::format("placement {} and link {}: how many processors the model has is an option of the "
                                  "link, and these of the machine have no part in it",
                                  find_axis("placement")->get(point_), link),
                      "use placement auto");
    return {};
  }

  // What the kernel cuts a message into must fit the device, which cuts nothing further.
  Result<void> check_segments(const Variant& variant, const LinkDescriptor& link) const {
    const bool has_mtu = std::ranges::find(link.options, "mtu", &OptionSpec::name) != link.options.end();
    if (!has_mtu || !sends_datagrams(variant)) return {};
    const auto granted = Options::resolve(link.name, link.options, variant.link.options);
    const auto options = own_options(variant);
    if (!granted || !options) return {};  // refused where variants are resolved
    const auto mtu = static_cast<std::uint64_t>(granted->integer("mtu"));
    const std::uint64_t gso = options->size_bytes("gso");
    const std::uint64_t headers = options->choice("ip") == "6" ? headers_v6_bytes : headers_v4_bytes;
    const bool as_the_device_has_it = mtu == 0;
    if (gso == 0 || as_the_device_has_it || gso + headers <= mtu) return {};
    return complain({"transports", "link"},
                    fmt::format("gso={} of {} does not fit the link's mtu {}: headers take {} bytes", gso,
                                variant.name(), mtu, headers),
                    fmt::format("use gso={} or less, or {}[mtu={}]", mtu - headers, link.name, gso + headers));
  }

  // The place of the first of these axes that a person wrote, else that of the experiment. An axis with several values
  // is pointed at where its list begins: the message has the value.
  Result<void> complain(std::initializer_list<std::string_view> axes, std::string what, std::string remedy = {}) const {
    for (const std::string_view axis : axes) {
      const auto written = experiment_.axes.find(axis);
      if (written == experiment_.axes.end()) continue;
      return bad_input(written->second.front().place, std::move(what), std::move(remedy));
    }
    return bad_input(experiment_.place, std::move(what), std::move(remedy));
  }

  const PlannedPoint& planned_;
  const Point& point_;
  const ExperimentText& experiment_;
  const bool two_hosts_;
};

using LinkByCard = std::map<std::string, std::string, std::less<>>;

// That only one link of a run can have: moved into namespaces, or started with DPDK, which takes one for each process.
std::vector<std::string> cards_of(const Link& link) {
  if (link.name == wire) {
    if (const auto cards = parse_wire(link.argument); cards) return {cards->first, cards->second};
  }
  if (link.name == "pci") {
    if (const auto cards = parse_device_names(link); cards) return {cards->sender, cards->receiver};
  }
  return {};  // what is wrong is refused by check_feasible()
}

// The cards of this variant that `holders` has on another link; its other cards are added.
std::vector<std::string> cards_held_elsewhere(const Variant& variant, LinkByCard& holders) {
  std::vector<std::string> held;
  for (const std::string& card : cards_of(variant.link)) {
    if (holders.try_emplace(card, variant.link.text()).first->second != variant.link.text()) held.push_back(card);
  }
  return held;
}

}  // namespace

Result<void> check_cards(std::span<const PlannedPoint> points, const ExperimentText& experiment) {
  LinkByCard holders;
  for (const PlannedPoint& planned : points) {
    for (const Variant& variant : planned.variants) {
      const auto held = cards_held_elsewhere(variant, holders);
      if (held.empty()) continue;
      const auto written = experiment.axes.find("link");
      return bad_input(
          written == experiment.axes.end() ? experiment.place : written->second.front().place,
          fmt::format("{} and {}: one run can hold the card{} {} on one link only", holders.at(held.front()),
                      variant.link.text(), held.size() == 1 ? "" : "s", fmt::join(held, " and ")),
          "make two runs");
    }
  }
  return {};
}

std::uint64_t largest_message_bytes(const Variant& variant) {
  if (!sends_datagrams(variant)) return UINT64_MAX;
  const auto options = own_options(variant);
  return options ? largest_datagram_bytes(*options) : 0;
}

Result<void> check_feasible(const PlannedPoint& planned, const ExperimentText& experiment, bool two_hosts) {
  return Combination(planned, experiment, two_hosts).check();
}

}  // namespace xover
