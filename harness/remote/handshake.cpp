// Both ends of the handshake.
#include "harness/remote/handshake.h"

#include <utility>

#include <fmt/format.h>
#include <openssl/rand.h>

#include "harness/remote/little_endian.h"

namespace xover {

namespace {

constexpr std::string_view server_magic = "XOVS", client_magic = "XOVC";
constexpr std::string_view server_program = "xover serve", client_program = "client of xover serve";
constexpr std::size_t magic_bytes = 4, opening_bytes = magic_bytes + 4, nonce_bytes = 32;
constexpr std::size_t greeting_bytes = opening_bytes + 1 + nonce_bytes;
constexpr std::size_t answer_bytes = opening_bytes + nonce_bytes + tag_bytes;
constexpr std::size_t closing_bytes = 1 + tag_bytes;

enum Verdict : unsigned char { welcome = 0, other_version = 1, wrong_key = 2, full = 3 };

std::string said(Verdict verdict, std::string_view proof = {}) {
  std::string text(1, static_cast<char>(verdict));
  text += proof;
  text.resize(closing_bytes, '\0');
  return text;
}

}  // namespace

Handshake::Handshake(const Key& key, std::uint32_t version)
    : key_(key), version_(version), own_nonce_(nonce_bytes, '\0') {
  if (RAND_bytes(reinterpret_cast<unsigned char*>(own_nonce_.data()), nonce_bytes) != 1)
    refuse(ErrorCode::internal, "the system gives no random bytes");
}

std::string Handshake::take_output() { return std::exchange(output_, {}); }

std::string Handshake::take_leftover() { return std::exchange(input_, {}); }

HandshakeState Handshake::end_of_stream() {
  if (state_ == HandshakeState::needs_more)
    refuse(ErrorCode::peer_died, "the far side ended the connection before it was over",
           "what it prints there may tell why");
  return state_;
}

HandshakeState Handshake::refuse(ErrorCode code, std::string context, std::string remedy) {
  why_ = Error{code, 0, "handshake with the far side", std::move(context), std::move(remedy)};
  input_ = {};
  return state_ = HandshakeState::refused;
}

// Bytes that are no magic are refused as soon as they differ: a far side that speaks something else may say no more.
Handshake::Opening Handshake::read_opening(std::string_view magic, std::string_view other_program) {
  const std::string_view begun = std::string_view(input_).substr(0, magic_bytes);
  if (begun != magic.substr(0, begun.size())) {
    refuse(ErrorCode::refused,
           fmt::format("what came is no remote protocol of xover; the far side is no {}", other_program),
           other_program == client_program ? "" : "give the host and port that `xover serve` tells when it starts");
    return Opening::other_protocol;
  }
  if (input_.size() < opening_bytes) return Opening::incomplete;
  const std::uint32_t other = read_u32(std::string_view(input_).substr(magic_bytes));
  if (other == version_) return Opening::same_version;
  refuse(ErrorCode::refused, fmt::format("the far side speaks remote protocol {}, this program {}", other, version_),
         "use the same xover on both ends");
  return Opening::other_version;
}

Tag Handshake::proof(std::string_view label, std::string_view first_nonce, std::string_view second_nonce) const {
  std::string version;
  append_little_endian(version, version_);
  return hmac_sha256(key_, {label, version, first_nonce, second_nonce});
}

void Handshake::finish(std::string_view server_nonce, std::string_view client_nonce) {
  keys_ = SessionKeys{.to_server = derived_key(key_, {"to server", server_nonce, client_nonce}),
                      .to_client = derived_key(key_, {"to client", server_nonce, client_nonce})};
  state_ = HandshakeState::done;
}

ServerHandshake::ServerHandshake(const Key& key, std::uint32_t version) : Handshake(key, version) {
  if (state_ == HandshakeState::refused) return;
  output_ = server_magic;
  append_little_endian(output_, version_);
  output_.push_back(key_.is_none() ? '\0' : '\1');
  output_ += own_nonce_;
}

HandshakeState ServerHandshake::feed(std::string_view bytes, bool has_room) {
  if (state_ == HandshakeState::refused) return state_;
  input_ += bytes;
  if (state_ == HandshakeState::done) return state_;
  const Opening opening = read_opening(client_magic, client_program);
  if (opening == Opening::other_version) output_ += said(other_version);
  if (opening != Opening::same_version || input_.size() < answer_bytes) return state_;

  const std::string client_nonce = input_.substr(opening_bytes, nonce_bytes);
  const std::string_view client_proof = std::string_view(input_).substr(answer_bytes - tag_bytes, tag_bytes);
  if (!is_tag(proof("xover client", own_nonce_, client_nonce), client_proof)) {
    output_ += said(wrong_key);
    return refuse(ErrorCode::not_permitted, "the client did not prove that it has this server's key",
                  "copy the key file of this host to the client's, and give it there with --key-file");
  }
  if (!has_room) {
    output_ += said(full);
    return refuse(ErrorCode::refused, "as many clients as are allowed are here already", "see serve's --max-clients");
  }
  output_ += said(welcome, view_of(proof("xover server", client_nonce, own_nonce_)));
  input_.erase(0, answer_bytes);
  finish(own_nonce_, client_nonce);
  return state_;
}

ClientHandshake::ClientHandshake(const Key& key, std::uint32_t version) : Handshake(key, version) {}

HandshakeState ClientHandshake::feed(std::string_view bytes) {
  if (state_ == HandshakeState::refused) return state_;
  input_ += bytes;
  if (state_ == HandshakeState::needs_more && server_nonce_.empty()) answer_greeting();
  if (state_ == HandshakeState::needs_more && !server_nonce_.empty()) read_verdict();
  return state_;
}

void ClientHandshake::answer_greeting() {
  const Opening opening = read_opening(server_magic, server_program);
  std::string answer(client_magic);
  append_little_endian(answer, version_);
  if (opening == Opening::other_version) output_ = answer;  // so that the server can tell it as well
  if (opening != Opening::same_version || input_.size() < greeting_bytes) return;

  const unsigned char wants_key = static_cast<unsigned char>(input_[opening_bytes]);
  if (wants_key > 1) {
    refuse(ErrorCode::bad_input, "the far side's greeting is malformed");
  } else if (wants_key == 1 && key_.is_none()) {
    refuse(ErrorCode::not_permitted, "the far side wants a key, and none was given",
           "copy its key file to this host and give it with --key-file");
  } else if (wants_key == 0 && !key_.is_none()) {
    refuse(ErrorCode::not_permitted, "a key was given, but the far side has none, so it cannot prove who it is",
           "start it with the same key: xover serve --key-file FILE");
  } else {
    server_nonce_ = input_.substr(greeting_bytes - nonce_bytes, nonce_bytes);
    input_.erase(0, greeting_bytes);
    output_ = answer + own_nonce_;
    output_ += view_of(proof("xover client", server_nonce_, own_nonce_));
  }
}

void ClientHandshake::read_verdict() {
  if (input_.empty()) return;
  switch (static_cast<unsigned char>(input_[0])) {
    case welcome: break;
    case other_version:
      refuse(ErrorCode::refused,
             fmt::format("the far side says that it does not speak remote protocol {}, as this program does", version_),
             "use the same xover on both ends");
      return;
    case wrong_key:
      refuse(ErrorCode::not_permitted, "the far side has another key",
             "copy its key file to this host and give it with --key-file");
      return;
    case full:
      refuse(ErrorCode::refused, "the far side has as many clients as it allows",
             "try again later, or start it with a greater --max-clients");
      return;
    default: refuse(ErrorCode::bad_input, "the far side's verdict is malformed"); return;
  }
  if (input_.size() < closing_bytes) return;
  if (!is_tag(proof("xover server", own_nonce_, server_nonce_), std::string_view(input_).substr(1, tag_bytes))) {
    refuse(ErrorCode::not_permitted,
           "the far side did not prove that it has the key, so it is not the server that it says",
           "look at who listens at that address, and at what is between the two hosts");
    return;
  }
  input_.erase(0, closing_bytes);
  finish(server_nonce_, own_nonce_);
}

}  // namespace xover
