// Sleeps until one of a session's sockets is worth another reap(). A session with one channel that waits for one thing
// blocks in the very call that does it, so a blocking receiver spends one system call on a message.
#pragma once

#include <poll.h>

#include <memory>
#include <vector>

#include "core/transport.h"
#include "transports/common/socket_channel.h"

namespace xover {

class SocketWaiter final : public Waiter {
 public:
  SocketWaiter(const SocketShared& shared, const std::vector<std::unique_ptr<SocketChannel>>& channels,
               std::size_t max_channels);

  void wait(MonotonicNs deadline) noexcept override;

 private:
  void poll_all(MonotonicNs deadline) noexcept;

  const SocketShared& shared_;
  const std::vector<std::unique_ptr<SocketChannel>>& channels_;
  std::vector<pollfd> watched_;  // of each channel its socket, then of each its second one
  std::uint64_t steps_at_last_wake_ = 0;
  int idle_wakes_ = 0;
};

}  // namespace xover
