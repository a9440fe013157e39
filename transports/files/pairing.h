// Two TCP connections between the same two ends that know of each other: one for the data, one for acknowledgements.
//
// The connecting side makes both and begins each with a hello: a magic word, which of the two it is, and a random nonce
// that both share. It does not wait for an answer. The accepting side matches nonces, so several peers may come at the
// same time; who says something else, or half of it, is dropped.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/tcp_sockets.h"

namespace xover {

struct SocketPair {
  FileDescriptor data, acknowledgements;
};

Result<SocketPair> connect_pair(const TcpSockets& sockets, const std::string& address, MonotonicNs deadline);

// The accepting side of one listener.
class PairAcceptor {
 public:
  // At most this many connections wait for their hello or for their other half; then the oldest goes.
  static constexpr std::size_t most_halves = 256;
  static constexpr MonotonicNs patience_ns = 3'000'000'000;  // with one of them

  Result<SocketPair> accept(TcpSockets& sockets, MonotonicNs deadline);

 private:
  static constexpr std::size_t hello_bytes = 32;
  using Hello = std::array<std::byte, hello_bytes>;
  struct Half {
    FileDescriptor socket;
    MonotonicNs came_ns = 0;
    Hello hello{};
    std::size_t got_bytes = 0;
  };
  friend Result<SocketPair> connect_pair(const TcpSockets&, const std::string&, MonotonicNs);

  Result<void> take_connections(TcpSockets& sockets);
  void read_hellos();
  void match();
  void drop_strangers();
  Result<void> wait(int listener, MonotonicNs deadline) const;

  std::vector<Half> halves_;
  std::deque<SocketPair> pairs_;  // complete, not yet asked for
};

}  // namespace xover
