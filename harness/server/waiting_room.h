// Everybody who is connected and not being served: strangers, of whom there are never more than a few, and the queue of
// those who have the key, in the order in which they said hello. Used by the listening process alone; nothing blocks.
//
// Strangers share their places by network: when all are taken, the oldest of the network that has most goes. So whoever
// connects a thousand times and says nothing pushes out itself.
#pragma once

#include <poll.h>

#include <cstddef>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "harness/server/server_log.h"
#include "harness/server/visitor.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/socket_address.h"

namespace xover {

class WaitingRoom {
 public:
  static constexpr std::size_t most_strangers = 64;

  // All three outlive it. `most_clients` counts those with the key, the one who is served included.
  WaitingRoom(const ServerTerms& terms, std::size_t most_clients, ServerLog& log)
      : terms_(terms), most_clients_(most_clients), log_(log) {}

  // False while every stranger that is here came a moment ago: a crowd that comes all at once must not push out
  // somebody whose answer is on its way.
  bool may_admit(MonotonicNs now) const;
  void admit(FileDescriptor socket, const SocketAddress& from, MonotonicNs now);

  // One for each connection; serve() gets them back, with nothing admitted in between. `one_is_served` is whether it is
  // somebody's turn.
  void add_to(std::vector<pollfd>& watched) const;
  void serve(std::span<const pollfd> watched, bool one_is_served, MonotonicNs now);

  // Who is next: to be taken out of the room, or told its place in it.
  std::list<Visitor> take_first();
  void tell_places();

  void send_all_away(const std::string& why, MonotonicNs now);
  bool empty() const { return strangers_.empty() && queue_.empty(); }
  std::optional<MonotonicNs> next_deadline() const;

 private:
  std::size_t count_keyless() const;
  std::size_t count_clients() const;
  void settle(MonotonicNs now);

  const ServerTerms& terms_;
  std::size_t most_clients_;
  ServerLog& log_;
  std::list<Visitor> strangers_;  // also those who have the key and say no hello yet, or are leaving
  std::list<Visitor> queue_;
  std::string queue_told_;  // the last line about it
};

}  // namespace xover
