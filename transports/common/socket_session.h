// What a session over sockets is, whatever the protocol: its channels, one queue of completions, memory for the arena.
// How a channel comes to be (listen, connect, accept) is in the derived class.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/common/socket_channel.h"
#include "transports/common/socket_shared.h"
#include "transports/common/socket_waiter.h"

namespace xover {

class SocketSession : public Session {
 public:
  // Of the parameters are read: slowdown_percent, which every table has, pages and device_gathers.
  SocketSession(const Limits& limits, const OpenParameters& parameters);
  ~SocketSession() override;

  const Limits& limits() const noexcept final { return limits_; }
  Result<std::vector<Segment>> arena(std::size_t size_bytes) override;
  std::size_t reap(std::span<Completion> out) noexcept final;
  Waiter* waiter() noexcept final { return &waiter_; }
  std::vector<Counter> counters() const override { return shared_.counters.list(); }

 protected:
  // An error when all channels that the session was opened for have been made.
  Result<void> room_for_channel(const char* operation) const;
  std::uint32_t next_index() const { return static_cast<std::uint32_t>(channels_.size()); }
  Channel* adopt(std::unique_ptr<SocketChannel> channel);
  int first_open_socket() const;  // -1: none
  void end_channels() noexcept;   // drops what is unsent and closes; for a destructor

  Limits limits_;
  SocketShared shared_;

 private:
  std::vector<std::unique_ptr<SocketChannel>> channels_;  // by index
  PageKind pages_;
  std::vector<Pages> arenas_;
  SocketWaiter waiter_;
};

}  // namespace xover
