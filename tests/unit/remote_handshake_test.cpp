// Both ends end with the same fresh keys, or with a reason; nobody without the key gets further than the version.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/remote/handshake.h"
#include "harness/remote/hmac.h"
#include "harness/remote/sealed_frames.h"

namespace xover {
namespace {

constexpr auto needs_more = HandshakeState::needs_more, done = HandshakeState::done, refused = HandshakeState::refused;
constexpr std::size_t greeting_bytes = 41, answer_bytes = 72, closing_bytes = 33;

Key key_of(unsigned char byte) {
  Key key;
  key.bytes.fill(byte);
  return key;
}
const Key key = key_of('K');

struct Talk {
  std::string greeting, answer, closing;  // as they were sent
};

Talk talk(ClientHandshake& client, ServerHandshake& server, std::size_t piece = 1000, bool has_room = true) {
  Talk said;
  const auto pass = [piece](const std::string& bytes, const std::function<void(std::string_view)>& to) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) to(std::string_view(bytes).substr(at, piece));
  };
  said.greeting = server.take_output();
  pass(said.greeting, [&](std::string_view bytes) { client.feed(bytes); });
  said.answer = client.take_output();
  pass(said.answer, [&](std::string_view bytes) { server.feed(bytes, has_room); });
  said.closing = server.take_output();
  pass(said.closing, [&](std::string_view bytes) { client.feed(bytes); });
  EXPECT_EQ(server.take_output() + client.take_output(), "") << "nothing is said twice";
  return said;
}

std::string why(const Handshake& side) { return side.state() == refused ? side.why().message() : "is not refused"; }

bool says(const Handshake& side, std::string_view what) { return why(side).find(what) != std::string::npos; }

TEST(RemoteHandshake, GivesBothEndsTheSameKeysWhateverTheCut) {
  for (const std::size_t piece : {1u, 2u, 7u, 40u, 1000u}) {
    ClientHandshake client(key);
    ServerHandshake server(key);
    const Talk said = talk(client, server, piece);
    ASSERT_EQ(client.state(), done) << why(client);
    ASSERT_EQ(server.state(), done) << why(server);
    EXPECT_TRUE(client.keys().to_server == server.keys().to_server);
    EXPECT_TRUE(client.keys().to_client == server.keys().to_client);
    EXPECT_FALSE(client.keys().to_server == client.keys().to_client);
    EXPECT_EQ(client.take_leftover() + server.take_leftover(), "");
    EXPECT_EQ(said.greeting.size(), greeting_bytes);
    EXPECT_EQ(said.answer.size(), answer_bytes);
    EXPECT_EQ(said.closing.size(), closing_bytes);
  }
}

TEST(RemoteHandshake, HasTheFormThatIsWrittenDown) {
  ClientHandshake client(key);
  ServerHandshake server(key);
  const Talk said = talk(client, server);
  const std::string version("\1\0\0\0", 4);
  const std::string server_nonce = said.greeting.substr(9), client_nonce = said.answer.substr(8, 32);
  const auto mac = [](std::initializer_list<std::string_view> parts) {
    return std::string(view_of(hmac_sha256(key, parts)));
  };
  EXPECT_EQ(said.greeting, "XOVS" + version + "\1" + server_nonce);
  EXPECT_EQ(said.answer, "XOVC" + version + client_nonce + mac({"xover client", version, server_nonce, client_nonce}));
  EXPECT_EQ(said.closing, std::string(1, '\0') + mac({"xover server", version, client_nonce, server_nonce}));
  const SessionKeys& keys = client.keys();
  EXPECT_TRUE(keys.to_server.bytes == hmac_sha256(key, {"to server", server_nonce, client_nonce}));
  EXPECT_TRUE(keys.to_client.bytes == hmac_sha256(key, {"to client", server_nonce, client_nonce}));
}

TEST(RemoteHandshake, WorksWithoutAKeyAtEitherEnd) {
  ClientHandshake client(no_key());
  ServerHandshake server(no_key());
  talk(client, server);
  ASSERT_EQ(client.state(), done) << why(client);
  ASSERT_EQ(server.state(), done) << why(server);
  EXPECT_TRUE(client.keys().to_server == server.keys().to_server);
  EXPECT_FALSE(client.keys().to_server.is_none());
}

TEST(RemoteHandshake, GivesEachConnectionKeysOfItsOwn) {
  ClientHandshake first_client(key), second_client(key);
  ServerHandshake first_server(key), second_server(key);
  talk(first_client, first_server);
  talk(second_client, second_server);
  EXPECT_FALSE(first_client.keys().to_server == second_client.keys().to_server);
  EXPECT_FALSE(first_client.keys().to_client == second_client.keys().to_client);
  EXPECT_FALSE(first_client.keys().to_server == key);
}

