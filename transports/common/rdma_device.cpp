// The search for a device. An address belongs to the device that the connection manager binds it to: that is true for
// RoCE, InfiniBand and iWARP alike, and asks nothing of how each of them makes identifiers of addresses.
#include "transports/common/rdma_device.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <infiniband/verbs.h>
#include <net/if.h>
#include <rdma/rdma_cma.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <vector>

#include "core/quote.h"

namespace xover {

namespace {

constexpr const char* operation = "find RDMA device";
constexpr const char* make_one =
    "modprobe rdma_rxe && rdma link add rxe0 type rxe netdev ETH; or in the lab guest: ./dev guest run --scenario rxe";

using EventChannel = std::unique_ptr<rdma_event_channel, decltype(&rdma_destroy_event_channel)>;
using Id = std::unique_ptr<rdma_cm_id, decltype(&rdma_destroy_id)>;

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

// Devices hang off a bus; what hangs off nothing is a driver alone.
bool is_soft(const std::string& device) {
  std::error_code ignored;
  return !std::filesystem::exists("/sys/class/infiniband/" + device + "/device", ignored);
}

Result<std::vector<std::string>> device_names() {
  int count = 0;
  ibv_device** devices = ibv_get_device_list(&count);
  std::vector<std::string> names;
  for (int i = 0; devices != nullptr && i < count; ++i) names.emplace_back(ibv_get_device_name(devices[i]));
  if (devices != nullptr) ibv_free_device_list(devices);
  if (!names.empty()) return names;
  std::error_code ignored;
  const std::filesystem::directory_iterator of_kernel("/sys/class/infiniband", ignored);
  if (!ignored && of_kernel != std::filesystem::directory_iterator()) {
    return make_error(ErrorCode::no_device, operation,
                      "libibverbs has no driver for " + of_kernel->path().filename().string(),
                      "apt-get install ibverbs-providers, and modprobe ib_uverbs");
  }
  return make_error(ErrorCode::no_device, operation, "this host has no RDMA device", make_one);
}

struct HostAddress {
  sockaddr_in address;
  unsigned prefix_bits;
};

unsigned prefix_bits_of(const sockaddr* mask) {
  if (mask == nullptr) return 32;
  return static_cast<unsigned>(std::popcount(reinterpret_cast<const sockaddr_in*>(mask)->sin_addr.s_addr));
}

std::string text_of(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
}

// Of interfaces that are up, `first_of_all` in front; RDMA has no route to loopback's.
std::vector<HostAddress> host_addresses(const std::string& first_of_all) {
  std::vector<HostAddress> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
    const bool usable = (each->ifa_flags & IFF_UP) != 0 && (each->ifa_flags & IFF_LOOPBACK) == 0;
    if (!usable || each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    addresses.push_back({*reinterpret_cast<const sockaddr_in*>(each->ifa_addr), prefix_bits_of(each->ifa_netmask)});
    addresses.back().address.sin_port = 0;
  }
  freeifaddrs(first);
  std::ranges::stable_partition(addresses,
                                [&](const HostAddress& each) { return text_of(each.address) == first_of_all; });
  return addresses;
}

// Empty: no device.
std::string device_at(rdma_event_channel* channel, sockaddr_in address) {
  rdma_cm_id* made = nullptr;
  if (rdma_create_id(channel, &made, nullptr, RDMA_PS_TCP) != 0) return {};
  const Id id(made, rdma_destroy_id);
  if (rdma_bind_addr(made, reinterpret_cast<sockaddr*>(&address)) != 0 || made->verbs == nullptr) return {};
  return ibv_get_device_name(made->verbs->device);
}

// Asked before librdmacm is, which complains on standard error.
Result<EventChannel> open_channel() {
  constexpr const char* node = "/dev/infiniband/rdma_cm";
  if (access(node, F_OK) != 0) {
    return make_error(ErrorCode::no_device, operation, std::string(node) + " is missing", "modprobe rdma_ucm");
  }
  if (access(node, R_OK | W_OK) != 0) {
    return make_error(ErrorCode::not_permitted, operation, std::string(node) + " may not be opened", "run as root");
  }
  EventChannel channel(rdma_create_event_channel(), rdma_destroy_event_channel);
  if (!channel) return system_error("rdma_create_event_channel");
  return channel;
}

}  // namespace

Result<RdmaDevice> find_rdma_device(const Link& link, const std::string& rather_at) {
  auto names = device_names();
  if (!names) return tl::make_unexpected(names.error());
  const std::string& wanted = link.argument;
  if (!wanted.empty() && std::ranges::find(*names, wanted) == names->end()) {
    return make_error(ErrorCode::no_device, operation, "no device " + in_quotes(wanted) + " among " + listed(*names),
                      "name one of them: verbs:" + names->front());
  }
  auto channel = open_channel();
  if (!channel) return tl::make_unexpected(channel.error());
  for (const HostAddress& each : host_addresses(rather_at)) {
    const std::string name = device_at(channel->get(), each.address);
    if (name.empty() || (!wanted.empty() && name != wanted)) continue;
    return RdmaDevice{name, text_of(each.address), each.prefix_bits, is_soft(name)};
  }
  return make_error(ErrorCode::no_device, operation,
                    (wanted.empty() ? listed(*names) : wanted) + ": no IPv4 address of this host leads there",
                    "ip address add ADDRESS/24 dev ETH, the interface of the device (rdma link), and set it up");
}

}  // namespace xover
