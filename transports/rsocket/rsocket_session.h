// A session of rsockets: a device, a listener, channels, and the waiter that polls them.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "transports/common/file_descriptor.h"
#include "transports/common/pages.h"
#include "transports/common/rdma_device.h"
#include "transports/common/rdma_peer.h"
#include "transports/rsocket/rsocket_channel.h"

namespace xover {

class RsocketSession final : public Session, private Waiter {
 public:
  static Result<std::unique_ptr<RsocketSession>> open(const OpenParameters& parameters);

  const Limits& limits() const noexcept override { return shared_.limits; }
  Result<std::string> listen() override;
  Result<Channel*> accept(MonotonicNs deadline) override;
  Result<Channel*> connect(const std::string& address, MonotonicNs deadline) override;
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept override;
  Waiter* waiter() noexcept override { return this; }
  std::vector<Counter> counters() const override;
  std::vector<Fact> facts() const override;

 private:
  RsocketSession(const OpenParameters& parameters, RdmaDevice device);
  Result<void> room(const char* operation) const;
  Result<Channel*> adopt(Result<RsocketHandle> socket);
  void progress() noexcept;
  void wait(MonotonicNs deadline) noexcept override;
  void sleep_until(MonotonicNs deadline) noexcept;

  RdmaDevice device_;
  RdmaPeer peer_;
  RsocketBuffers buffers_;
  PageKind pages_;
  RsocketShared shared_;
  RsocketHandle listener_;
  std::vector<std::unique_ptr<RsocketChannel>> channels_;  // by index
  std::vector<Pages> arenas_;
  std::vector<pollfd> watched_;
  FileDescriptor timer_;
  std::uint64_t strangers_ = 0;
  std::size_t send_buffer_bytes_ = 0, receive_buffer_bytes_ = 0;  // of the latest socket, as granted
};

}  // namespace xover