TEST(RemoteHandshake, RefusesAnotherKeyAtBothEnds) {
  ClientHandshake client(key_of('L'));
  ServerHandshake server(key);
  const Talk said = talk(client, server);
  EXPECT_TRUE(says(client, "the far side has another key")) << why(client);
  EXPECT_TRUE(says(client, "--key-file"));
  EXPECT_TRUE(says(server, "did not prove that it has this server's key")) << why(server);
  EXPECT_EQ(said.closing, "\2" + std::string(32, '\0'));
}

TEST(RemoteHandshake, TellsAClientWithoutAKeyToBringOne) {
  ClientHandshake client(no_key());
  ServerHandshake server(key);
  const Talk said = talk(client, server);
  EXPECT_TRUE(
      says(client, "wants a key, and none was given; copy its key file to this host and give it with --key-file"))
      << why(client);
  EXPECT_EQ(said.answer, "");
  EXPECT_EQ(server.end_of_stream(), refused);
  EXPECT_TRUE(says(server, "ended the connection before it was over")) << why(server);
}

TEST(RemoteHandshake, TellsAClientWithAKeyThatTheServerHasNone) {
  ClientHandshake client(key);
  ServerHandshake server(no_key());
  const Talk said = talk(client, server);
  EXPECT_TRUE(says(client, "a key was given, but the far side has none")) << why(client);
  EXPECT_TRUE(says(client, "xover serve --key-file"));
  EXPECT_EQ(said.answer, "") << "a server that proves nothing gets no proof";
}

TEST(RemoteHandshake, TellsBothVersionsAtBothEnds) {
  for (const auto& [of_client, of_server] : {std::pair(2u, 3u), std::pair(3u, 2u)}) {
    ClientHandshake client(key, of_client);
    ServerHandshake server(key, of_server);
    const Talk said = talk(client, server);
    const auto text = [](unsigned far, unsigned near) {
      return "the far side speaks remote protocol " + std::to_string(far) + ", this program " + std::to_string(near) +
             "; use the same xover on both ends";
    };
    EXPECT_TRUE(says(client, text(of_server, of_client))) << why(client);
    EXPECT_TRUE(says(server, text(of_client, of_server))) << why(server);
    EXPECT_EQ(said.answer.size(), 8u) << "no more than magic and version goes to another version";
    EXPECT_EQ(said.closing[0], '\1');
  }
}

TEST(RemoteHandshake, TellsAClientOfAVersionThatTheServerDoesNotSpeak) {
  ClientHandshake client(key);
  client.feed(ServerHandshake(key).take_output());
  client.feed("\1");
  EXPECT_TRUE(says(client, "does not speak remote protocol 1")) << why(client);
}

TEST(RemoteHandshake, TellsThatItIsFullOnlyToWhoHasTheKey) {
  ClientHandshake client(key);
  ServerHandshake server(key);
  EXPECT_EQ(talk(client, server, 1000, false).closing, "\3" + std::string(32, '\0'));
  EXPECT_TRUE(says(client, "as many clients as it allows")) << why(client);
  EXPECT_TRUE(says(server, "--max-clients")) << why(server);

  ClientHandshake stranger(key_of('L'));
  ServerHandshake full_server(key);
  EXPECT_EQ(talk(stranger, full_server, 1000, false).closing[0], '\2');
}

TEST(RemoteHandshake, RefusesItsOwnProofSentBack) {
  // A server without the key: it sends back what the client proved, also as the answer to the client's own nonce.
  ClientHandshake client(key);
  const std::string greeting = ServerHandshake(key).take_output();
  client.feed(greeting);
  const std::string answer = client.take_output();
  ASSERT_EQ(answer.size(), answer_bytes);
  client.feed(std::string(1, '\0') + answer.substr(answer_bytes - 32));
  EXPECT_TRUE(says(client, "did not prove that it has the key")) << why(client);

  // A client without the key: it gives the server's nonce back as its own, with a proof made for another greeting.
  ServerHandshake server(key);
  const std::string nonce = server.take_output().substr(9);
  server.feed("XOVC" + std::string("\1\0\0\0", 4) + nonce + answer.substr(answer_bytes - 32));
  EXPECT_TRUE(says(server, "did not prove")) << why(server);
}

TEST(RemoteHandshake, RefusesWhatWasRecorded) {
  ClientHandshake client(key), later_client(key);
  ServerHandshake server(key), later_server(key);
  const Talk recorded = talk(client, server);
  later_server.feed(recorded.answer);
  EXPECT_TRUE(says(later_server, "did not prove")) << why(later_server);
  later_client.feed(recorded.greeting + recorded.closing);
  EXPECT_TRUE(says(later_client, "did not prove")) << why(later_client);
}

