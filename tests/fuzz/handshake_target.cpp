// A handshake over a wire that the fuzzer holds: it may alter, cut and lengthen what is said, put recorded or reflected
// bytes in its place, or speak itself. Whoever is done has heard the other side's very words, and both have the same
// keys; who has another key, or only the fuzzer to talk to, is never done.
#include <vector>

#include "harness/remote/handshake.h"
#include "tests/fuzz/bytes.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

namespace {

Key key_of(unsigned char byte) {
  Key key;
  key.bytes.fill(byte);
  return key;
}

void check(const Handshake& side) {
  if (side.state() != HandshakeState::refused) return;
  fuzz::require(!side.why().context.empty(), "a refusal has a reason");
  fuzz::require(side.why().message().find("KKKK") == std::string::npos, "a reason does not tell the key");
}

// Alone with the fuzzer's bytes, in pieces: whatever they are, they prove nothing.
template <typename Side>
void alone(const Key& key, fuzz::Bytes& bytes, std::size_t piece_bytes) {
  Side side(key);
  std::string said = side.take_output();
  while (!bytes.used_up()) {
    side.feed(bytes.up_to(piece_bytes));
    said += side.take_output();
    fuzz::require(said.size() <= 41 + 33, "a side says no more than its messages");
  }
  fuzz::require(side.end_of_stream() == HandshakeState::refused, "who proves nothing is refused");
  check(side);
}

// What reaches the other side in place of `said`. `heard` is all that went over the wire so far, in earlier
// handshakes with the same key as well.
std::string on_the_wire(std::string said, const std::vector<std::string>& heard, fuzz::Bytes& bytes) {
  switch (bytes.one() % 8) {
    case 1:
      if (!said.empty()) said[bytes.one() % said.size()] ^= static_cast<char>(bytes.one());
      break;
    case 2: said.resize(std::min<std::size_t>(said.size(), bytes.one())); break;
    case 3: said += bytes.up_to(bytes.one()); break;
    case 4: said = heard[bytes.one() % heard.size()]; break;
    case 5: {
      const std::string& other = heard[bytes.one() % heard.size()];
      const std::size_t to = bytes.one(), from = bytes.one(), count = bytes.one();
      if (to < said.size() && from < other.size()) said.replace(to, count, other.substr(from, count));
      break;
    }
    case 6: said = bytes.up_to(bytes.one()); break;
    default: break;
  }
  return said;
}

template <typename Side>
void feed(Side& side, const std::string& bytes, std::size_t piece_bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += piece_bytes)
    side.feed(std::string_view(bytes).substr(at, piece_bytes));
}

void between_two(fuzz::Bytes& bytes, std::size_t piece_bytes, const Key& key_of_client,
                 std::vector<std::string>& heard) {
  const Key key = key_of('K');
  ServerHandshake server(key);
  ClientHandshake client(key_of_client);
  std::string said[3], came[3];
  said[0] = server.take_output();
  heard.push_back(said[0]);
  feed(client, came[0] = on_the_wire(said[0], heard, bytes), piece_bytes);
  said[1] = client.take_output();
  heard.push_back(said[1]);
  feed(server, came[1] = on_the_wire(said[1], heard, bytes), piece_bytes);
  said[2] = server.take_output();
  heard.push_back(said[2]);
  feed(client, came[2] = on_the_wire(said[2], heard, bytes), piece_bytes);
  check(server), check(client);

  const bool server_done = server.state() == HandshakeState::done, client_done = client.state() == HandshakeState::done;
  const bool same_key = key_of_client == key;
  // Both sides' words, unaltered; what was added behind them is not the handshake's.
  const bool asked = (came[0] + came[2]).starts_with(said[0]) && came[1].starts_with(said[1]);
  fuzz::require(server_done == (same_key && !said[1].empty() && asked),
                "a server is done when it was told what a client with the key said to its own greeting");
  fuzz::require(!client_done || (server_done && (came[0] + came[2]).starts_with(said[0] + said[2])),
                "a client is done when the server is, and has heard the server's words");
  const bool nothing_altered = asked && came[0] == said[0] && came[2].starts_with(said[2]);
  fuzz::require(client_done || !same_key || !nothing_altered, "what nobody alters is done");
  if (!client_done) return;
  fuzz::require(
      client.keys().to_server == server.keys().to_server && client.keys().to_client == server.keys().to_client,
      "both have the same keys");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  fuzz::Bytes bytes(data, size_bytes);
  const std::uint8_t way = bytes.one();
  const std::size_t piece_bytes = (way & 1) != 0 ? 1u + bytes.one() % 64 : 1u << 20;
  const Key key = (way & 2) != 0 ? no_key() : key_of('K');
  switch (way >> 2 & 3) {
    case 0: alone<ServerHandshake>(key, bytes, piece_bytes); break;
    case 1: alone<ClientHandshake>(key, bytes, piece_bytes); break;
    case 2: {
      std::vector<std::string> heard;
      between_two(bytes, piece_bytes, key_of('K'), heard);
      between_two(bytes, piece_bytes, key_of('K'), heard);
      break;
    }
    default: {
      std::vector<std::string> heard;
      between_two(bytes, piece_bytes, (way & 2) != 0 ? no_key() : key_of('L'), heard);
      break;
    }
  }
  return 0;
}
