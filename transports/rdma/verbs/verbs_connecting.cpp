// How two ends meet: the connection manager's steps, each with a bound. Source: rdma_cm(7).
//
// Every connection has an event channel of its own, so that nobody takes another's events, and so that an established
// connection whose channel has something to say has ended. Peers who wait to be accepted wait in the listener's
// channel.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/quote.h"
#include "transports/common/socket_address.h"
#include "transports/common/sockets.h"
#include "transports/rdma/verbs/verbs_end.h"

namespace xover {

namespace {

// Both count up to "for ever" at 7 (ibv_modify_qp(3)).
constexpr std::uint8_t retries = 6;
constexpr std::uint8_t receiver_not_ready_retries = 6;
// 4.096 us times 2 to the power of this before a request is sent again: with the retries above 1.9 s.
constexpr std::uint8_t acknowledgement_timeout = 16;
// Reasons of a reject, of the InfiniBand specification's table: nobody listens, and: the peer's program says no.
constexpr int nobody_listens = 8;
constexpr int peer_says_no = 28;
constexpr std::size_t most_reject_bytes = 100;

// In front of the words stands their number, because the connection manager pads them.
std::string framed(std::span<const std::byte> words) {
  std::string text(1, static_cast<char>(words.size()));
  for (const std::byte each : words) text.push_back(static_cast<char>(each));
  return text;
}

Hello unframed(const void* data, std::size_t size_bytes) {
  const auto* bytes = static_cast<const std::byte*>(data);
  if (data == nullptr || size_bytes == 0) return {};
  const auto count = std::min(std::to_integer<std::size_t>(bytes[0]), size_bytes - 1);
  return {bytes + 1, bytes + 1 + count};
}

struct Event {
  rdma_cm_event_type type = RDMA_CM_EVENT_ADDR_ERROR;
  int status = 0;
  Hello words;
  VerbsHandle<rdma_cm_id> from;  // a request for a connection
  std::uint8_t responder_resources = 0, initiator_depth = 0;
};

Result<Event> next_event(rdma_event_channel* channel, const char* operation, const std::string& context,
                         MonotonicNs deadline) {
  for (;;) {
    if (auto there = await(channel->fd, POLLIN, deadline, operation, context); !there)
      return tl::make_unexpected(there.error());
    rdma_cm_event* taken = nullptr;
    if (rdma_get_cm_event(channel, &taken) != 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return system_error("rdma_get_cm_event", context);
    }
    const rdma_conn_param& said = taken->param.conn;
    Event event{taken->event,
                taken->status,
                unframed(said.private_data, said.private_data_len),
                nullptr,
                said.responder_resources,
                said.initiator_depth};
    if (taken->event == RDMA_CM_EVENT_CONNECT_REQUEST) event.from.reset(taken->id);
    rdma_ack_cm_event(taken);
    return event;
  }
}

tl::unexpected<Error> other_than_expected(const Event& event, const char* operation, const std::string& context) {
  switch (event.type) {
    case RDMA_CM_EVENT_REJECTED: {
      const std::string text(reinterpret_cast<const char*>(event.words.data()), event.words.size());
      if (event.status == peer_says_no && !text.empty())
        return make_error(ErrorCode::refused, operation, context + ": the peer says " + in_quotes(text));
      return make_error(ErrorCode::refused, operation,
                        context + (event.status == nobody_listens ? ": nobody listens there" : ": the peer said no"));
    }
    case RDMA_CM_EVENT_ADDR_ERROR:
    case RDMA_CM_EVENT_ROUTE_ERROR:
    case RDMA_CM_EVENT_UNREACHABLE:
      return make_error(ErrorCode::refused, operation, context + ": " + rdma_event_str(event.type),
                        "RDMA has no route to 127.0.0.1; use an address of an RDMA device's interface");
    case RDMA_CM_EVENT_DISCONNECTED:
      return make_error(ErrorCode::peer_died, operation, context + ": the peer went away");
    default: return make_error(ErrorCode::internal, operation, context + ": " + rdma_event_str(event.type));
  }
}

Result<Event> expect(rdma_event_channel* channel, rdma_cm_event_type wanted, const char* operation,
                     const std::string& context, MonotonicNs deadline) {
  auto event = next_event(channel, operation, context, deadline);
  if (event && event->type != wanted) return other_than_expected(*event, operation, context);
  return event;
}

Result<VerbsHandle<rdma_event_channel>> make_channel() {
  VerbsHandle<rdma_event_channel> channel(rdma_create_event_channel());
  if (!channel) return system_error("rdma_create_event_channel");
  if (set_nonblocking(channel->fd) != 0) return system_error("fcntl", "event channel");
  return channel;
}

int milliseconds_until(MonotonicNs deadline) {
  return static_cast<int>(std::clamp<MonotonicNs>((deadline - monotonic_now_ns()) / 1'000'000, 1, 60'000));
}

rdma_conn_param parameters_of(const std::string& words, std::uint8_t reads_answered, std::uint8_t reads_begun) {
  rdma_conn_param parameters{};
  parameters.private_data = words.data();
  parameters.private_data_len = static_cast<std::uint8_t>(words.size());
  parameters.responder_resources = reads_answered;
  parameters.initiator_depth = reads_begun;
  parameters.retry_count = retries;
  parameters.rnr_retry_count = receiver_not_ready_retries;
  return parameters;
}

// Where a kernel has no such option, its own 2 s for each try remain, and the watchdog is the bound.
void shorten_timeout(rdma_cm_id* id) {
  std::uint8_t timeout = acknowledgement_timeout;
  (void)rdma_set_option(id, RDMA_OPTION_ID, RDMA_OPTION_ID_ACK_TIMEOUT, &timeout, sizeof timeout);
}

}  // namespace

struct VerbsEnd::Request {
  VerbsHandle<rdma_cm_id> id;
  Hello hello;
  std::uint8_t reads_answered = 0, reads_begun = 0;
};

Result<void> VerbsEnd::room_for_queue_pair(const char* operation) const {
  return room_for_channel(living_, shape_.max_queue_pairs, operation);
}

Result<std::unique_ptr<VerbsQueuePair>> VerbsEnd::make_queue_pair(VerbsHandle<rdma_event_channel> events,
                                                                  VerbsHandle<rdma_cm_id> id) {
  ibv_qp_init_attr attributes = queue_pair_attributes(limits_.max_inline_bytes);
  if (rdma_create_qp(id.get(), device_.domain(), &attributes) != 0)
    return system_error("rdma_create_qp", device_.found().name, "use fewer connections or less depth");
  const VerbsQueuePair::Sizes sizes{shape_.max_requests, shape_.max_receives, limits_.max_pieces,
                                    limits_.max_inline_bytes};
  const auto index = static_cast<std::uint32_t>(all_.size());
  return std::make_unique<VerbsQueuePair>(*this, index, std::move(events), std::move(id), sizes);
}

Result<std::string> VerbsEnd::listen() {
  if (!listening_ && rdma_listen(device_.id(), static_cast<int>(shape_.max_queue_pairs)) != 0)
    return system_error("rdma_listen", device_.found().ipv4);
  listening_ = true;
  return device_.found().ipv4 + ":" + std::to_string(ntohs(rdma_get_src_port(device_.id())));
}

Result<VerbsHandle<rdma_cm_id>> VerbsEnd::reach(rdma_event_channel* events, const std::string& address,
                                                MonotonicNs deadline) {
  auto to = SocketAddress::parse(address);
  if (!to) return tl::make_unexpected(to.error());
  auto from = SocketAddress::of_host({device_.found().ipv4, {}}, IpVersion::v4);
  if (!from) return tl::make_unexpected(from.error());
  rdma_cm_id* made = nullptr;
  if (rdma_create_id(events, &made, nullptr, RDMA_PS_TCP) != 0) return system_error("rdma_create_id", address);
  VerbsHandle<rdma_cm_id> id(made);
  if (rdma_resolve_addr(made, const_cast<sockaddr*>(from->data()), const_cast<sockaddr*>(to->data()),
                        milliseconds_until(deadline)) != 0)
    return system_error("rdma_resolve_addr", address);
  auto resolved = expect(events, RDMA_CM_EVENT_ADDR_RESOLVED, "rdma_resolve_addr", address, deadline);
  if (!resolved) return tl::make_unexpected(resolved.error());
  shorten_timeout(made);
  if (rdma_resolve_route(made, milliseconds_until(deadline)) != 0) return system_error("rdma_resolve_route", address);
  resolved = expect(events, RDMA_CM_EVENT_ROUTE_RESOLVED, "rdma_resolve_route", address, deadline);
  if (!resolved) return tl::make_unexpected(resolved.error());
  return id;
}

Result<Fabric::Connected> VerbsEnd::connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) {
  if (auto room = room_for_queue_pair("connect"); !room) return tl::make_unexpected(room.error());
  auto channel = make_channel();
  if (!channel) return tl::make_unexpected(channel.error());
  auto id = reach(channel->get(), address, deadline);
  if (!id) return tl::make_unexpected(id.error());
  auto made = make_queue_pair(std::move(*channel), std::move(*id));
  if (!made) return tl::make_unexpected(made.error());
  VerbsQueuePair& queue_pair = **made;
  const auto hello = prepare(queue_pair, {});
  if (!hello) return tl::make_unexpected(hello.error());
  const std::string words = framed(*hello);
  rdma_conn_param parameters = parameters_of(words, device_.max_reads(), device_.max_reads());
  if (rdma_connect(queue_pair.id(), &parameters) != 0) return system_error("rdma_connect", address);
  auto event = expect(queue_pair.events(), RDMA_CM_EVENT_ESTABLISHED, "rdma_connect", address, deadline);
  if (!event) return tl::make_unexpected(event.error());
  queue_pair.established();
  watch();
  return Connected{std::move(*made), std::move(event->words)};
}

Result<VerbsEnd::Request> VerbsEnd::next_request(MonotonicNs deadline) {
  auto event = expect(device_.events(), RDMA_CM_EVENT_CONNECT_REQUEST, "accept", device_.found().name, deadline);
  while (event && !peer_.may_come_from(*rdma_get_peer_addr(event->from.get()))) {
    (void)rdma_reject(event->from.get(), nullptr, 0);
    ++counters_.strangers;
    // However many come, they do not stretch the bound.
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "accept", "no peer came");
    event = expect(device_.events(), RDMA_CM_EVENT_CONNECT_REQUEST, "accept", device_.found().name, deadline);
  }
  if (!event) return tl::make_unexpected(event.error());
  return Request{std::move(event->from), std::move(event->words),
                 std::min(event->responder_resources, device_.max_reads()),
                 std::min(event->initiator_depth, device_.max_reads())};
}

Result<Fabric::Connected> VerbsEnd::accept(const Prepare& prepare, MonotonicNs deadline) {
  if (auto room = room_for_queue_pair("accept"); !room) return tl::make_unexpected(room.error());
  if (!listening_) return make_error(ErrorCode::bad_input, "accept", "listen() comes first");
  auto channel = make_channel();
  if (!channel) return tl::make_unexpected(channel.error());
  auto request = next_request(deadline);
  if (!request) return tl::make_unexpected(request.error());
  if (rdma_migrate_id(request->id.get(), channel->get()) != 0) return system_error("rdma_migrate_id");
  shorten_timeout(request->id.get());
  auto made = make_queue_pair(std::move(*channel), std::move(request->id));
  if (!made) return tl::make_unexpected(made.error());
  VerbsQueuePair& queue_pair = **made;
  const auto hello = prepare(queue_pair, request->hello);
  if (!hello) {
    const std::string text = hello.error().message().substr(0, most_reject_bytes);
    const std::string words = framed(std::as_bytes(std::span(text)));
    (void)rdma_reject(queue_pair.id(), words.data(), static_cast<std::uint8_t>(words.size()));
    return tl::make_unexpected(hello.error());
  }
  const std::string words = framed(*hello);
  rdma_conn_param parameters = parameters_of(words, request->reads_answered, request->reads_begun);
  if (rdma_accept(queue_pair.id(), &parameters) != 0) return system_error("rdma_accept");
  auto event = expect(queue_pair.events(), RDMA_CM_EVENT_ESTABLISHED, "rdma_accept", device_.found().name, deadline);
  if (!event) return tl::make_unexpected(event.error());
  queue_pair.established();
  watch();
  return Connected{std::move(*made), std::move(request->hello)};
}

}  // namespace xover
