// A port from its configuration to its end. Drivers differ in what they allow; what is asked for beyond that is left
// away, and PortTraits says what was granted.
#include "transports/dpdk/port.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <rte_bus_vdev.h>
#include <rte_errno.h>

#include "transports/dpdk/eal.h"

#if defined(__SANITIZE_THREAD__)
#define XOVER_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XOVER_THREAD_SANITIZER 1
#endif
#endif
#ifdef XOVER_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace xover {

namespace {

constexpr int no_reason = -1;  // as many drivers return it; not EPERM

const char* remedy_of(ErrorCode code) {
  if (code == ErrorCode::no_memory) return "free memory, or open fewer connections";
  if (code == ErrorCode::not_permitted) return "run as root";
  if (code == ErrorCode::no_device) return "see that the device is there and set up";
  return "";
}

// `refused`: what DPDK returned, less than 0.
tl::unexpected<Error> port_error(const char* operation, int refused, const std::string& device) {
  std::string context = device + ": " + (refused == no_reason ? "the driver gave no reason" : rte_strerror(-refused));
  if (const std::string said = take_eal_messages(); !said.empty()) context += ": " + said;
  const ErrorCode code = refused == no_reason ? ErrorCode::internal : code_of_errno(-refused);
  return make_error(code, operation, std::move(context), remedy_of(code));
}

// A virtual device's, or a PCI address.
std::string name_of(std::uint16_t port) {
  std::array<char, RTE_ETH_NAME_MAX_LEN> name{};
  if (rte_eth_dev_get_name_by_port(port, name.data()) != 0) return "port " + std::to_string(port);
  return name.data();
}

#ifdef XOVER_THREAD_SANITIZER
void released_to(const void* order) { __tsan_release(const_cast<void*>(order)); }
void acquired_from(const void* order) { __tsan_acquire(const_cast<void*>(order)); }
#else
void released_to(const void*) {}
void acquired_from(const void*) {}
#endif

rte_eth_conf configuration_of(const PortShape& shape, const rte_eth_dev_info& device) {
  rte_eth_conf configuration{};
  constexpr std::uint64_t checksums = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
  if (shape.checksums && (device.tx_offload_capa & checksums) == checksums) {
    configuration.txmode.offloads |= checksums;
  }
  configuration.txmode.offloads |= device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  if (shape.mtu_bytes != 0) configuration.rxmode.mtu = static_cast<std::uint32_t>(shape.mtu_bytes);
  configuration.intr_conf.rxq = shape.receive_events ? 1 : 0;
  return configuration;
}

// A driver that has no limit of its own says 0.
std::size_t segments_allowed_by(const rte_eth_dev_info& device, std::size_t most) {
  if ((device.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) == 0) return 1;
  std::size_t segments = most;
  for (const std::uint16_t limit : {device.tx_desc_lim.nb_seg_max, device.tx_desc_lim.nb_mtu_seg_max}) {
    if (limit != 0) segments = std::min<std::size_t>(segments, limit);
  }
  return segments;
}

}  // namespace

std::unique_lock<std::mutex> Port::lock_control_plane() {
  static std::mutex mutex;
  return std::unique_lock(mutex);
}

std::uint16_t Port::send(rte_mbuf** frames, std::uint16_t count) noexcept {
  if (sending_order_ != nullptr) released_to(sending_order_);
  return rte_eth_tx_burst(static_cast<std::uint16_t>(id_), 0, frames, count);
}

std::uint16_t Port::receive(rte_mbuf** frames, std::uint16_t count) noexcept {
  const std::uint16_t got = rte_eth_rx_burst(static_cast<std::uint16_t>(id_), 0, frames, count);
  if (receiving_order_ != nullptr && got != 0) acquired_from(receiving_order_);
  return got;
}

// No more fillers than the queue has places: then all that was there before has gone.
void Port::reclaim() noexcept {
  if (filler_ == nullptr) {
    rte_eth_tx_done_cleanup(static_cast<std::uint16_t>(id_), 0, 0);
    return;
  }
  std::array<rte_mbuf*, 32> burst;
  burst.fill(filler_);
  for (std::uint16_t left = send_descriptors_; left != 0;) {
    const auto count = std::min<std::uint16_t>(left, burst.size());
    rte_mbuf_refcnt_update(filler_, static_cast<std::int16_t>(count));
    const std::uint16_t taken = send(burst.data(), count);
    rte_mbuf_refcnt_update(filler_, static_cast<std::int16_t>(taken - count));
    if (taken != count) return;
    left = static_cast<std::uint16_t>(left - count);
  }
}

std::size_t Port::missing_mbufs() const noexcept {
  if (!receive_pool_) return 0;
  const std::size_t out = receive_pool_->in_use();
  return out > held_at_start_ ? out - held_at_start_ : 0;
}

bool Port::arm_receive_event() noexcept {
  return receive_event_fd_ >= 0 && rte_eth_dev_rx_intr_enable(static_cast<std::uint16_t>(id_), 0) == 0;
}

void Port::disarm_receive_event() noexcept {
  if (receive_event_fd_ < 0) return;
  rte_eth_dev_rx_intr_disable(static_cast<std::uint16_t>(id_), 0);
  std::uint64_t events = 0;
  (void)!read(receive_event_fd_, &events, sizeof events);
}

