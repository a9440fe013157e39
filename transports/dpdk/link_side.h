// One end of a DPDK link as a session uses it: how it meets peers, and the ports to them. On ring and memif every
// connection has a port of its own; on af_packet, af_xdp and pci all connections of the session share the device's, and
// one session has it at a time.
//
// Two ends meet at a MeetingPlace, over the socket that then is their PeerLine, in records of type MeetingRecord:
// hello, welcome, ready, accepted; or, in place of any but the first, refused with the reason.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"
#include "transports/dpdk/frame.h"
#include "transports/dpdk/meeting_place.h"
#include "transports/dpdk/meeting_record.h"
#include "transports/dpdk/peer_line.h"
#include "transports/dpdk/port.h"

namespace xover {

// A connection that both ends have agreed on. The line goes first: when it hangs up, this end enters its port no more.
struct Meeting {
  std::shared_ptr<Port> port;
  std::uint32_t connection = 0;
  FrameAddress own, peer;
  std::uint32_t peer_window_frames = 0;  // how many frames the peer grants from the start
  PeerLine line;
};

struct LinkSideShape {
  std::size_t max_connections = 1;
  std::uint32_t window_frames = 0;  // that this end grants the other from the start, for each connection
};

class LinkSide {
 public:
  // Starts DPDK where that has not been done, opens this end's device where there is one, and checks that the MTU
  // leaves room. Between two hosts: af_packet, af_xdp and pci alone.
  static Result<std::unique_ptr<LinkSide>> open(const Link& link, LinkRole role, const LinkSideShape& shape,
                                                const MeetingHosts& hosts = {});
  LinkSide(const LinkSide&) = delete;
  LinkSide& operator=(const LinkSide&) = delete;
  virtual ~LinkSide() = default;

  // What a port of this link does, known before there is one.
  const PortTraits& traits() const noexcept { return traits_; }
  std::size_t payload_bytes() const noexcept { return traits_.mtu_bytes - packet_header_bytes; }  // in one frame
  // -1 where the ports come with their connections, and where no device needs its memory mapped.
  virtual int dma_port() const noexcept { return -1; }

  // As Session's. Both ends must have the same MTU; on ring both must be in one process. Errors: timed_out, refused,
  // peer_died, and those of the driver. A peer that connects and says nothing holds others up for at most
  // a second; one that stops later, until the deadline.
  Result<std::string> listen() { return place_->listen(); }
  Result<Meeting> accept(MonotonicNs deadline);
  Result<Meeting> connect(const std::string& address, MonotonicNs deadline);
  std::uint64_t strangers() const noexcept { return place_->strangers(); }

 protected:
  LinkSide(Link link, const LinkSideShape& shape) : link_(std::move(link)), shape_(shape) {}

  // The acceptor's port, before the connector has one; `welcome` takes what the connector must know to make its own.
  virtual Result<std::shared_ptr<Port>> make_acceptor_port(MeetingRecord& welcome) = 0;
  virtual Result<std::shared_ptr<Port>> make_connector_port(const MeetingRecord& welcome) = 0;
  // Both ends, before they tell of their ports: the acceptor is through as soon as it hears of the connector's, and may
  // be gone while the connector still waits.
  virtual Result<void> await_carrier(Port&, const FileDescriptor& /*line*/, MonotonicNs /*deadline*/) { return {}; }
  // Both ends, when both ports are there, before either sends: waits until frames can pass.
  virtual Result<void> settle(Port&, const FileDescriptor& /*line*/, MonotonicNs /*deadline*/) { return {}; }
  virtual bool one_process() const noexcept { return false; }  // both ends must be in one

  PortTraits traits_;
  const Link link_;
  const LinkSideShape shape_;

 private:
  MeetingRecord record(MeetingRecord::Kind kind) const;
  Result<void> check_hello(const MeetingRecord& hello) const;
  Result<Meeting> welcome(FileDescriptor line, const MeetingRecord& hello, MonotonicNs deadline);
  Result<Meeting> join(FileDescriptor line, MonotonicNs deadline);

  std::unique_ptr<MeetingPlace> place_;
  std::size_t connections_ = 0;
};

}  // namespace xover
