// rtnetlink(7) for one network namespace: interfaces, addresses, neighbours. Through libnl-route.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/error.h"

struct nl_sock;

namespace xover {

struct Interface {
  int index = 0;
  std::uint32_t mtu_bytes = 0;
  std::uint32_t tx_queues = 0, rx_queues = 0;  // as allocated; a driver may use fewer
  bool carrier = false;
};

// Belongs to the network namespace that its maker was in, wherever he goes afterwards. Every call waits for the
// kernel's answer, which comes before the system call ends. An Error has the kernel's own words in its context.
class RouteSocket {
 public:
  static Result<RouteSocket> open();

  // Both ends have this MTU and this number of queues each way from the start, since the kernel compares the ends.
  Result<void> add_veth(const std::string& name, const std::string& peer, int peer_net_fd, std::uint32_t mtu_bytes,
                        std::uint32_t queues);
  Result<void> add_ifb(const std::string& name, std::uint32_t queues);
  Result<Interface> find(const std::string& name);
  Result<void> set_mtu(const std::string& name, std::uint32_t mtu_bytes);
  Result<void> bring_up(const std::string& name);
  // `address` with its prefix: "198.18.0.1/24". Usable at once, without search for duplicates.
  Result<void> add_address(const std::string& name, const std::string& address);
  // For good: nobody is asked for the neighbour's hardware address.
  Result<void> add_neighbour(const std::string& name, const std::string& address);
  Result<void> move(const std::string& name, int net_fd);

 private:
  // What the kernel said about the last request. At an address of its own: libnl keeps a pointer to it.
  struct Answer {
    int errno_value = 0;
    std::string words;
  };
  struct CloseSocket {
    void operator()(nl_sock* socket) const;
  };
  friend struct AnswerReader;

  RouteSocket() = default;
  Result<void> done(int libnl_code, const std::string& operation, const std::string& context) const;
  Result<void> change(const std::string& name, const std::string& operation, void (*set)(void* link, std::uint64_t),
                      std::uint64_t value);

  std::unique_ptr<Answer> answer_;
  std::unique_ptr<nl_sock, CloseSocket> socket_;
};

}  // namespace xover
