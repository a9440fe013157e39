// Blocking with bounds, over the pure classes of harness/remote.
#include "tests/server/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

namespace xover::test {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr milliseconds patience{60'000};  // under a sanitizer, on a machine with other work

}  // namespace

Key another_key() {
  Key key;
  key.bytes.fill(7);
  return key;
}

FileDescriptor connect_to(std::uint16_t port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error(std::string("connect: ") + std::strerror(errno));
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

TestClient::TestClient(std::uint16_t port, const Key& key, std::uint32_t version)
    : socket_(connect_to(port)), handshake_(key, version) {}

TestClient::~TestClient() = default;

bool TestClient::receive(Clock::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
  pollfd watched{socket_.get(), POLLIN, 0};
  if (poll(&watched, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <= 0) return false;
  std::array<char, 65536> bytes;
  const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) throw ServerGone(got == 0 ? "end of stream" : std::strerror(errno));
  const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
  received_bytes += text;
  if (handshake_.state() != HandshakeState::done) {
    handshake_.feed(text);
    send_bytes(handshake_.take_output());
    if (handshake_.state() != HandshakeState::done) return true;
    writer_.emplace(handshake_.keys().to_server);
    parser_.emplace(handshake_.keys().to_client);
    parser_->feed(handshake_.take_leftover());
  } else {
    parser_->feed(text);
  }
  for (;;) {
    const auto text_of_frame = parser_->next();
    if (!text_of_frame) throw std::runtime_error(text_of_frame.error().message());
    if (!*text_of_frame) return true;
    inbox_.push_back(json::parse(**text_of_frame));
  }
}

HandshakeState TestClient::shake_hands() {
  const auto deadline = Clock::now() + patience;
  try {
    while (handshake_.state() == HandshakeState::needs_more)
      if (!receive(deadline)) throw std::runtime_error("the handshake takes too long");
  } catch (const ServerGone&) {
    handshake_.end_of_stream();
  }
  return handshake_.state();
}

std::optional<TestClient::json> TestClient::take(const std::function<bool(const json&)>& wanted, milliseconds bound) {
  for (const auto deadline = Clock::now() + bound;;) {
    const auto found = std::ranges::find_if(inbox_, wanted);
    if (found != inbox_.end()) {
      json text = std::move(*found);
      inbox_.erase(found);
      return text;
    }
    if (!receive(deadline)) return std::nullopt;
  }
}

std::uint64_t TestClient::send(json request) {
  request["id"] = ++last_id_;
  send_bytes(seal(request));
  return last_id_;
}

TestClient::json TestClient::request(json request) { return answer_to(send(std::move(request))); }

std::string TestClient::seal(const json& text) { return writer_->seal(text.dump()); }

TestClient::json TestClient::answer_to(std::uint64_t id) {
  const auto answer = take([&](const json& text) { return text.contains("id") && text["id"] == id; }, patience);
  if (!answer) throw std::runtime_error("no answer");
  return *answer;
}

std::optional<TestClient::json> TestClient::event_within(const std::string& name, milliseconds bound) {
  return take([&](const json& text) { return text.contains("event") && text["event"] == name; }, bound);
}

TestClient::json TestClient::event(const std::string& name) {
  const auto event = event_within(name, patience);
  if (!event) throw std::runtime_error("no event " + name);
  return *event;
}

TestClient::json TestClient::say_hello(const std::string& run) {
  if (shake_hands() != HandshakeState::done) throw std::runtime_error(handshake_.why().message());
  return request({{"request", "hello"}, {"program", "0.1.0"}, {"run", run}});
}

void TestClient::reach_turn() {
  if (!say_hello()["ok"]) throw std::runtime_error("hello was refused");
  event("turn");
}

std::uint64_t TestClient::start_agent() {
  const json started = request({{"request", "start_agent"}, {"name", "far agent"}});
  if (!started["ok"]) throw std::runtime_error(started.dump());
  return started["agent"];
}

TestClient::json TestClient::ask(std::uint64_t agent, const json& body, std::int64_t bound_ns) {
  return request({{"request", "ask"}, {"agent", agent}, {"bound_ns", bound_ns}, {"body", body}});
}

void TestClient::send_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) throw ServerGone(std::strerror(errno));
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool TestClient::is_closed_within(milliseconds bound) {
  try {
    for (const auto deadline = Clock::now() + bound; Clock::now() < deadline;) receive(deadline);
  } catch (const ServerGone&) {
    return true;
  }
  return false;
}

}  // namespace xover::test
