// --peer as people write it.
#include <gtest/gtest.h>

#include "harness/remote/peer_address.h"

namespace xover {
namespace {

TEST(PeerAddress, IsReadAndShown) {
  for (const auto& [text, shown] :
       {std::pair{"host", "host:7377"}, std::pair{"host:80", "host:80"}, std::pair{"192.0.2.1", "192.0.2.1:7377"},
        std::pair{"::1", "[::1]:7377"}, std::pair{"[::1]", "[::1]:7377"},
        std::pair{"[2001:db8::2]:9", "[2001:db8::2]:9"}}) {
    const auto peer = parse_peer(text);
    ASSERT_TRUE(peer) << text << ": " << peer.error().message();
    EXPECT_EQ(peer->text(), shown);
  }
}

TEST(PeerAddress, NonsenseIsRefusedWithTheForm) {
  for (const char* text :
       {"", ":80", "host:", "host:0", "host:65536", "host:x", "[::1", "[::1]x", "a b", "host:-1", "host:+80"}) {
    const auto peer = parse_peer(text);
    ASSERT_FALSE(peer) << text;
    EXPECT_EQ(peer.error().code, ErrorCode::bad_input) << text;
    EXPECT_NE(peer.error().message().find("HOST:PORT"), std::string::npos) << peer.error().message();
  }
}

TEST(PeerAddress, NobodyListeningIsSaid) {
  const auto socket = connect_to({"127.0.0.1", "1"});
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, ErrorCode::refused);
  EXPECT_NE(socket.error().remedy.find("xover serve"), std::string::npos);
}

}  // namespace
}  // namespace xover
