// A port of DPDK with one receive and one send queue, configured and started; stopped and taken away with its owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <rte_ethdev.h>

#include "core/transport.h"
#include "transports/dpdk/mbuf_pool.h"

namespace xover {

// As the driver granted it.
struct PortTraits {
  std::string driver;  // "net_ring", "net_memif", "net_e1000_em", ...
  std::array<std::uint8_t, 6> mac{};
  std::size_t mtu_bytes = 0;
  std::size_t most_segments = 1;   // mbufs in one frame that is sent; 1: the driver does not gather
  bool checksums = false;          // it fills in IP and UDP checksums
  bool needs_dma_mapping = false;  // its device reads lent memory itself
  bool lossless = false;           // what the port took arrives
  bool frees_late = false;         // gives sent frames back only when later frames need their places in its queue
  bool splits_at_pages = false;    // wants no run of memory that goes over the end of a page
  bool receive_events = false;     // receive_event_fd() is there
  Handover sent = Handover::driver, received = Handover::driver;  // who copies behind the burst, at either end
};

// How a port is configured. Counts of 0: as the driver likes it.
struct PortShape {
  std::uint16_t receive_descriptors = 0, send_descriptors = 0;
  std::size_t mtu_bytes = 0;       // 0: as the device has it
  std::size_t most_segments = 64;  // the port takes no frames of more
  bool receive_events = false;
  bool checksums = false;
};

class Port {
 public:
  virtual ~Port() = default;
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  const PortTraits& traits() const noexcept { return traits_; }
  int id() const noexcept { return id_; }

  // Data plane. How many were taken, from the front; the port frees those once it is done with them.
  std::uint16_t send(rte_mbuf** frames, std::uint16_t count) noexcept;
  std::uint16_t receive(rte_mbuf** frames, std::uint16_t count) noexcept;

  // Frees what the device has sent: by asking the driver, or, where it frees late, by fillers that take the places of
  // what was sent before them. Frames that the device has yet to send stay, so that a few calls may be needed. Data
  // plane.
  void reclaim() noexcept;

  // How many mbufs of the pool for received frames are neither in it nor where they were right after the start, in the
  // port's own queues: leased, or lost. 0 on `ring`, where received frames are the sender's. Control plane.
  std::size_t missing_mbufs() const noexcept;

  // A system call, so only when nothing has moved for a while. False: no carrier, or the interface is down or gone.
  virtual bool link_up() const noexcept = 0;

  // Receive interrupts: a descriptor that becomes readable when frames arrive while armed; -1: this port has none.
  int receive_event_fd() const noexcept { return receive_event_fd_; }
  bool arm_receive_event() noexcept;     // false: could not; poll instead
  void disarm_receive_event() noexcept;  // and clears it

  // A link within one process holds frames that one end sent and the other never took. This end will receive nothing
  // from now on, although its port stays: the other end may take such frames back.
  virtual void stop_receiving() noexcept {}
  // Frees what this end sent and the peer never took, once the peer has stopped receiving or its port is gone; does
  // nothing before. Cheap enough to be called again and again.
  virtual void drain_for_dead_peer() noexcept {}

  // Memory that frames on the link may point into after its owner is gone: kept until both ends' ports are.
  virtual void keep(std::shared_ptr<const void> memory) { kept_.push_back(std::move(memory)); }

 protected:
  Port() = default;

  // DPDK's lists of devices and ports are not for two threads at once: one lock for the process.
  static std::unique_lock<std::mutex> lock_control_plane();

  // Control plane of DPDK. A virtual device, by its driver's arguments; returns the number of its port.
  static Result<std::uint16_t> make_device(const std::string& name, const std::string& arguments);
  static void remove_device(const std::string& name) noexcept;
  static Result<std::size_t> most_segments_of(std::uint16_t id);

  // Configures and starts port id_, and completes traits_ with what the driver says. Numbers of descriptors are
  // adjusted to what it allows. `pool` is what it fills received frames from: receive_pool_, but for drivers that never
  // use one.
  Result<void> start(const PortShape& shape, const MbufPool& pool);
  Result<void> set_up_queues(const PortShape& shape, const MbufPool& pool, std::uint64_t send_offloads);
  // For a started port that frees late: makes the filler, a frame to the port's own address, which no peer's card takes
  // in. One mbuf of receive_pool_.
  Result<void> make_filler();
  void stop() noexcept;
  // Stops it, and takes the device away where make_device() made it (`device_`). The derived destructor's first deed,
  // before what the queues point to goes.
  void close() noexcept;

  int id_ = -1;
  std::string device_;
  bool started_ = false;
  std::size_t held_at_start_ = 0;  // mbufs of receive_pool_
  std::uint16_t send_descriptors_ = 0;
  rte_mbuf* filler_ = nullptr;  // any number of times in the send queue, and once here
  // Addresses that both ends of a link within one process share, one for each direction: the order that DPDK's rings
  // give, told to ThreadSanitizer, which cannot see into them.
  const void* sending_order_ = nullptr;
  const void* receiving_order_ = nullptr;
  int receive_event_fd_ = -1;
  PortTraits traits_;
  std::shared_ptr<MbufPool> receive_pool_;
  std::vector<std::shared_ptr<const void>> kept_;
};

}  // namespace xover
