// The conversation with the far side: one request at a time, events in between.
#include "harness/remote/remote_host.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "harness/command_line/version.h"
#include "harness/remote/handshake.h"
#include "harness/remote/remote_agent.h"
#include "transports/common/socket_address.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr MonotonicNs nap_ns = 50'000'000;
constexpr MonotonicNs handshake_bound_ns = 5'000'000'000;
constexpr MonotonicNs short_bound_ns = 5'000'000'000;    // of what the far side answers by itself
constexpr MonotonicNs silence_bound_ns = 6'000'000'000;  // it gives a sign of life every second
constexpr MonotonicNs goodbye_bound_ns = 1'000'000'000;
constexpr int clock_readings = 8;

bool is_ready(int socket, short events, MonotonicNs wait_ns) {
  const timespec timeout{0, static_cast<long>(wait_ns)};
  pollfd waiting{socket, events, 0};
  return ppoll(&waiting, 1, &timeout, nullptr) > 0;
}

std::int64_t realtime_now_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// One address of a host; of the other version it has none that is known.
HostAddresses only(const Result<SocketAddress>& address) {
  HostAddresses host{"", ""};
  if (!address) return host;
  std::string text = address->text();
  text.resize(text.rfind(':'));
  if (address->version() == IpVersion::v4) host.ipv4 = text;
  if (address->version() == IpVersion::v6) host.ipv6 = text.substr(1, text.size() - 2);
  return host;
}

// What the kernel says of a connection that is no more, in terms of what happened. Reads errno.
Error broken() {
  const int problem = errno;
  const bool ended = problem == ECONNRESET || problem == EPIPE;
  return {ErrorCode::peer_died, problem, "", ended ? "xover serve ended there" : "it cannot be reached any more", ""};
}

std::string queue_words(std::uint64_t place) {
  if (place <= 1) return "waiting for the far side: another run is under way there, this one is next";
  return fmt::format("waiting for the far side: {} runs come before this one", place);
}

}  // namespace

RemoteHost::RemoteHost(PeerAddress address, FileDescriptor socket, StopRequested stop_requested)
    : address_(std::move(address)), socket_(std::move(socket)), stop_requested_(std::move(stop_requested)) {
  near_ = only(SocketAddress::local_of(socket_.get()));
  far_ = only(SocketAddress::peer_of(socket_.get()));
}

Result<std::unique_ptr<RemoteHost>> RemoteHost::connect(const PeerAddress& peer, const Key& key,
                                                        const std::string& run_name, StopRequested stop_requested,
                                                        const Tell& tell) {
  auto socket = connect_to(peer);
  if (!socket) return tl::make_unexpected(socket.error());
  std::unique_ptr<RemoteHost> host(new RemoteHost(peer, std::move(*socket), std::move(stop_requested)));
  if (auto shaken = host->shake_hands(key); !shaken) return tl::make_unexpected(shaken.error());
  if (auto turn = host->wait_for_turn(run_name, tell); !turn) return tl::make_unexpected(turn.error());
  return host;
}

RemoteHost::~RemoteHost() {
  if (!lost_ && writer_ && our_turn_)
    (void)ask({{"request", "bye"}}, monotonic_now_ns() + goodbye_bound_ns, [] { return Result<void>(); });
}

// --- the connection

Error RemoteHost::lose(Error why) {
  if (!lost_) {
    lost_ = std::move(why);
    lost_->operation = "the far side, " + address_.text();
    if (closing_) lost_->context = "it ended the run: " + *closing_;
  }
  return *lost_;
}

Result<void> RemoteHost::send_bytes(std::string_view bytes, MonotonicNs deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno != EAGAIN && errno != EINTR) return tl::make_unexpected(lose(broken()));
    if (monotonic_now_ns() >= deadline)
      return tl::make_unexpected(lose({ErrorCode::timed_out, 0, "", "it takes no more requests", ""}));
    (void)is_ready(socket_.get(), POLLOUT, nap_ns);
  }
  return {};
}

