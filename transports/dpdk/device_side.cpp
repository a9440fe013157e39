// One port for the session, made when it opens. The two ends meet beside it.
#include "transports/dpdk/device_side.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "transports/dpdk/device_facts.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/eal_log.h"
#include "transports/dpdk/xdp_sockets.h"

namespace xover {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t vlan_and_checksum_bytes = 4 + 4;
constexpr std::size_t least_data_bytes = 2048;  // drivers expect room for 1500 at least
constexpr std::size_t most_data_bytes = UINT16_MAX - RTE_PKTMBUF_HEADROOM;
constexpr MonotonicNs look_again_ns = 20'000'000;

// Names of devices that a session of this process has.
struct DevicesInUse {
  std::mutex mutex;
  std::set<std::string> names;
};

DevicesInUse& in_use() {
  static DevicesInUse devices;
  return devices;
}

// A device's name while one session has it.
class Claim {
 public:
  static Result<Claim> on(const std::string& name) {
    const std::scoped_lock lock(in_use().mutex);
    if (in_use().names.insert(name).second) return Claim(name);
    return make_error(ErrorCode::refused, "open " + name, "another session of this process has this device",
                      "use one session with more channels");
  }
  Claim(Claim&& other) noexcept { name_.swap(other.name_); }
  Claim& operator=(Claim&&) = delete;
  ~Claim() {
    if (name_.empty()) return;  // moved from, maybe under the lock
    const std::scoped_lock lock(in_use().mutex);
    in_use().names.erase(name_);
  }

