// netdevice(7), packet(7), and PCI devices by sysfs.
#include "transports/dpdk/device_facts.h"

#include <linux/if_xdp.h>
#include <linux/pci_regs.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/quote.h"
#include "core/units.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/pages.h"

namespace xover {

namespace {

namespace fs = std::filesystem;

constexpr int carrier_looks = 50;
constexpr int between_looks_ms = 20;

const fs::path pci_devices = "/sys/bus/pci/devices";

bool ask_interface(const std::string& name, unsigned long question, ifreq& answer) {
  const FileDescriptor any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  answer = {};
  if (name.size() >= sizeof answer.ifr_name) {
    errno = ENODEV;
    return false;
  }
  name.copy(answer.ifr_name, sizeof answer.ifr_name - 1);
  return ioctl(any.get(), question, &answer) == 0;
}

short flags_of(const std::string& name) {
  ifreq answer;
  return ask_interface(name, SIOCGIFFLAGS, answer) ? answer.ifr_flags : 0;
}

Result<void> check_interface(const std::string& name) {
  if (if_nametoindex(name.c_str()) == 0) {
    return make_error(ErrorCode::no_device, "open interface " + in_quotes(name), "there is none of this name",
                      "use one of: " + interfaces_here());
  }
  if ((flags_of(name) & IFF_UP) == 0) {
    return make_error(ErrorCode::no_device, "open interface " + name, "it is down", "ip link set " + name + " up");
  }
  // The kernel says so a moment after the other end came up.
  for (int look = 0; look < carrier_looks && !interface_runs(name); ++look) (void)poll(nullptr, 0, between_looks_ms);
  if (!interface_runs(name)) {
    return make_error(ErrorCode::no_device, "open interface " + name, "it has no carrier",
                      "plug its cable in, or set the other end up");
  }
  return {};
}

// A socket's frames lie in memory that the kernel locks.
Result<void> check_xdp_memory() {
  constexpr std::size_t trial_bytes = std::size_t{16} << 20;
  auto memory = Pages::allocate(trial_bytes, Pages::Fault::now);
  if (!memory) return tl::make_unexpected(std::move(memory.error()));
  const FileDescriptor fd(socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  xdp_umem_reg frames{};
  frames.addr = reinterpret_cast<std::uint64_t>(memory->data());
  frames.len = trial_bytes;
  frames.chunk_size = 4096;
  if (setsockopt(fd.get(), SOL_XDP, XDP_UMEM_REG, &frames, sizeof frames) == 0) return {};
  const bool locked = errno == ENOBUFS || errno == ENOMEM;
  auto refused = system_error("setsockopt XDP_UMEM_REG", format_size(trial_bytes) + " of locked memory",
                              "raise RLIMIT_MEMLOCK (ulimit -l), or grant CAP_IPC_LOCK");
  if (locked) refused.value().code = ErrorCode::no_memory;
  return refused;
}

Result<void> check_socket(int family, const char* what, const char* capabilities) {
  const FileDescriptor fd(socket(family, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (fd) return {};
  if (errno == EPERM || errno == EACCES) {
    return system_error("socket", what, std::string("run as root, or with ") + capabilities);
  }
  return system_error("socket", what, "boot a kernel that has such sockets");
}

std::string link_target(const fs::path& path) {
  std::error_code none;
  return fs::read_symlink(path, none).filename().string();
}

bool is_network_card(const fs::path& device) {
  std::string type;
  std::ifstream(device / "class") >> type;
  return type.starts_with("0x02");
}

std::string bind_commands(const std::string& address) {
  return "modprobe vfio-pci; echo vfio-pci > /sys/bus/pci/devices/" + address + "/driver_override; echo " + address +
         " > /sys/bus/pci/devices/" + address + "/driver/unbind; echo " + address + " > /sys/bus/pci/drivers_probe";
}

Result<void> check_vfio() {
  const std::string cards = network_cards_here();
  if (access("/dev/vfio/vfio", F_OK) != 0) {
    return make_error(ErrorCode::no_device, "open /dev/vfio/vfio",
                      cards.empty() ? "there is no VFIO here, and no PCI network card" : "there is no VFIO here",
                      "boot with an IOMMU switched on (intel_iommu=on), and modprobe vfio-pci");
  }
  if (access("/dev/vfio/vfio", R_OK | W_OK) != 0) {
    return system_error("open /dev/vfio/vfio", "", "run as root");
  }
  if (cards.find("vfio-pci") == std::string::npos) {
    return make_error(ErrorCode::no_device, "find a card for DPDK",
                      "no network card is bound to vfio-pci: " + (cards.empty() ? "there is none" : cards),
                      bind_commands("ADDRESS"));
  }
  return {};
}

Result<void> check_card(const std::string& address) {
  const fs::path device = pci_devices / address;
  std::error_code none;
  if (!fs::exists(device, none)) {
    const std::string cards = network_cards_here();
    return make_error(ErrorCode::no_device, "open PCI device " + address, "there is none of this address",
                      cards.empty() ? "this machine has no PCI network card" : "use one of: " + cards);
  }
  const std::string driver = link_target(device / "driver");
  if (driver != "vfio-pci") {
    return make_error(ErrorCode::no_device, "open PCI device " + address,
                      driver.empty() ? "no driver is bound to it" : "it is bound to " + driver, bind_commands(address));
  }
  const std::string group = "/dev/vfio/" + link_target(device / "iommu_group");
  if (access(group.c_str(), R_OK | W_OK) != 0) {
    return system_error("open " + group, "the VFIO group of " + address, "run as root");
  }
  return {};
}

}  // namespace

std::string interfaces_here() {
  struct if_nameindex* const all = if_nameindex();
  std::string names;
  for (auto* each = all; each != nullptr && each->if_index != 0; ++each) {
    if (!names.empty()) names += ", ";
    names += each->if_name;
  }
  if (all != nullptr) if_freenameindex(all);
  return names;
}

bool interface_runs(const std::string& name) {
  constexpr short both = IFF_UP | IFF_RUNNING;
  return (flags_of(name) & both) == both;
}

Result<std::size_t> mtu_of_interface(const std::string& name) {
  ifreq answer;
  if (!ask_interface(name, SIOCGIFMTU, answer)) return system_error("ask for the MTU", name);
  return static_cast<std::size_t>(answer.ifr_mtu);
}

std::string network_cards_here() {
  std::string cards;
  std::error_code none;
  for (const auto& device : fs::directory_iterator(pci_devices, none)) {
    if (!is_network_card(device.path())) continue;
    const std::string driver = link_target(device.path() / "driver");
    if (!cards.empty()) cards += ", ";
    cards +=
        device.path().filename().string() + (driver.empty() ? " (bound to nothing)" : " (bound to " + driver + ")");
  }
  return cards;
}

// The list of capabilities in the configuration space. Source: linux/pci_regs.h.
bool has_msi(const std::string& pci_address) {
  std::ifstream file(pci_devices / pci_address / "config", std::ios::binary);
  const std::string space{std::istreambuf_iterator<char>(file), {}};
  const auto byte = [&](std::size_t at) { return at < space.size() ? static_cast<std::uint8_t>(space[at]) : 0U; };
  if ((byte(PCI_STATUS) & PCI_STATUS_CAP_LIST) == 0) return false;
  std::size_t at = byte(PCI_CAPABILITY_LIST);
  for (std::size_t looked_at = 0; at != 0 && looked_at < space.size(); ++looked_at) {
    if (byte(at + PCI_CAP_LIST_ID) == PCI_CAP_ID_MSI) return true;
    at = byte(at + PCI_CAP_LIST_NEXT);
  }
  return false;
}

Result<void> check_device(const std::string& link, const std::string& name) {
  if (link == "pci") {
    auto vfio = name.empty() ? check_vfio() : Result<void>{};
    return name.empty() || !vfio ? vfio : check_card(name);
  }
  if (!name.empty()) {
    if (auto there = check_interface(name); !there) return there;
  }
  if (link != "af_xdp") return check_socket(AF_PACKET, "AF_PACKET", "CAP_NET_RAW");
  auto allowed = check_socket(AF_XDP, "AF_XDP", "CAP_NET_RAW, CAP_NET_ADMIN, CAP_BPF and CAP_IPC_LOCK");
  return allowed ? check_xdp_memory() : allowed;
}

}  // namespace xover