Result<bool> RemoteHost::receive(bool wait) {
  if (lost_) return tl::make_unexpected(*lost_);
  if (wait) (void)is_ready(socket_.get(), POLLIN, nap_ns);
  std::array<char, 65536> bytes;
  const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    if (!our_turn_ || monotonic_now_ns() - last_heard_ns_ < silence_bound_ns) return false;
    const auto silent_s = (monotonic_now_ns() - last_heard_ns_) / 1'000'000'000;
    return tl::make_unexpected(
        lose({ErrorCode::peer_died, 0, "", fmt::format("no sign of life for {} s", silent_s), ""}));
  }
  if (got < 0) return tl::make_unexpected(lose(broken()));
  if (got == 0) return tl::make_unexpected(lose({ErrorCode::peer_died, 0, "", "xover serve ended there", ""}));
  last_heard_ns_ = monotonic_now_ns();
  parser_->feed({bytes.data(), static_cast<std::size_t>(got)});
  // All frames now, since the parser keeps no more than one.
  for (;;) {
    auto text = next_text();
    if (!text) return tl::make_unexpected(text.error());
    if (!*text) return true;
    if ((*text)->contains("event")) {
      take_event(**text);
    } else if (const std::uint64_t id = (*text)->value("id", std::uint64_t{0}); id == last_id_) {
      replies_[id] = std::move(**text);
    }
  }
}

Result<std::optional<json>> RemoteHost::next_text() {
  auto text = parser_->next();
  if (!text) return tl::make_unexpected(lose(text.error()));
  if (!*text) return std::optional<json>();
  json parsed = json::parse(**text, nullptr, false);
  if (!parsed.is_object())
    return tl::make_unexpected(lose({ErrorCode::bad_input, 0, "", "what it says is not of this protocol", ""}));
  return std::optional<json>(std::move(parsed));
}

void RemoteHost::take_event(const json& event) {
  const auto name = event.value("event", std::string());
  if (name == "queued") place_ = event.value("place", std::uint64_t{1});
  if (name == "turn") our_turn_ = true;
  if (name == "closing") closing_ = event.value("why", std::string());
  if (name == "agent_ended")
    endings_[event.value("agent", std::uint64_t{0})] = event.value("how", std::string("ended"));
}

std::optional<Error> RemoteHost::lost() {
  while (!lost_) {
    const auto more = receive(false);
    if (!more || !*more) break;
  }
  return lost_;
}

std::optional<std::string> RemoteHost::ending_of(std::uint64_t agent) {
  if (const auto why = lost()) return "its host is gone: " + why->message();
  const auto found = endings_.find(agent);
  return found == endings_.end() ? std::nullopt : std::optional(found->second);
}

Result<json> RemoteHost::ask(json request, MonotonicNs deadline, const std::function<Result<void>()>& interrupted) {
  if (const auto why = lost()) return tl::make_unexpected(*why);
  const std::uint64_t id = ++last_id_;
  replies_.clear();
  request["id"] = id;
  if (auto sent = send_bytes(writer_->seal(request.dump()), deadline); !sent) return tl::make_unexpected(sent.error());
  for (;;) {
    if (const auto reply = replies_.find(id); reply != replies_.end()) return std::move(reply->second);
    if (auto goes_on = interrupted(); !goes_on) return tl::make_unexpected(goes_on.error());
    if (monotonic_now_ns() >= deadline)
      return make_error(ErrorCode::timed_out, "the far side, " + address_.text(),
                        fmt::format("no answer to {}", request.value("request", "")));
    if (auto more = receive(true); !more) return tl::make_unexpected(more.error());
  }
}

// --- how it begins

