// Names to addresses to a connection.
#include "harness/remote/peer_address.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "core/clock.h"
#include "harness/experiment/bad_input.h"
#include "transports/common/sockets.h"
#include "transports/common/tcp_keepalive.h"

namespace xover {

namespace {

constexpr MonotonicNs connect_bound_ns = 5'000'000'000;
constexpr std::size_t longest_host = 253;  // of a name: RFC 1035

bool is_port(const std::string& text) {
  constexpr std::size_t most_digits = 5;
  const bool digits = !text.empty() && text.size() <= most_digits &&
                      std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  return digits && std::stoul(text) >= 1 && std::stoul(text) <= UINT16_MAX;
}

tl::unexpected<Error> no_peer(const std::string& text) {
  return bad_input({}, in_quotes(text) + " is no address",
                   fmt::format("expected HOST, HOST:PORT or [IPV6]:PORT; without a port it is {}", default_serve_port));
}

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

Result<std::unique_ptr<addrinfo, FreeAddresses>> look_up(const PeerAddress& peer) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(peer.host.c_str(), peer.port.c_str(), &wanted, &found);
  if (problem != 0)
    return make_error(ErrorCode::no_device, "find " + peer.host, gai_strerror(problem),
                      "give its numeric address, or a name that this host knows");
  return std::unique_ptr<addrinfo, FreeAddresses>(found);
}

Result<FileDescriptor> connect_one(const addrinfo& address, const PeerAddress& peer) {
  FileDescriptor made(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made) return system_error("socket", peer.text());
  const std::string operation = "connect to " + peer.text();
  int problem = connect(made.get(), address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (problem == EINPROGRESS) {
    if (auto ready = await(made.get(), POLLOUT, monotonic_now_ns() + connect_bound_ns, "connect to", peer.text());
        !ready) {
      ready.error().remedy = "see that the host is up and that no firewall drops the port";
      return tl::make_unexpected(ready.error());
    }
    problem = get_option(made.get(), SOL_SOCKET, SO_ERROR);
  }
  if (problem != 0) {
    errno = problem;
    return system_error(
        operation, {},
        problem == ECONNREFUSED ? fmt::format("start `xover serve --listen ADDRESS:{}` there", peer.port) : "");
  }
  if (auto kept = keep_alive(made.get()); !kept) return tl::make_unexpected(kept.error());
  return made;
}

}  // namespace

std::string PeerAddress::text() const {
  return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
}

Result<PeerAddress> parse_peer(const std::string& text) {
  PeerAddress peer{text, std::to_string(default_serve_port)};
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string::npos) return no_peer(text);
    peer.host = text.substr(1, close - 1);
    const std::string rest = text.substr(close + 1);
    if (rest.starts_with(':')) peer.port = rest.substr(1);
    if (!rest.empty() && !rest.starts_with(':')) return no_peer(text);
  } else if (std::ranges::count(text, ':') == 1) {  // more: an IPv6 address without a port
    peer.host = text.substr(0, text.find(':'));
    peer.port = text.substr(text.find(':') + 1);
  }
  const bool plain = std::ranges::all_of(peer.host, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  if (peer.host.empty() || peer.host.size() > longest_host || !plain || !is_port(peer.port)) return no_peer(text);
  return peer;
}

Result<FileDescriptor> connect_to(const PeerAddress& peer) {
  auto addresses = look_up(peer);
  if (!addresses) return tl::make_unexpected(addresses.error());
  Result<FileDescriptor> connected = make_error(ErrorCode::no_device, "find " + peer.host, "it has no address");
  for (const addrinfo* each = addresses->get(); each != nullptr && !connected; each = each->ai_next)
    connected = connect_one(*each, peer);
  return connected;
}

}  // namespace xover
