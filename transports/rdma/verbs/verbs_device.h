// An RDMA device, opened: the address that the connection manager binds to it, its protection domain, what it can do,
// and what it says of itself. Control plane, but register_memory() and deregister().
//
// librdmacm opens each device once for the whole process; the context is its, and lives as long as an id does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transports/common/rdma_device.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/verbs/verbs_handles.h"

namespace xover {

class VerbsDevice {
 public:
  // `no_device` with a remedy where there is none, or its port is not active.
  static Result<VerbsDevice> open(const OpenParameters& parameters);

  ibv_context* context() const noexcept { return id_->verbs; }
  ibv_pd* domain() const noexcept { return domain_.get(); }
  const RdmaDevice& found() const noexcept { return found_; }
  const ibv_device_attr& attributes() const noexcept { return attributes_; }
  const ibv_port_attr& port() const noexcept { return port_; }

  // Bound to the device's address, at a port that the kernel chose; becomes the listener.
  rdma_cm_id* id() const noexcept { return id_.get(); }
  rdma_event_channel* events() const noexcept { return events_.get(); }

  std::size_t max_pieces() const noexcept;
  std::size_t max_message_bytes() const noexcept;
  std::uint8_t max_reads() const noexcept;  // outstanding on one queue pair, and answered by one

  tl::expected<VerbsHandle<ibv_mr>, int> register_memory(std::span<std::byte> pages,  // an errno
                                                         RemoteAccess access) const noexcept;

  // What has happened to the device as a whole since the last call (ibv_get_async_event(3)); does not block.
  std::uint64_t take_async_events() noexcept;

  // Of all that runs on the device, since it was opened here; empty where the driver counts nothing.
  std::vector<Counter> counters() const;
  std::vector<Fact> facts() const;

 private:
  VerbsDevice() = default;
  Result<void> bind(const OpenParameters& parameters);
  Result<void> ask();
  std::uint64_t kernel_counter(const char* name) const;  // 0: it has none of that name

  RdmaDevice found_;
  VerbsHandle<rdma_event_channel> events_;
  VerbsHandle<rdma_cm_id> id_;
  VerbsHandle<ibv_pd> domain_;
  ibv_device_attr attributes_{};
  ibv_port_attr port_{};
  std::vector<std::uint64_t> counters_before_;
};

// The channel's descriptor does not block; -1: errno says why.
int set_nonblocking(int fd) noexcept;

}  // namespace xover