Result<void> RemoteHost::shake_hands(const Key& key) {
  ClientHandshake handshake(key);
  const MonotonicNs deadline = monotonic_now_ns() + handshake_bound_ns;
  std::array<char, 4096> bytes;
  while (handshake.state() == HandshakeState::needs_more) {
    if (auto sent = send_bytes(handshake.take_output(), deadline); !sent) return sent;
    if (handshake.state() != HandshakeState::needs_more) break;
    if (monotonic_now_ns() >= deadline)
      return make_error(ErrorCode::timed_out, "greet " + address_.text(), "it does not speak",
                        "see that `xover serve` listens there, and nothing else");
    if (stop_wanted()) return make_error(ErrorCode::cancelled, "stopped on request");
    if (!is_ready(socket_.get(), POLLIN, nap_ns)) continue;
    const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (got < 0 && errno != EAGAIN && errno != EINTR) return system_error("greet " + address_.text());
    if (got == 0) handshake.end_of_stream();
    if (got > 0) handshake.feed({bytes.data(), static_cast<std::size_t>(got)});
  }
  (void)send_bytes(handshake.take_output(), deadline);
  if (handshake.state() == HandshakeState::refused) {
    Error why = handshake.why();
    why.operation = "greet " + address_.text();
    return tl::make_unexpected(why);
  }
  writer_.emplace(handshake.keys().to_server);
  parser_.emplace(handshake.keys().to_client);
  parser_->feed(handshake.take_leftover());
  last_heard_ns_ = monotonic_now_ns();
  return {};
}

Result<void> RemoteHost::wait_for_turn(const std::string& run_name, const Tell& tell) {
  const auto wanted = [this]() -> Result<void> {
    if (stop_wanted()) return make_error(ErrorCode::cancelled, "stopped on request");
    return {};
  };
  const auto hello =
      ask({{"request", "hello"}, {"program", XOVER_VERSION}, {"protocol", protocol_version}, {"run", run_name}},
          monotonic_now_ns() + short_bound_ns, wanted);
  if (!hello) return tl::make_unexpected(hello.error());
  if (!hello->value("ok", false)) return tl::make_unexpected(error_from_json(hello->value("error", json())));
  std::uint64_t told = 0;
  while (!our_turn_) {
    if (place_ != 0 && place_ != told) tell(queue_words(told = place_));
    if (auto goes_on = wanted(); !goes_on) return goes_on;
    if (auto more = receive(true); !more) return tl::make_unexpected(more.error());
  }
  last_heard_ns_ = monotonic_now_ns();
  return {};
}

// --- agents and clocks

Result<std::unique_ptr<Agent>> RemoteHost::start_agent(const std::string& name) {
  const auto started = ask({{"request", "start_agent"}, {"name", name}}, monotonic_now_ns() + 2 * short_bound_ns,
                           [] { return Result<void>(); });
  if (!started) return tl::make_unexpected(started.error());
  if (!started->value("ok", false)) return tl::make_unexpected(error_from_json(started->value("error", json())));
  return std::make_unique<RemoteAgent>(*this, started->value("agent", std::uint64_t{0}), name);
}

Result<HostClock> RemoteHost::clock() {
  std::optional<HostClock> best;
  std::int64_t real_ahead_ns = 0;
  for (int i = 0; i < clock_readings; ++i) {
    const MonotonicNs asked_ns = monotonic_now_ns();
    const std::int64_t real_less_monotonic_ns = realtime_now_ns() - asked_ns;
    const auto reply = ask({{"request", "clock"}}, asked_ns + short_bound_ns, [] { return Result<void>(); });
    if (!reply) return tl::make_unexpected(reply.error());
    if (!reply->value("ok", false)) return tl::make_unexpected(error_from_json(reply->value("error", json())));
    const MonotonicNs answered_ns = monotonic_now_ns();
    const auto theirs_ns = reply->value("monotonic_ns", std::int64_t{0});
    const HostClock read{theirs_ns - asked_ns - (answered_ns - asked_ns) / 2, (answered_ns - asked_ns + 1) / 2};
    if (best && best->uncertainty_ns <= read.uncertainty_ns) continue;
    best = read;
    // With clocks of real time that agree, what each is ahead of its host's monotonic clock tells the rest.
    real_ahead_ns = real_less_monotonic_ns - (reply->value("realtime_ns", std::int64_t{0}) - theirs_ns);
  }
  if (clocks_agree_ns_ > 0) return HostClock{real_ahead_ns, clocks_agree_ns_};
  return *best;
}

}  // namespace xover
