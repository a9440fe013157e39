// ETHTOOL_GRSSH, GRXFH and GRXRINGS, as linux/ethtool.h has them.
#include "harness/interfaces/rss.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "core/quote.h"
#include "harness/interfaces/ethtool.h"
#include "harness/interfaces/toeplitz.h"

namespace xover {

namespace {

// Bits of ethtool_rxfh::hfunc and the name of each; ETH_RSS_HASH_TOP and so on are not in the kernel's headers for
// programs, the names are (ETH_SS_RSS_HASH_FUNCS).
std::string function_of(int socket, const std::string& interface, std::uint8_t bits) {
  const std::vector<std::string> names = driver_strings(socket, interface, ETH_SS_RSS_HASH_FUNCS);
  for (std::size_t at = 0; at < names.size() && at < 8; ++at) {
    if (bits == 1U << at) return names[at];
  }
  return "";
}

void read_key_and_table(int socket, const std::string& interface, Rss& rss) {
  ethtool_rxfh sizes{};
  sizes.cmd = ETHTOOL_GRSSH;
  if (!ask_driver(socket, interface, &sizes)) return;
  const std::size_t table_bytes = sizes.indir_size * sizeof(std::uint32_t);
  auto answer = with_room_for<ethtool_rxfh, std::uint8_t>(table_bytes + sizes.key_size);
  answer[0].cmd = ETHTOOL_GRSSH;
  answer[0].indir_size = sizes.indir_size;
  answer[0].key_size = sizes.key_size;
  if (!ask_driver(socket, interface, answer.data())) return;
  rss.function = function_of(socket, interface, answer[0].hfunc);
  rss.symmetric = answer[0].rsvd8[0] != 0;  // `input_xfrm` in headers since Linux 6.8: zero is none
  const auto* behind = reinterpret_cast<const std::uint8_t*>(answer[0].rss_config);
  rss.indirection.resize(sizes.indir_size);
  if (table_bytes > 0) std::memcpy(rss.indirection.data(), behind, table_bytes);
  rss.key.assign(behind + table_bytes, behind + table_bytes + sizes.key_size);
  // A driver that cannot tell its key leaves zeros, which no device hashes with: all flows would go to one queue.
  if (std::all_of(rss.key.begin(), rss.key.end(), [](std::uint8_t byte) { return byte == 0; })) rss.key.clear();
}

std::optional<HashFields> read_fields(int socket, const std::string& interface, std::uint32_t flow_type) {
  ethtool_rxnfc question{};
  question.cmd = ETHTOOL_GRXFH;
  question.flow_type = flow_type;
  if (!ask_driver(socket, interface, &question)) return std::nullopt;
  constexpr std::uint64_t addresses = RXH_IP_SRC | RXH_IP_DST, ports = RXH_L4_B_0_1 | RXH_L4_B_2_3;
  HashFields fields;
  fields.addresses = (question.data & addresses) == addresses;
  fields.ports = (question.data & ports) == ports;
  const std::uint64_t told = (fields.addresses ? addresses : 0) | (fields.ports ? ports : 0);
  fields.others = (question.data & ~told) != 0;
  return fields;
}

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

bool append_address(std::vector<std::uint8_t>& input, const std::string& text, bool ipv6) {
  std::uint8_t bytes[sizeof(in6_addr)];
  if (inet_pton(ipv6 ? AF_INET6 : AF_INET, text.c_str(), bytes) != 1) return false;
  input.insert(input.end(), bytes, bytes + (ipv6 ? sizeof(in6_addr) : sizeof(in_addr)));
  return true;
}

void append_port(std::vector<std::uint8_t>& input, std::uint16_t port) {
  input.push_back(static_cast<std::uint8_t>(port >> 8));
  input.push_back(static_cast<std::uint8_t>(port & 0xff));
}

tl::unexpected<Error> unknown(const std::string& because, const std::string& remedy) {
  return make_error(ErrorCode::unsupported, "tell which RX queue a connection arrives at", because, remedy);
}

}  // namespace

FlowKind kind_of(const Flow& flow) {
  if (is_ipv6(flow.source)) return flow.udp ? FlowKind::udp_ipv6 : FlowKind::tcp_ipv6;
  return flow.udp ? FlowKind::udp_ipv4 : FlowKind::tcp_ipv4;
}

std::vector<std::uint32_t> Rss::used_queues() const {
  std::vector<std::uint32_t> used = indirection;
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  return used;
}

std::string words_of(const HashFields& fields) {
  std::string text = fields.addresses ? "addresses" : "";
  for (const auto& [there, word] : {std::pair{fields.ports, "ports"}, std::pair{fields.others, "other fields"}}) {
    if (there) text += (text.empty() ? "" : " and ") + std::string(word);
  }
  return text.empty() ? "nothing" : text;
}

Result<Rss> read_rss(const std::string& interface) {
  if (if_nametoindex(interface.c_str()) == 0) {
    return make_error(ErrorCode::no_device, "read receive side scaling of interface " + in_quotes(interface),
                      "there is none of this name", "`ip link` lists those that there are");
  }
  const auto socket = open_driver_socket();
  if (!socket) return tl::make_unexpected(socket.error());
  Rss rss;
  ethtool_rxnfc rings{};
  rings.cmd = ETHTOOL_GRXRINGS;
  if (ask_driver(socket->get(), interface, &rings)) rss.queues = static_cast<std::uint32_t>(rings.data);
  read_key_and_table(socket->get(), interface, rss);
  constexpr std::array<std::uint32_t, flow_kinds> flow_types{TCP_V4_FLOW, UDP_V4_FLOW, TCP_V6_FLOW, UDP_V6_FLOW};
  for (std::size_t kind = 0; kind < flow_kinds; ++kind)
    rss.fields[kind] = read_fields(socket->get(), interface, flow_types[kind]);
  return rss;
}

Result<void> check_rss_known(const Rss& rss, FlowKind kind) {
  const std::string remedy = "leave the RX queues as they fall";
  if (rss.indirection.empty()) return unknown("the driver does not tell its indirection table", remedy);
  if (rss.key.empty()) return unknown("the driver does not tell its hash key", remedy);
  if (rss.function.empty()) return unknown("the driver does not tell its hash function", remedy);
  if (rss.function != "toeplitz") {
    return unknown("the device hashes by " + rss.function + ", not by Toeplitz",
                   "ethtool -X INTERFACE hfunc toeplitz, if the device can");
  }
  if (rss.symmetric) {
    return unknown("the device mixes source and destination before it hashes them (symmetric)",
                   "ethtool -X INTERFACE xfrm none");
  }
  const auto& fields = rss.fields_of(kind);
  if (!fields) return unknown("the driver does not tell which fields it hashes", remedy);
  if (fields->others || !fields->addresses) {
    return unknown("the device hashes " + words_of(*fields) + ", not addresses, or addresses and ports",
                   "ethtool -N INTERFACE rx-flow-hash tcp4 sdfn (or udp4, tcp6, udp6)");
  }
  return {};
}

Result<std::uint32_t> queue_of(const Rss& rss, const Flow& flow) {
  const bool ipv6 = is_ipv6(flow.source);
  std::vector<std::uint8_t> input;
  if (!append_address(input, flow.source, ipv6) || !append_address(input, flow.destination, ipv6)) {
    return make_error(ErrorCode::bad_input, "tell which RX queue a connection arrives at",
                      in_quotes(flow.source) + " to " + in_quotes(flow.destination),
                      "expected two addresses of one version of IP");
  }
  if (rss.queues == 1) return 0;
  const FlowKind kind = kind_of(flow);
  if (auto known = check_rss_known(rss, kind); !known) return tl::make_unexpected(known.error());
  if (rss.fields_of(kind)->ports) {
    append_port(input, flow.source_port);
    append_port(input, flow.destination_port);
  }
  return rss.indirection[toeplitz_hash(rss.key, input) % rss.indirection.size()];
}

}  // namespace xover
