// How two hosts show each other that they hold the same key, before anything else is said. No I/O: bytes in any cut go
// in, bytes to send come out. All numbers are little-endian.
//
//   server, at once   "XOVS", u32 version, u8 wants_key, nonce[32]
//   client            "XOVC", u32 version, nonce[32], proof[32]
//   server            u8 verdict, proof[32] (zeros unless welcome)
//
// Magic and version begin the first message of each side in every version, and are all that is read, and all that a
// client sends, where the versions differ. A client without the key learns the version and that a key is wanted; that
// the server is full is told only to who holds the key. Why it is safe: docs/decisions/0027-one-key-two-proofs.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "harness/remote/hmac.h"
#include "harness/remote/key_file.h"

namespace xover {

inline constexpr std::uint32_t remote_protocol_version = 1;

enum class HandshakeState : std::uint8_t { needs_more, done, refused };

// For SealedWriter and SealedParser: a writer of the client and a parser of the server have `to_server`.
struct SessionKeys {
  Key to_server, to_client;
};

// What both ends have in common. One thread.
class Handshake {
 public:
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  HandshakeState state() const { return state_; }

  // What is to be sent now, each byte once; empty when there is nothing. After `refused` there may be a last word for
  // the other side: send it, shut down writing, and read on for a moment before closing, because TCP throws away what
  // it has not delivered when a socket is closed with bytes unread.
  std::string take_output();

  const Error& why() const { return *why_; }          // only when refused
  const SessionKeys& keys() const { return *keys_; }  // only when done

  // Bytes that came behind the handshake: the beginning of the first frame. Only when done; each byte once.
  std::string take_leftover();

  // The other side ended the connection: `refused` with a reason, if the handshake was still under way.
  HandshakeState end_of_stream();

 protected:
  Handshake(const Key& key, std::uint32_t version);
  ~Handshake() = default;

  HandshakeState refuse(ErrorCode code, std::string context, std::string remedy = {});
  // How the other side's first message begins; the last two are refused by this call.
  enum class Opening : std::uint8_t { incomplete, same_version, other_version, other_protocol };
  Opening read_opening(std::string_view magic, std::string_view other_program);
  void finish(std::string_view server_nonce, std::string_view client_nonce);
  Tag proof(std::string_view label, std::string_view first_nonce, std::string_view second_nonce) const;

  Key key_;
  std::uint32_t version_;
  HandshakeState state_ = HandshakeState::needs_more;
  std::string own_nonce_;
  std::string input_, output_;

 private:
  std::optional<Error> why_;
  std::optional<SessionKeys> keys_;
};

// The greeting is ready to be sent as soon as the object is there. A server with a key wants it proven; one with
// no_key() takes every client that has none.
class ServerHandshake : public Handshake {
 public:
  explicit ServerHandshake(const Key& key, std::uint32_t version = remote_protocol_version);

  // Bytes from the client, in any cut. `has_room` is whether a client that proves itself would be taken now. Keeps what
  // lies behind the handshake, and nothing once it is refused.
  HandshakeState feed(std::string_view bytes, bool has_room = true);
};

// Refuses a server that wants a key when there is none, and one that has no key when there is one: a server that proves
// nothing might be anybody.
class ClientHandshake : public Handshake {
 public:
  explicit ClientHandshake(const Key& key, std::uint32_t version = remote_protocol_version);

  HandshakeState feed(std::string_view bytes);  // from the server, in any cut

 private:
  void answer_greeting();
  void read_verdict();

  std::string server_nonce_;  // empty until the greeting was answered
};

}  // namespace xover
