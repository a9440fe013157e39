// Opening, asking, registering.
#include "transports/rdma/verbs/verbs_device.h"

#include <arpa/inet.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>

#include "core/units.h"
#include "transports/rdma/verbs/verbs_words.h"

namespace xover {

namespace {

constexpr std::size_t most_pieces = 16;  // each makes every request's slot in the device's queue longer
constexpr std::size_t most_message_bytes = std::size_t{1} << 30;

struct KernelCounter {
  const char* file;  // in ports/N/hw_counters; the names are rxe's, other drivers have some of them
  std::string_view name;
};
constexpr std::array kernel_counters{
    KernelCounter{"completer_retry_err", "device_retries"},
    KernelCounter{"retry_exceeded_err", "device_retries_exhausted"},
    KernelCounter{"send_rnr_err", "device_rnr_sent"},
    KernelCounter{"rcvd_rnr_err", "device_rnr_received"},
};

}  // namespace

int set_nonblocking(int fd) noexcept {
  const int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

Result<VerbsDevice> VerbsDevice::open(const OpenParameters& parameters) {
  VerbsDevice device;
  if (auto done = device.bind(parameters); !done) return tl::make_unexpected(done.error());
  if (auto done = device.ask(); !done) return tl::make_unexpected(done.error());
  device.domain_.reset(ibv_alloc_pd(device.context()));
  if (!device.domain_) return system_error("ibv_alloc_pd", device.found_.name);
  if (set_nonblocking(device.context()->async_fd) != 0) return system_error("fcntl", device.found_.name);
  for (const KernelCounter& each : kernel_counters) {
    device.counters_before_.push_back(device.kernel_counter(each.file));
  }
  return device;
}

Result<void> VerbsDevice::bind(const OpenParameters& parameters) {
  auto found = find_rdma_device(parameters);
  if (!found) return tl::make_unexpected(found.error());
  found_ = *found;
  events_.reset(rdma_create_event_channel());
  if (!events_) return system_error("rdma_create_event_channel");
  if (set_nonblocking(events_->fd) != 0) return system_error("fcntl", "event channel");
  rdma_cm_id* made = nullptr;
  if (rdma_create_id(events_.get(), &made, nullptr, RDMA_PS_TCP) != 0) return system_error("rdma_create_id");
  id_.reset(made);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, found_.ipv4.c_str(), &own.sin_addr);
  if (rdma_bind_addr(made, reinterpret_cast<sockaddr*>(&own)) != 0) return system_error("rdma_bind_addr", found_.ipv4);
  return {};
}

Result<void> VerbsDevice::ask() {
  if (const int error = ibv_query_device(context(), &attributes_); error != 0) {
    errno = error;
    return system_error("ibv_query_device", found_.name);
  }
  if (const int error = ibv_query_port(context(), id_->port_num, &port_); error != 0) {
    errno = error;
    return system_error("ibv_query_port", found_.name);
  }
  if (port_.state == IBV_PORT_ACTIVE) return {};
  return make_error(ErrorCode::no_device, "open " + found_.name, "its port is " + std::string(to_string(port_.state)),
                    "connect its cable, or set its interface up: ip link set ETH up");
}

std::size_t VerbsDevice::max_pieces() const noexcept {
  const auto both = static_cast<std::size_t>(std::max(1, std::min(attributes_.max_sge, attributes_.max_sge_rd)));
  return std::min(both, most_pieces);
}

std::size_t VerbsDevice::max_message_bytes() const noexcept {
  return std::min<std::size_t>(port_.max_msg_sz, most_message_bytes);
}

std::uint8_t VerbsDevice::max_reads() const noexcept {
  const int both = std::min(attributes_.max_qp_rd_atom, attributes_.max_qp_init_rd_atom);
  return static_cast<std::uint8_t>(std::clamp(both, 1, 255));
}

tl::expected<VerbsHandle<ibv_mr>, int> VerbsDevice::register_memory(std::span<std::byte> pages,
                                                                    RemoteAccess access) const noexcept {
  const auto wanted = static_cast<unsigned>(access);
  int flags = IBV_ACCESS_LOCAL_WRITE;
  if ((wanted & static_cast<unsigned>(RemoteAccess::read)) != 0) flags |= IBV_ACCESS_REMOTE_READ;
  if ((wanted & static_cast<unsigned>(RemoteAccess::write)) != 0) flags |= IBV_ACCESS_REMOTE_WRITE;
  VerbsHandle<ibv_mr> region(ibv_reg_mr(domain_.get(), pages.data(), pages.size(), flags));
  if (!region) return tl::make_unexpected(errno);
  return region;
}

std::uint64_t VerbsDevice::take_async_events() noexcept {
  std::uint64_t taken = 0;
  for (ibv_async_event event; ibv_get_async_event(context(), &event) == 0; ++taken) ibv_ack_async_event(&event);
  return taken;
}

std::uint64_t VerbsDevice::kernel_counter(const char* name) const {
  std::ifstream file("/sys/class/infiniband/" + found_.name + "/ports/" + std::to_string(id_->port_num) +
                     "/hw_counters/" + name);
  std::uint64_t value = 0;
  return file >> value ? value : 0;
}

std::vector<Counter> VerbsDevice::counters() const {
  std::vector<Counter> counters;
  for (std::size_t i = 0; i < kernel_counters.size(); ++i) {
    counters.push_back({kernel_counters[i].name, kernel_counter(kernel_counters[i].file) - counters_before_[i]});
  }
  return counters;
}

std::vector<Fact> VerbsDevice::facts() const {
  const std::size_t mtu_bytes = std::size_t{128} << static_cast<unsigned>(port_.active_mtu);  // IBV_MTU_256 is 1
  char node[20];
  const std::uint64_t guid = be64toh(attributes_.node_guid);
  std::snprintf(node, sizeof node, "%016llx", static_cast<unsigned long long>(guid));
  return {
      {"device", found_.name},
      {"device_node", node},
      {"device_address", found_.ipv4},
      {"port_state", std::string(to_string(port_.state))},
      {"mtu_bytes", std::to_string(mtu_bytes)},
      {"link_layer", std::string(link_layer_text(port_.link_layer))},
      {"max_reads", std::to_string(max_reads())},
      {"moved_by", found_.soft ? "the driver of a soft device, in softirq" : "the card"},
      {"registration", found_.soft ? "ibv_reg_mr: pins pages; a soft device has no table of them" : "ibv_reg_mr"},
  };
}

}  // namespace xover
