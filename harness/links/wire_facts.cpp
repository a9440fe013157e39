// /sys/class/net, /proc/cpuinfo; Documentation/ABI/testing/sysfs-class-net.
#include "harness/links/wire_facts.h"

#include <ifaddrs.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>

namespace xover {

namespace {

namespace fs = std::filesystem;

constexpr const char* interfaces_folder = "/sys/class/net";

bool given_by_somebody(const sockaddr& address) {
  if (address.sa_family == AF_INET) return true;
  if (address.sa_family != AF_INET6) return false;
  return !IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

std::string text_of(const sockaddr& address) {
  char text[NI_MAXHOST] = "";
  const socklen_t size = address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  return getnameinfo(&address, size, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0 ? text : "of this host";
}

Result<std::multimap<std::string, std::string>> addresses_by_interface() {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return system_error("getifaddrs");
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(first, &freeifaddrs);
  std::multimap<std::string, std::string> addresses;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr != nullptr && given_by_somebody(*one->ifa_addr))
      addresses.emplace(one->ifa_name, text_of(*one->ifa_addr));
  }
  return addresses;
}

// Where a link of sysfs leads, without its folders.
std::string target_name(const fs::path& link) {
  std::error_code missing;
  return fs::read_symlink(link, missing).filename().string();
}

// A bridge or bond is its master; a VLAN or macvlan stands above as "upper_NAME".
std::string user_of(const fs::path& interface) {
  if (std::string master = target_name(interface / "master"); !master.empty()) return master;
  constexpr std::string_view upper = "upper_";
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(interface, failed)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(upper)) return name.substr(upper.size());
  }
  return "";
}

// Who cannot be read counts as up: an interface is taken only on evidence.
bool is_up(const fs::path& interface) {
  std::ifstream file(interface / "flags");
  unsigned flags = 0;
  return !(file >> std::hex >> flags) || (flags & IFF_UP) != 0;
}

constexpr ino_t initial_user_namespace = 0xEFFFFFFD;  // PROC_USER_INIT_INO, the same in all kernels since Linux 3.8

}  // namespace

Result<std::vector<HostInterface>> host_interfaces() {
  const auto addresses = addresses_by_interface();
  if (!addresses) return tl::make_unexpected(addresses.error());
  std::vector<HostInterface> host;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(interfaces_folder, unreadable)) {
    std::error_code vanished;  // an interface may, between two steps
    HostInterface interface;
    interface.name = entry.path().filename().string();
    if (interface.name == "lo" || !fs::is_directory(entry.path(), vanished)) continue;
    interface.has_device = fs::exists(entry.path() / "device", vanished);
    interface.driver = target_name(entry.path() / "device" / "driver");
    interface.part_of = user_of(entry.path());
    interface.up = is_up(entry.path());
    const auto [begin, end] = addresses->equal_range(interface.name);
    for (auto at = begin; at != end; ++at) interface.addresses.push_back(at->second);
    host.push_back(std::move(interface));
  }
  if (unreadable) return make_error(ErrorCode::unsupported, "read", interfaces_folder, "mount /sys");
  std::sort(host.begin(), host.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return host;
}

bool under_hypervisor() {
  std::ifstream flags("/proc/cpuinfo");
  for (std::string word; flags >> word;) {
    if (word == "hypervisor") return true;
  }
  return false;
}

bool may_move_interfaces() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3]{};
  if (syscall(SYS_capget, &header, held) != 0) return false;
  constexpr std::uint32_t needed = 1u << CAP_NET_ADMIN | 1u << CAP_SYS_ADMIN;
  struct stat own{};
  return (held[0].effective & needed) == needed && stat("/proc/thread-self/ns/user", &own) == 0 &&
         own.st_ino == initial_user_namespace;
}

bool in_initial_network_namespace() {
  // Process 2 is kthreadd, which never leaves it; a container does not see that process.
  struct stat own{};
  struct stat initial{};
  return stat("/proc/thread-self/ns/net", &own) == 0 && stat("/proc/2/ns/net", &initial) == 0 &&
         own.st_ino == initial.st_ino && target_name("/proc/2/exe").empty();
}

}  // namespace xover