 private:
  explicit Claim(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

// What a device of this link needs.
struct DeviceShape {
  std::string link, name;
  std::size_t mtu_bytes = 0;
  std::size_t frames = 0;        // that the peers may have been granted at once
  std::size_t data_bytes = 0;    // of a received mbuf
  std::size_t mbufs_inside = 0;  // in the device's queues at most

  std::size_t frame_bytes() const { return mtu_bytes + ethernet_header_bytes + vlan_and_checksum_bytes; }
};

class DevicePort final : public Port {
 public:
  DevicePort(DeviceShape shape, Claim claim) : shape_(std::move(shape)), claim_(std::move(claim)) {}
  ~DevicePort() override {
    std::optional<StandardErrorCatch> quiet;
    if (shape_.link == "af_xdp") quiet.emplace();
    close();
    free_forgotten(xdp_sockets_);
  }

  Result<void> open();
  bool link_up() const noexcept override;

 private:
  Result<void> open_packet();
  Result<void> open_xdp();
  Result<void> open_card();
  Result<void> make_pool(int dma_port);
  Result<void> open_virtual(const std::string& driver, const std::string& arguments);

  DeviceShape shape_;
  const Claim claim_;
  std::vector<XdpSocket> xdp_sockets_;  // the driver's
};

tl::unexpected<Error> mtu_too_large(const DeviceShape& shape, std::size_t most_bytes) {
  return make_error(
      ErrorCode::bad_input, "open " + shape.link + " on " + shape.name,
      "mtu " + std::to_string(shape.mtu_bytes) + " is more than DPDK's driver takes there, " +
          std::to_string(most_bytes),
      shape.link == "pci" ? "use a smaller mtu" : "ip link set " + shape.name + " mtu " + std::to_string(most_bytes));
}

// The driver joins its sockets in a group, packet(7), that it numbers by the process' id and the interface's index, one
// XOR the other, and the kernel has no two groups of one number on two interfaces of a namespace. No argument of the
// driver changes that. Processes that are started together have neighbouring numbers, as have both ends of a pair.
tl::unexpected<Error> number_taken(const std::string& name) {
  return make_error(
      ErrorCode::refused, "open af_packet on " + name,
      "another process has a group of sockets (PACKET_FANOUT) whose number DPDK's driver wants, on another "
      "interface",
      "try again; a pair of interfaces is safe with indexes far apart: ip link add name A index 10 type "
      "veth peer name B index 20010");
}

Result<void> DevicePort::make_pool(int dma_port) {
  auto pool = MbufPool::make(
      {.mbufs = shape_.frames + shape_.mbufs_inside + cached_mbufs, .data_bytes = shape_.data_bytes}, dma_port);
  if (!pool) return tl::make_unexpected(std::move(pool.error()));
  receive_pool_ = std::move(*pool);
  return {};
}

Result<void> DevicePort::open_virtual(const std::string& driver, const std::string& arguments) {
  static std::atomic<unsigned> number{0};
  const std::string name = driver + "_xover_" + std::to_string(++number);
  auto id = make_device(name, "iface=" + shape_.name + "," + arguments);
  if (!id) return tl::make_unexpected(std::move(id.error()));
  id_ = *id;
  device_ = name;
  return start({.mtu_bytes = 0}, *receive_pool_);
}

// The kernel's ring has frames of one size in blocks of whole pages; the driver wants no gap between frames.
Result<void> DevicePort::open_packet() {
  constexpr std::size_t ring_header_bytes = 112;  // TPACKET2_HDRLEN, a sockaddr_ll, and what aligns the IP header
  constexpr std::size_t ring_bytes = std::size_t{32} << 20;
  constexpr std::size_t most_ring_frame_bytes = most_data_bytes / page_bytes * page_bytes;
  const std::size_t needed_bytes = shape_.frame_bytes() + ring_header_bytes;
  if (needed_bytes > most_ring_frame_bytes) {
    return mtu_too_large(shape_, shape_.mtu_bytes - (needed_bytes - most_ring_frame_bytes));
  }
  const std::size_t frame_bytes = needed_bytes <= page_bytes
                                      ? std::bit_ceil(std::max(needed_bytes, least_data_bytes))
                                      : (needed_bytes + page_bytes - 1) / page_bytes * page_bytes;
  const std::size_t block_bytes = std::max(frame_bytes, page_bytes);
  const std::size_t wanted = std::max<std::size_t>(1024, 2 * shape_.frames);
  const std::size_t blocks = std::max<std::size_t>(1, std::min(wanted * frame_bytes, ring_bytes) / block_bytes);
  shape_.data_bytes = frame_bytes;
  if (auto made = make_pool(-1); !made) return made;
  auto opened = open_virtual("net_af_packet", "blocksz=" + std::to_string(block_bytes) +
                                                  ",framesz=" + std::to_string(frame_bytes) +
                                                  ",framecnt=" + std::to_string(blocks * (block_bytes / frame_bytes)));
  if (!opened && opened.error().context.find("PACKET_FANOUT") != std::string::npos) return number_taken(shape_.name);
  return opened;
}

// The driver's memory that frames lie in is the pool, in chunks of at most a page. An interface stays busy for a moment
// after its last AF_XDP socket has gone.
Result<void> DevicePort::open_xdp() {
  constexpr int tries = 10;
  constexpr int between_tries_ms = 100;
  constexpr std::size_t around_data_bytes = 64 + sizeof(rte_mbuf) + RTE_PKTMBUF_HEADROOM + 256;
  constexpr std::size_t most_frame_bytes = page_bytes - around_data_bytes;
  if (shape_.frame_bytes() > most_frame_bytes) {
    return mtu_too_large(shape_, shape_.mtu_bytes - (shape_.frame_bytes() - most_frame_bytes));
  }
  shape_.data_bytes = std::max(least_data_bytes, shape_.frame_bytes());
  shape_.mbufs_inside = 5 * 2048;  // its queues: to receive, two; received; to send; sent
  if (auto made = make_pool(-1); !made) return made;
  static std::mutex one_at_a_time;  // for what is new among the sockets is this port's
  const std::scoped_lock lock(one_at_a_time);
  const auto before = xdp_sockets_here();
  std::optional<StandardErrorCatch> libxdp(std::in_place);  // it prints what it tries
  Result<void> opened;
  for (int attempt = 0; attempt < tries; ++attempt) {
    opened = open_virtual("net_af_xdp", "start_queue=0,queue_count=1,busy_budget=0");
    if (opened) {
      xdp_sockets_ = xdp_sockets_here();
      std::erase_if(xdp_sockets_,
                    [&](const XdpSocket& each) { return std::ranges::find(before, each) != before.end(); });
      return opened;
    }
    close();
    (void)poll(nullptr, 0, between_tries_ms);
  }
  libxdp.reset();
  opened.error().context += "; " + take_eal_messages();
  opened.error().remedy =
      "run as root; see that no other program has an AF_XDP socket or XDP program on " + shape_.name;
  return opened;
}

// The card's memory is the pool, mapped for its DMA. It stays with DPDK when the port is closed, stopped.
Result<void> DevicePort::open_card() {
  // Some drivers free what was sent when they come by again, so that few places are better there.
  constexpr std::uint16_t send_descriptors = 512;
  constexpr std::uint16_t late_send_descriptors = 64;
  // Room for several windows: an emulated card changes the order of frames while its queue is full.
  constexpr std::uint16_t receive_descriptors = 2048;
  std::uint16_t id = 0;
  rte_eth_dev_info device{};
  if (rte_eth_dev_get_port_by_name(shape_.name.c_str(), &id) != 0 || rte_eth_dev_info_get(id, &device) != 0) {
    return make_error(
        ErrorCode::no_device, "open PCI device " + shape_.name,
        "another process has it, DPDK has no driver for it, or the driver could not start it: " + eal_start_messages(),
        "end other programs that use it, and see that every device of its IOMMU group is bound to "
        "vfio-pci");
  }
  std::uint16_t mtu = 0;
  if (shape_.mtu_bytes == 0 && rte_eth_dev_get_mtu(id, &mtu) == 0) shape_.mtu_bytes = mtu;
  if (shape_.mtu_bytes > device.max_mtu) return mtu_too_large(shape_, device.max_mtu);
  // Cards know buffers of powers of two.
  shape_.data_bytes = std::min(std::bit_ceil(std::max(least_data_bytes, shape_.frame_bytes())), most_data_bytes);
  shape_.mbufs_inside = receive_descriptors + send_descriptors;
  if (auto made = make_pool(id); !made) return made;
  id_ = id;
  PortShape wanted{.receive_descriptors = receive_descriptors,
                   .send_descriptors = send_descriptors,
                   .mtu_bytes = shape_.mtu_bytes,
                   .receive_events = true,
                   .checksums = true};
  if (auto started = start(wanted, *receive_pool_); !started) return started;
  traits_.needs_dma_mapping = true;
  traits_.splits_at_pages = traits_.driver.starts_with("net_e1000");  // QEMU's lose frames with such runs, unsaid
  traits_.sent = traits_.received = Handover::zero_copied;
  traits_.frees_late = rte_eth_tx_done_cleanup(id, 0, 0) == -ENOTSUP;
  if (!traits_.frees_late) return {};
  {
    const auto lock = lock_control_plane();
    stop();
  }
  wanted.send_descriptors = late_send_descriptors;
  return start(wanted, *receive_pool_).and_then([&] { return make_filler(); });
}

Result<void> DevicePort::open() {
  if (shape_.link != "pci") {
    auto mtu_bytes = mtu_of_interface(shape_.name);
    if (!mtu_bytes) return tl::make_unexpected(std::move(mtu_bytes.error()));
    shape_.mtu_bytes = *mtu_bytes;
  }
  auto opened = shape_.link == "pci" ? open_card() : shape_.link == "af_xdp" ? open_xdp() : open_packet();
  traits_.mtu_bytes = shape_.mtu_bytes;
  return opened;
}

bool DevicePort::link_up() const noexcept {
  if (shape_.link != "pci") return interface_runs(shape_.name);
  rte_eth_link link{};
  return rte_eth_link_get_nowait(static_cast<std::uint16_t>(id_), &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

// A device that is made, asked and removed.
struct DriverTrial : Port {
  static Result<std::size_t> most_segments(const std::string& driver) {
    const std::string name = driver + "_xover_trial";
    auto id = make_device(name, "iface=lo");
    if (!id) return tl::make_unexpected(std::move(id.error()));
    auto segments = most_segments_of(*id);
    remove_device(name);
    return segments;
  }
};

class DeviceSide final : public LinkSide {
 public:
  DeviceSide(const Link& link, const LinkSideShape& shape, std::shared_ptr<DevicePort> port)
      : LinkSide(link, shape), port_(std::move(port)) {
    traits_ = port_->traits();
  }
  int dma_port() const noexcept override { return traits_.needs_dma_mapping ? port_->id() : -1; }

 private:
  Result<std::shared_ptr<Port>> make_acceptor_port(MeetingRecord&) override { return std::shared_ptr<Port>(port_); }
  Result<std::shared_ptr<Port>> make_connector_port(const MeetingRecord&) override {
    return std::shared_ptr<Port>(port_);
  }

  // A card needs seconds to find its peer after it was started.
  Result<void> await_carrier(Port& port, const FileDescriptor& line, MonotonicNs deadline) override {
    while (!port.link_up()) {
      if (monotonic_now_ns() >= deadline) {
        return make_error(ErrorCode::no_device, "connect over " + link_.text(), "this end's device has no carrier",
                          "plug its cable in, or set the interface up");
      }
      if (auto waits = pause_beside(line.get(), look_again_ns, "connect over " + link_.text()); !waits) return waits;
    }
    return {};
  }

  const std::shared_ptr<DevicePort> port_;
};

}  // namespace

Result<void> check_own_device(const Link& link, LinkRole role) {
  auto names = parse_device_names(link, true);
  if (!names) return tl::make_unexpected(std::move(names.error()));
  return check_device(link.name, names->at(role));
}

Result<std::size_t> most_segments_on(const std::string& link) { return DriverTrial::most_segments("net_" + link); }

Result<std::unique_ptr<LinkSide>> open_device_side(const Link& link, LinkRole role, const LinkSideShape& shape,
                                                   std::size_t mtu_bytes) {
  auto names = parse_device_names(link, true);
  if (!names) return tl::make_unexpected(std::move(names.error()));
  const std::string& name = names->at(role);
  auto claim = Claim::on(name);
  if (!claim) return tl::make_unexpected(std::move(claim.error()));
  const DeviceShape device{
      .link = link.name, .name = name, .mtu_bytes = mtu_bytes, .frames = shape.max_connections * shape.window_frames};
  auto port = std::make_shared<DevicePort>(device, std::move(*claim));
  if (auto opened = port->open(); !opened) return tl::make_unexpected(std::move(opened.error()));
  return std::make_unique<DeviceSide>(link, shape, std::move(port));
}

}  // namespace xover
