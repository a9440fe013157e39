// The meeting, the same for all links, and which class is which link's.
#include "transports/dpdk/link_side.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>

#include "core/quote.h"
#include "transports/common/sockets.h"
#include "transports/dpdk/device_side.h"
#include "transports/dpdk/dpdk_links.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/memif_side.h"
#include "transports/dpdk/ring_side.h"

namespace xover {

namespace {

using Kind = MeetingRecord::Kind;

constexpr MonotonicNs hello_bound_ns = 1'000'000'000;

// From the range for tests of network devices (RFC 2544), which nobody routes.
constexpr std::uint32_t connector_ipv4 = 0xC6120001;  // 198.18.0.1
constexpr std::uint32_t acceptor_ipv4 = 0xC6120002;
constexpr std::uint16_t udp_port = 49152;

FrameAddress frame_address(const std::array<std::uint8_t, 6>& mac, std::uint32_t ipv4) { return {mac, ipv4, udp_port}; }

// Never the same twice in a process, and hardly in two: connections of several processes may share a cable.
std::uint32_t new_connection_number() {
  static std::atomic<std::uint32_t> next{std::random_device{}()};
  return ++next;
}

// Tells the peer of what went wrong here, and returns it.
tl::unexpected<Error> refuse(int line, Error error) {
  send_refusal(line, error);
  return tl::make_unexpected(std::move(error));
}

Result<void> check_mtu(std::size_t mtu_bytes) {
  constexpr std::size_t least_bytes = 68;  // of IPv4 (RFC 791)
  if (mtu_bytes >= least_bytes) return {};
  const std::string why = mtu_bytes > packet_header_bytes
                              ? " is less than the " + std::to_string(least_bytes) + " bytes that IPv4 asks for"
                              : " leaves no room: the headers of IPv4, UDP and xover take " +
                                    std::to_string(packet_header_bytes) + " bytes of it";
  return make_error(ErrorCode::bad_input, "open the link", "mtu " + std::to_string(mtu_bytes) + why,
                    "use at least " + std::to_string(least_bytes));
}

bool has_device(const Link& link) { return link.name == "af_packet" || link.name == "af_xdp" || link.name == "pci"; }

// That the ends can be where they are, and that this one's device is there.
Result<void> check_ends(const Link& link, LinkRole role, bool two_hosts) {
  if (!has_device(link)) {
    if (!two_hosts) return {};
    return make_error(ErrorCode::unsupported, "open link " + link.text(),
                      "it is memory of one host, and the ends are on two",
                      "use pci, af_packet or af_xdp between two hosts");
  }
  if (auto names = parse_device_names(link, two_hosts); !names) return tl::make_unexpected(std::move(names.error()));
  return check_own_device(link, role);
}

Result<std::unique_ptr<LinkSide>> open_side(const Link& link, LinkRole role, const LinkSideShape& shape,
                                            std::size_t mtu_bytes) {
  if (link.name == "ring") return open_ring_side(link, shape, mtu_bytes);
  if (link.name == "memif") return open_memif_side(link, shape, mtu_bytes);
  if (has_device(link)) return open_device_side(link, role, shape, mtu_bytes);
  return make_error(ErrorCode::unsupported, "open " + link.text(), "no link of DPDK",
                    "use ring, memif, af_packet, af_xdp or pci");
}

}  // namespace

Result<std::unique_ptr<LinkSide>> LinkSide::open(const Link& link, LinkRole role, const LinkSideShape& shape,
                                                 const MeetingHosts& hosts) {
  const auto mtu_bytes = mtu_of(link);
  if (!mtu_bytes) return tl::make_unexpected(mtu_bytes.error());
  if (*mtu_bytes != 0) {
    if (auto room = check_mtu(*mtu_bytes); !room) return tl::make_unexpected(std::move(room.error()));
  }
  if (auto apart = check_ends(link, role, hosts.two); !apart) return tl::make_unexpected(std::move(apart.error()));
  auto place = MeetingPlace::make(hosts);
  if (!place) return tl::make_unexpected(std::move(place.error()));
  if (auto started = start_eal(link, role); !started) return tl::make_unexpected(std::move(started.error()));
  auto side = open_side(link, role, shape, *mtu_bytes);
  if (!side) return side;
  (*side)->place_ = std::move(*place);
  if (auto room = check_mtu((*side)->traits().mtu_bytes); !room) return tl::make_unexpected(std::move(room.error()));
  return side;
}

MeetingRecord LinkSide::record(Kind kind) const {
  MeetingRecord made;
  made.kind = kind;
  made.process = getpid();
  made.window_frames = shape_.window_frames;
  made.mtu_bytes = static_cast<std::uint32_t>(traits_.mtu_bytes);
  made.mac = traits_.mac;
  put_text(made.link, link_.name);
  return made;
}

Result<void> LinkSide::check_hello(const MeetingRecord& hello) const {
  const auto refused = [&](std::string why, std::string remedy) -> Result<void> {
    return make_error(ErrorCode::refused, "meet over link " + link_.text(), std::move(why), std::move(remedy));
  };
  if (std::strncmp(hello.link.data(), link_.name.c_str(), hello.link.size()) != 0) {
    return refused("the connector is on link " + in_quotes(text_of(hello.link)), "open both ends on the same link");
  }
  if (hello.mtu_bytes != traits_.mtu_bytes) {
    return refused("mtu " + std::to_string(traits_.mtu_bytes) + " at the acceptor and " +
                       std::to_string(hello.mtu_bytes) + " at the connector",
                   "give both ends the same mtu");
  }
  if (one_process() && hello.process != getpid()) {
    return refused(
        "both ends of a ring must be in one process, and the connector is in process " + std::to_string(hello.process),
        "use memif between two processes");
  }
  return {};
}

Result<Meeting> LinkSide::accept(MonotonicNs deadline) {
  if (auto room = room_for_channel(connections_, shape_.max_connections, "accept"); !room) {
    return tl::make_unexpected(std::move(room.error()));
  }
  for (;;) {
    auto line = place_->accept(deadline);
    if (!line) return tl::make_unexpected(std::move(line.error()));
    const MonotonicNs bound = std::min(deadline, monotonic_now_ns() + hello_bound_ns);
    const auto hello = receive_record(line->get(), bound, Kind::hello);
    if (!hello) {  // not one of ours, or one that has gone: the next may be
      send_refusal(line->get(), hello.error());
      continue;
    }
    if (auto fits = check_hello(*hello); !fits) return refuse(line->get(), std::move(fits.error()));
    return welcome(std::move(*line), *hello, deadline);
  }
}

Result<Meeting> LinkSide::welcome(FileDescriptor line, const MeetingRecord& hello, MonotonicNs deadline) {
  MeetingRecord answer = record(Kind::welcome);
  answer.connection = new_connection_number();
  auto port = make_acceptor_port(answer);
  if (!port) return refuse(line.get(), std::move(port.error()));
  if (auto carrier = await_carrier(**port, line, deadline); !carrier) {
    return refuse(line.get(), std::move(carrier.error()));
  }
  const auto mac = (*port)->traits().mac;
  answer.mac = mac;
  const auto peer =
      send_record(line.get(), answer).and_then([&] { return receive_record(line.get(), deadline, Kind::ready); });
  if (!peer) return tl::make_unexpected(peer.error());
  if (auto settled = settle(**port, line, deadline); !settled) return refuse(line.get(), std::move(settled.error()));
  if (auto sent = send_record(line.get(), record(Kind::accepted)); !sent) {
    return tl::make_unexpected(std::move(sent.error()));
  }
  ++connections_;
  return Meeting{std::move(*port),
                 answer.connection,
                 frame_address(mac, acceptor_ipv4),
                 frame_address(peer->mac, connector_ipv4),
                 hello.window_frames,
                 PeerLine(std::move(line))};
}

Result<Meeting> LinkSide::connect(const std::string& address, MonotonicNs deadline) {
  if (auto room = room_for_channel(connections_, shape_.max_connections, "connect"); !room) {
    return tl::make_unexpected(std::move(room.error()));
  }
  auto line = place_->connect(address, deadline);
  if (!line) return tl::make_unexpected(std::move(line.error()));
  return join(std::move(*line), deadline);
}

Result<Meeting> LinkSide::join(FileDescriptor line, MonotonicNs deadline) {
  if (auto sent = send_record(line.get(), record(Kind::hello)); !sent) {
    return tl::make_unexpected(std::move(sent.error()));
  }
  const auto peer = receive_record(line.get(), deadline, Kind::welcome);
  if (!peer) return tl::make_unexpected(peer.error());
  auto port = make_connector_port(*peer);
  if (!port) return refuse(line.get(), std::move(port.error()));
  MeetingRecord ready = record(Kind::ready);
  ready.mac = (*port)->traits().mac;
  if (auto carrier = await_carrier(**port, line, deadline); !carrier) {
    return refuse(line.get(), std::move(carrier.error()));
  }
  auto settled = send_record(line.get(), ready).and_then([&] { return settle(**port, line, deadline); });
  if (!settled) return refuse(line.get(), std::move(settled.error()));
  const auto accepted = receive_record(line.get(), deadline, Kind::accepted);
  if (!accepted) return tl::make_unexpected(accepted.error());
  ++connections_;
  return Meeting{std::move(*port),
                 peer->connection,
                 frame_address(ready.mac, connector_ipv4),
                 frame_address(peer->mac, acceptor_ipv4),
                 peer->window_frames,
                 PeerLine(std::move(line))};
}

}  // namespace xover