Result<std::uint16_t> Port::make_device(const std::string& name, const std::string& arguments) {
  const auto lock = lock_control_plane();
  take_eal_messages();  // of others
  if (const int refused = rte_vdev_init(name.c_str(), arguments.c_str()); refused != 0) {
    return port_error("rte_vdev_init", refused, name + "," + arguments);
  }
  std::uint16_t id = 0;
  if (const int refused = rte_eth_dev_get_port_by_name(name.c_str(), &id); refused != 0) {
    rte_vdev_uninit(name.c_str());
    return port_error("rte_eth_dev_get_port_by_name", refused, name);
  }
  return id;
}

void Port::remove_device(const std::string& name) noexcept {
  const auto lock = lock_control_plane();
  rte_vdev_uninit(name.c_str());
}

Result<std::size_t> Port::most_segments_of(std::uint16_t id) {
  rte_eth_dev_info device{};
  if (const int refused = rte_eth_dev_info_get(id, &device); refused != 0) {
    return port_error("rte_eth_dev_info_get", refused, name_of(id));
  }
  return segments_allowed_by(device, SIZE_MAX);
}

Result<void> Port::start(const PortShape& shape, const MbufPool& pool) {
  const auto lock = lock_control_plane();
  const auto id = static_cast<std::uint16_t>(id_);
  rte_eth_dev_info device{};
  if (const int refused = rte_eth_dev_info_get(id, &device); refused != 0) {
    return port_error("rte_eth_dev_info_get", refused, name_of(id));
  }
  rte_eth_conf configuration = configuration_of(shape, device);
  int refused = rte_eth_dev_configure(id, 1, 1, &configuration);
  if (refused != 0 && configuration.intr_conf.rxq != 0) {  // not every driver has receive interrupts
    configuration.intr_conf.rxq = 0;
    refused = rte_eth_dev_configure(id, 1, 1, &configuration);
  }
  if (refused != 0) return port_error("rte_eth_dev_configure", refused, name_of(id));
  if (auto queues = set_up_queues(shape, pool, configuration.txmode.offloads); !queues) return queues;
  if (refused = rte_eth_dev_start(id); refused != 0) return port_error("rte_eth_dev_start", refused, name_of(id));
  started_ = true;

  traits_.driver = device.driver_name;
  traits_.most_segments = segments_allowed_by(device, shape.most_segments);
  traits_.checksums = (configuration.txmode.offloads & RTE_ETH_TX_OFFLOAD_UDP_CKSUM) != 0;
  rte_ether_addr mac{};
  if (rte_eth_macaddr_get(id, &mac) == 0) std::copy_n(mac.addr_bytes, traits_.mac.size(), traits_.mac.begin());
  if (configuration.intr_conf.rxq != 0) receive_event_fd_ = rte_eth_dev_rx_intr_ctl_q_get_fd(id, 0);
  traits_.receive_events = receive_event_fd_ >= 0;
  if (receive_pool_) held_at_start_ = receive_pool_->in_use();
  return {};
}

// Of the type for local experiments (IEEE 802), and as short as a frame can be.
Result<void> Port::make_filler() {
  constexpr std::uint16_t filler_bytes = 60;
  constexpr std::uint16_t type_at = 12;
  filler_ = rte_pktmbuf_alloc(receive_pool_->get());
  if (filler_ == nullptr) {
    return make_error(ErrorCode::no_memory, "open port " + traits_.driver, "no mbuf is left for a filler");
  }
  ++held_at_start_;
  filler_->data_len = filler_bytes;
  filler_->pkt_len = filler_bytes;
  char* const bytes = rte_pktmbuf_mtod(filler_, char*);
  std::memset(bytes, 0, filler_bytes);
  std::memcpy(bytes, traits_.mac.data(), traits_.mac.size());
  std::memcpy(bytes + traits_.mac.size(), traits_.mac.data(), traits_.mac.size());
  bytes[type_at] = '\x88';
  bytes[type_at + 1] = '\xb5';
  return {};
}

// The drivers' own thresholds, but offloads as configured.
Result<void> Port::set_up_queues(const PortShape& shape, const MbufPool& pool, std::uint64_t send_offloads) {
  const auto id = static_cast<std::uint16_t>(id_);
  std::uint16_t receive = shape.receive_descriptors != 0 ? shape.receive_descriptors : 512;
  std::uint16_t send = shape.send_descriptors != 0 ? shape.send_descriptors : 512;
  if (const int refused = rte_eth_dev_adjust_nb_rx_tx_desc(id, &receive, &send); refused != 0) {
    return port_error("rte_eth_dev_adjust_nb_rx_tx_desc", refused, name_of(id));
  }
  if (const int refused = rte_eth_rx_queue_setup(id, 0, receive, SOCKET_ID_ANY, nullptr, pool.get()); refused != 0) {
    return port_error("rte_eth_rx_queue_setup", refused, name_of(id));
  }
  rte_eth_dev_info device{};
  rte_eth_dev_info_get(id, &device);
  rte_eth_txconf configuration = device.default_txconf;
  configuration.offloads = send_offloads;
  if (const int refused = rte_eth_tx_queue_setup(id, 0, send, SOCKET_ID_ANY, &configuration); refused != 0) {
    return port_error("rte_eth_tx_queue_setup", refused, name_of(id));
  }
  send_descriptors_ = send;
  return {};
}

// Frees what is in the queues.
void Port::stop() noexcept {
  if (started_) rte_eth_dev_stop(static_cast<std::uint16_t>(id_));
  started_ = false;
}

void Port::close() noexcept {
  if (id_ < 0) return;
  const auto lock = lock_control_plane();
  stop();
  rte_pktmbuf_free(filler_);
  filler_ = nullptr;
  if (!device_.empty()) rte_vdev_uninit(device_.c_str());
  id_ = -1;
}

}  // namespace xover
