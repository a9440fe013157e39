// What visitors say, and what they are told.
#include "harness/server/visitor.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/quote.h"
#include "harness/agents/protocol.h"
#include "harness/server/clock_reply.h"

namespace xover {

using nlohmann::json;

namespace {

constexpr MonotonicNs handshake_bound_ns = 5'000'000'000;  // hello included
constexpr MonotonicNs leaving_bound_ns = 1'000'000'000;
constexpr std::size_t longest_request = 4096;  // before its turn
constexpr std::size_t most_unsent = 64 * 1024;
constexpr std::size_t longest_name = 128;

std::string cut(std::string text) {
  text.resize(std::min(text.size(), longest_name));
  return text;
}

json refused(std::string why) {
  return failed_reply(Error{ErrorCode::refused, 0, "serve request", std::move(why), ""});
}

}  // namespace

Visitor::Visitor(FileDescriptor socket, std::string name, std::string network, const ServerTerms& terms,
                 MonotonicNs now)
    : socket_(std::move(socket)),
      name_(std::move(name)),
      network_(std::move(network)),
      terms_(terms),
      came_at_(now),
      handshake_(std::in_place, terms.key) {
  unsent_ = handshake_->take_output();
  write();
}

short Visitor::events() const { return static_cast<short>(POLLIN | (unsent_.empty() ? 0 : POLLOUT)); }

std::optional<MonotonicNs> Visitor::deadline() const {
  if (stage_ == Stage::handshake || stage_ == Stage::hello) return came_at_ + handshake_bound_ns;
  if (stage_ == Stage::leaving) return leaves_at_;
  return std::nullopt;
}

std::optional<std::string> Visitor::take_refusal() { return std::exchange(refusal_, std::nullopt); }

void Visitor::serve(bool has_room, MonotonicNs now) {
  if (stage_ != Stage::gone) write();
  if (stage_ != Stage::gone) read(has_room, now);
  if (stage_ != Stage::gone) write();
}

void Visitor::look_at_clock(MonotonicNs now) {
  const auto bound = deadline();
  if (!bound || now < *bound) return;
  if (stage_ == Stage::leaving) {
    stage_ = Stage::gone;
    return;
  }
  drop(stage_ == Stage::handshake ? "it said too little for too long" : "it proved its key, and said no hello");
}

void Visitor::drop(const std::string& why) {
  if (stage_ != Stage::leaving && stage_ != Stage::gone) refusal_ = why;
  stage_ = Stage::gone;
}

void Visitor::send_away(const std::string& why, MonotonicNs now) {
  if (!has_key()) return drop(why);
  tell({{"event", "closing"}, {"why", why}});
  if (stage_ == Stage::gone) return;
  refusal_ = why;
  leave(now);
}

void Visitor::leave(MonotonicNs now) {
  stage_ = Stage::leaving;
  leaves_at_ = now + leaving_bound_ns;
  write();
}

void Visitor::tell_place(std::size_t place) {
  if (place == place_) return;
  place_ = place;
  tell({{"event", "queued"}, {"place", place}});
  write();
}

HandedClient Visitor::hand_over() {
  return {.keys = *keys_,
          .read_sequence = parser_->sequence(),
          .write_sequence = writer_->sequence(),
          .unparsed = parser_->take_unparsed(),
          .unsent = std::exchange(unsent_, {}),
          .limits = terms_.limits};
}

void Visitor::write() {
  while (!unsent_.empty()) {
    const ssize_t sent = send(socket_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      unsent_.erase(0, static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      if (errno != EAGAIN) drop(std::strerror(errno));
      return;
    }
  }
  if (stage_ == Stage::leaving) shutdown(socket_.get(), SHUT_WR);
}

void Visitor::tell(const json& text) {
  unsent_ += writer_->seal(text.dump(-1, ' ', false, json::error_handler_t::replace));
  if (unsent_.size() > most_unsent) drop("it does not read what it is told");
}

// At most one recv for each time round, so that nobody keeps the others waiting.
void Visitor::read(bool has_room, MonotonicNs now) {
  std::array<char, 4096> bytes;
  const ssize_t got = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end_of_stream(got == 0 ? "it left" : std::strerror(errno));
  const std::string_view text(bytes.data(), static_cast<std::size_t>(got));
  if (stage_ == Stage::handshake) {
    read_handshake(text, has_room, now);
  } else if (has_key()) {
    parser_->feed(text);
    read_requests(now);
  }
}

void Visitor::end_of_stream(const std::string& how) {
  drop(stage_ == Stage::handshake ? how + " in the handshake" : how + " before its turn");
}

void Visitor::read_handshake(std::string_view bytes, bool has_room, MonotonicNs now) {
  const HandshakeState state = handshake_->feed(bytes, has_room);
  unsent_ += handshake_->take_output();
  if (state == HandshakeState::needs_more) return;
  if (state == HandshakeState::refused) {
    refusal_ = handshake_->why().context;
    return leave(now);
  }
  keys_ = handshake_->keys();
  writer_.emplace(keys_->to_client);
  parser_.emplace(keys_->to_server, longest_request);
  parser_->feed(handshake_->take_leftover());
  handshake_.reset();
  stage_ = Stage::hello;
  read_requests(now);
}

void Visitor::read_requests(MonotonicNs now) {
  while (has_key()) {
    const auto text = parser_->next();
    if (!text) return send_away(text.error().message(), now);
    if (!*text) return;
    const json request = json::parse(**text, nullptr, false);
    const auto id = request.is_object() ? request.find("id") : request.end();
    if (!request.is_object() || id == request.end() || !id->is_number_unsigned())
      return send_away("it sent what is no request", now);
    json answered = answer(request);
    answered["id"] = *id;
    tell(answered);
    if (stage_ == Stage::gone || !goes_) continue;
    refusal_ = "it said goodbye before its turn";
    leave(now);
  }
}

json Visitor::answer(const json& request) {
  const auto member = request.find("request");
  const std::string name = member != request.end() && member->is_string() ? member->get<std::string>() : std::string();
  if (name == "hello") return answer_hello(request);
  if (name == "clock") return clock_reply();
  if (name == "bye") {
    goes_ = true;
    return {{"ok", true}};
  }
  return refused(stage_ == Stage::hello ? "hello comes first" : in_quotes(name) + " before its turn");
}

json Visitor::answer_hello(const json& request) {
  if (stage_ == Stage::queued) return refused("hello was said already");
  const auto protocol = request.find("protocol");
  if (protocol != request.end() && *protocol != protocol_version)
    return failed_reply(Error{ErrorCode::unsupported, 0, "hello",
                              fmt::format("agents of this host speak protocol {}, the client {}", protocol_version,
                                          cut(protocol->dump(-1, ' ', false, json::error_handler_t::replace))),
                              "use the same xover on both ends"});
  const auto text = [&](const char* key) {
    const auto member = request.find(key);
    return member != request.end() && member->is_string() ? cut(member->get<std::string>()) : std::string();
  };
  program_ = text("program");
  run_ = text("run");
  stage_ = Stage::queued;
  return {
      {"ok", true}, {"program", terms_.program}, {"protocol", protocol_version}, {"limits", to_json(terms_.limits)}};
}

}  // namespace xover
