// The questions of one host, put to what knows the answers.
#include "harness/agents/host_account.h"

#include <filesystem>

#include "harness/agents/cells.h"
#include "harness/interfaces/interface_address.h"
#include "harness/interfaces/interface_facts.h"
#include "harness/interfaces/interface_features.h"
#include "harness/interfaces/receive_queues.h"
#include "harness/measurement/environment.h"

namespace xover {

namespace {

// A device stands behind it.
bool is_card(const std::string& interface) {
  const auto folder = interface_folder(interface, {});
  std::error_code none;
  return folder && std::filesystem::exists(*folder + "/device", none);
}

bool is_loopback(const std::string& address) { return address.starts_with("127.") || address == "::1"; }

// The address where the hosts reached each other comes first, since that is known to work.
HostAddresses with(HostAddresses found, const std::string& own_address) {
  if (own_address.empty()) return found;
  (own_address.find(':') == std::string::npos ? found.ipv4 : found.ipv6) = own_address;
  return found;
}

// The CPUs that serve the queues that the connections arrive at, by connection.
Result<std::vector<unsigned>> rx_cpus_of(const EndPlacement& wanted) {
  if (wanted.rx_queues == RxQueues::any)
    return make_error(ErrorCode::unsupported, "find RX queues", "connections arrive at whichever their ports lead to",
                      "use --rx-queues spread, or one");
  const auto queues = receive_queues(wanted.interface);
  if (!queues) return tl::make_unexpected(queues.error());
  const auto rss = read_rss(wanted.interface);
  if (!rss) return tl::make_unexpected(rss.error());
  std::vector<std::uint32_t> used = rss->used_queues();
  if (used.empty()) used = {0};
  std::vector<std::uint32_t> of_connections;
  for (unsigned i = 0; i < wanted.connections; ++i)
    of_connections.push_back(wanted.rx_queues == RxQueues::one ? used.front() : used[i % used.size()]);
  return serving_cpus(wanted.interface, *queues, of_connections);
}

}  // namespace

Result<HostAccount> describe_host(const std::string& interface, const std::string& own_address) {
  HostAccount account;
  account.interface = interface;
  if (interface.empty()) {
    auto found = interface_of(own_address);
    if (!found) return tl::make_unexpected(found.error());
    account.interface = std::move(*found);
  }
  if (is_loopback(own_address) && interface.empty()) {
    account.addresses = {};
  } else {
    auto addresses = addresses_of(account.interface);
    if (!addresses) return tl::make_unexpected(addresses.error());
    account.addresses = interface.empty() ? with(std::move(*addresses), own_address) : std::move(*addresses);
  }
  account.environment = environment();
  account.interface_facts = interface_facts(account.interface);
  account.substrate = substrate_here(is_card(account.interface) ? Substrate::hardware : Substrate::soft_device);
  const auto features =
      FeatureSocket::open().and_then([&](const FeatureSocket& socket) { return socket.read(account.interface); });
  account.gathers = features && features->gathers();
  return account;
}

Result<CoreMap> place_end(const EndPlacement& wanted) {
  std::optional<NearInterface> near;
  if (!wanted.interface.empty()) {
    near.emplace();
    near->name = wanted.interface;
    near->only = wanted.role;
    near->numa_node = numa_node_of(wanted.interface);
    if (auto cpus = rx_cpus_of(wanted))
      near->rx_cpus = std::move(*cpus);
    else
      near->rx_unknown = std::move(cpus.error());
  }
  return place(wanted.placement, wanted.connections, wanted.wait, 2, wanted.senders, near);
}

Result<SourcePorts> choose_ports(const std::string& interface, const WantedPorts& wanted) {
  const auto rss = read_rss(interface);
  if (!rss) return tl::make_unexpected(rss.error());
  return source_ports_for(*rss, wanted);
}

}  // namespace xover