TEST(RemoteHandshake, WithAnyBitFlippedIsNotDoneAtBothEnds) {
  for (std::size_t bit = 0; bit < 8 * (greeting_bytes + answer_bytes + closing_bytes); ++bit) {
    ClientHandshake client(key);
    ServerHandshake server(key);
    std::size_t at = 0;
    const auto altered = [&at, bit](std::string bytes) {
      if (bit / 8 >= at && bit / 8 < at + bytes.size()) bytes[bit / 8 - at] ^= static_cast<char>(1 << bit % 8);
      at += bytes.size();
      return bytes;
    };
    client.feed(altered(server.take_output()));
    server.feed(altered(client.take_output()));
    client.feed(altered(server.take_output()));
    client.end_of_stream();
    EXPECT_EQ(client.state(), refused) << "bit " << bit;
    EXPECT_EQ(server.state() == done, bit / 8 >= greeting_bytes + answer_bytes) << "bit " << bit;
  }
}

TEST(RemoteHandshake, RefusesOtherProtocolsWithTheirFirstBytes) {
  ServerHandshake server(key);
  server.take_output();
  EXPECT_EQ(server.feed("G"), refused);
  EXPECT_TRUE(says(server, "no remote protocol of xover")) << why(server);
  EXPECT_EQ(server.take_output(), "") << "such a client is told nothing";

  ClientHandshake client(key);
  EXPECT_EQ(client.feed("XO"), needs_more);
  EXPECT_EQ(client.feed("XY"), refused);
  EXPECT_TRUE(says(client, "the far side is no xover serve")) << why(client);
  EXPECT_TRUE(says(client, "give the host and port"));
  EXPECT_EQ(client.take_output(), "");

  ServerHandshake mistaken(key);
  EXPECT_EQ(mistaken.feed(ServerHandshake(key).take_output()), refused) << "two servers do not greet each other";
}

TEST(RemoteHandshake, RefusesAMalformedGreetingAndVerdict) {
  ClientHandshake client(key);
  std::string greeting = ServerHandshake(key).take_output();
  greeting[8] = 2;
  client.feed(greeting);
  EXPECT_TRUE(says(client, "greeting is malformed")) << why(client);

  ClientHandshake another(key);
  another.feed(ServerHandshake(key).take_output());
  another.feed("\4");
  EXPECT_TRUE(says(another, "verdict is malformed")) << why(another);
}

TEST(RemoteHandshake, SaysThatItWasCut) {
  ClientHandshake client(key), cut_client(key);
  ServerHandshake server(key), cut_server(key);
  talk(client, server);
  EXPECT_EQ(client.end_of_stream(), done) << "what is done stays done";

  cut_client.feed(cut_server.take_output().substr(0, 40));
  EXPECT_EQ(cut_client.end_of_stream(), refused);
  EXPECT_EQ(cut_client.why().code, ErrorCode::peer_died);
  const std::string reason = why(cut_client);
  EXPECT_EQ(cut_client.feed("more"), refused);
  EXPECT_EQ(why(cut_client), reason) << "the first reason stays";
}

TEST(RemoteHandshake, KeepsTheFramesBehindIt) {
  ClientHandshake client(key);
  ServerHandshake server(key);
  client.feed(server.take_output());
  server.feed(client.take_output() + "a fra");
  ASSERT_EQ(server.state(), done) << why(server);
  server.feed("me");
  EXPECT_EQ(server.take_leftover(), "a frame");
  EXPECT_EQ(server.take_leftover(), "");

  SealedWriter writer(server.keys().to_client);
  client.feed(server.take_output() + writer.seal("welcome"));
  ASSERT_EQ(client.state(), done) << why(client);
  SealedParser parser(client.keys().to_client);
  parser.feed(client.take_leftover());
  const auto text = parser.next();
  ASSERT_TRUE(text) << text.error().message();
  EXPECT_EQ(*text, "welcome");
}

TEST(RemoteHandshake, NeverSaysTheKey) {
  std::string everything;
  const auto hear = [&everything](const Key& of_client, const Key& of_server, unsigned version) {
    ClientHandshake client(of_client, version);
    ServerHandshake server(of_server);
    const Talk said = talk(client, server);
    everything += said.greeting + said.answer + said.closing + why(client) + why(server);
  };
  hear(key, key, 1), hear(key_of('L'), key, 1), hear(no_key(), key, 1), hear(key, no_key(), 1), hear(key, key, 2);
  for (const char* part : {"KKKK", "LLLL", "4b4b4b4b", "4B4B4B4B"})
    EXPECT_EQ(everything.find(part), std::string::npos) << part;
}

}  // namespace
}  // namespace xover
