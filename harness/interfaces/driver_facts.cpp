// The commands of linux/ethtool.h that ask.
#include "harness/interfaces/driver_facts.h"

#include <fmt/format.h>
#include <net/if.h>

#include <array>
#include <cstring>
#include <utility>

#include "harness/interfaces/ethtool.h"
#include "harness/interfaces/rss.h"

namespace xover {

namespace {

using Facts = std::map<std::string, std::string>;

std::string on_off(bool value) { return value ? "on" : "off"; }

class Driver {
 public:
  Driver(int socket, std::string interface) : socket_(socket), interface_(std::move(interface)) {}

  // None where the driver does not know the command.
  template <typename Answer>
  std::optional<Answer> ask(std::uint32_t command) const {
    Answer answer{};
    answer.cmd = command;
    if (!ask_driver(socket_, interface_, &answer)) return std::nullopt;
    return answer;
  }
  std::set<std::string> features() const { return active_features(socket_, interface_); }

 private:
  int socket_;
  std::string interface_;
};

template <std::size_t size>
void add_text(Facts& facts, const std::string& name, const char (&text)[size]) {
  const std::string value(text, strnlen(text, size));
  if (!value.empty() && value != "N/A") facts[name] = value;
}

void add_names(Facts& facts, const Driver& driver) {
  const auto told = driver.ask<ethtool_drvinfo>(ETHTOOL_GDRVINFO);
  if (!told) return;
  add_text(facts, "driver", told->driver);
  add_text(facts, "driver_version", told->version);
  add_text(facts, "firmware", told->fw_version);
  add_text(facts, "bus_address", told->bus_info);
}

void add_offloads(Facts& facts, const Driver& driver) {
  const std::set<std::string> active = driver.features();
  if (active.empty()) return;
  constexpr std::array<std::pair<const char*, const char*>, 7> names{{{"tso", "tx-tcp-segmentation"},
                                                                      {"gso", "tx-generic-segmentation"},
                                                                      {"gro", "rx-gro"},
                                                                      {"lro", "rx-lro"},
                                                                      {"rx_checksum", "rx-checksum"},
                                                                      {"scatter_gather", "tx-scatter-gather"},
                                                                      {"ntuple_filters", "rx-ntuple-filter"}}};
  for (const auto& [ours, theirs] : names) facts[ours] = on_off(active.contains(theirs));
  facts["tx_checksum"] = on_off(computes_checksums(active));
}

void add_rings(Facts& facts, const Driver& driver) {
  const auto rings = driver.ask<ethtool_ringparam>(ETHTOOL_GRINGPARAM);
  if (!rings) return;
  const auto text = [](std::uint32_t now, std::uint32_t most) { return fmt::format("{} of {} packets", now, most); };
  if (rings->rx_max_pending > 0) facts["rx_ring"] = text(rings->rx_pending, rings->rx_max_pending);
  if (rings->tx_max_pending > 0) facts["tx_ring"] = text(rings->tx_pending, rings->tx_max_pending);
}

void add_channels(Facts& facts, const Driver& driver) {
  const auto channels = driver.ask<ethtool_channels>(ETHTOOL_GCHANNELS);
  if (!channels) return;
  const std::uint32_t combined = channels->combined_count;
  if (channels->rx_count + combined > 0) facts["rx_queues"] = std::to_string(channels->rx_count + combined);
  if (channels->tx_count + combined > 0) facts["tx_queues"] = std::to_string(channels->tx_count + combined);
}

void add_coalescing(Facts& facts, const Driver& driver) {
  const auto coalescing = driver.ask<ethtool_coalesce>(ETHTOOL_GCOALESCE);
  if (!coalescing) return;
  const auto text = [](std::uint32_t us, std::uint32_t packets, std::uint32_t adaptive) {
    return fmt::format("after {} us or {} packets, adaptive {}", us, packets, on_off(adaptive != 0));
  };
  facts["rx_coalescing"] =
      text(coalescing->rx_coalesce_usecs, coalescing->rx_max_coalesced_frames, coalescing->use_adaptive_rx_coalesce);
  facts["tx_coalescing"] =
      text(coalescing->tx_coalesce_usecs, coalescing->tx_max_coalesced_frames, coalescing->use_adaptive_tx_coalesce);
}

void add_pause(Facts& facts, const Driver& driver) {
  const auto pause = driver.ask<ethtool_pauseparam>(ETHTOOL_GPAUSEPARAM);
  if (!pause) return;
  facts["pause_frames"] = fmt::format("rx {}, tx {}{}", on_off(pause->rx_pause != 0), on_off(pause->tx_pause != 0),
                                      pause->autoneg != 0 ? ", negotiated" : "");
}

// "128 entries over 8 queues".
void add_rss(Facts& facts, const std::string& interface) {
  const auto rss = read_rss(interface);
  if (!rss) return;
  if (!rss->function.empty()) facts["rss_function"] = rss->function + (rss->symmetric ? ", symmetric" : "");
  if (!rss->indirection.empty()) {
    facts["rss_spread"] = fmt::format("{} entries over {} queue{}", rss->indirection.size(), rss->used_queues().size(),
                                      rss->used_queues().size() == 1 ? "" : "s");
  }
  constexpr std::array<const char*, flow_kinds> names{"rss_tcp_ipv4", "rss_udp_ipv4", "rss_tcp_ipv6", "rss_udp_ipv6"};
  for (std::size_t kind = 0; kind < flow_kinds; ++kind) {
    // A driver of a single queue says that nothing goes into its hash.
    if (const auto& fields = rss->fields[kind]; fields && *fields != HashFields{})
      facts[names[kind]] = words_of(*fields);
  }
}

}  // namespace

std::map<std::string, std::string> driver_facts(const std::string& interface) {
  if (if_nametoindex(interface.c_str()) == 0) return {};
  const auto socket = open_driver_socket();
  if (!socket) return {};
  const Driver driver(socket->get(), interface);
  Facts facts;
  add_names(facts, driver);
  add_offloads(facts, driver);
  add_rings(facts, driver);
  add_channels(facts, driver);
  add_coalescing(facts, driver);
  add_pause(facts, driver);
  add_rss(facts, interface);
  return facts;
}

}  // namespace xover
