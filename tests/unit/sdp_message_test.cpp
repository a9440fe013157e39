// The wire format: every message survives the way over the wire, its bytes are those of the standard, and what is not a
// message is told apart.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "transports/sdp/hello.h"
#include "transports/sdp/message.h"

namespace xover::sdp {
namespace {

std::vector<std::byte> wire_of(const Message& message) {
  std::vector<std::byte> bytes(most_head_bytes);
  bytes.resize(encode(message, bytes.data()) + message.payload_bytes);
  return bytes;
}

Malformed verdict(const std::vector<std::byte>& bytes) {
  Message out;
  return parse(bytes, out);
}

std::vector<Message> one_of_each_kind() {
  std::vector<Message> messages;
  for (unsigned code = 0; code < 256; ++code) {
    Message message{
        .kind = static_cast<Kind>(code), .buffers = 0x1234, .sequence = 0xdeadbeef, .acknowledged = 0xffffffff};
    if (to_string(message.kind).empty()) continue;
    const bool advert = message.kind == Kind::source_available || message.kind == Kind::sink_available;
    if (message.kind == Kind::data || message.kind == Kind::source_available) message.payload_bytes = 77;
    if (advert) message.key = 0xcafe, message.address = 0x123456789abcdef0;
    if (message.kind == Kind::sink_available) message.non_discards = 42;
    if (message.kind == Kind::change_mode) {
      message.mode = Mode::pipelined, message.send_half = true;
    } else if (extension_bytes(message.kind) > 0) {
      message.bytes = 0x01020304;
    }
    messages.push_back(message);
  }
  return messages;
}

TEST(SdpMessage, EveryKindSurvivesTheWayOverTheWire) {
  const auto messages = one_of_each_kind();
  EXPECT_EQ(messages.size(), 14u);
  for (const Message& message : messages) {
    Message out;
    ASSERT_EQ(parse(wire_of(message), out), Malformed::none) << to_string(message.kind);
    EXPECT_EQ(out, message) << to_string(message.kind);
  }
}

TEST(SdpMessage, TheBytesOfASourceAdvertAreThoseOfTheStandard) {
  const Message message{.kind = Kind::source_available,
                        .buffers = 0x0102,
                        .sequence = 0x03040506,
                        .acknowledged = 0x0708090a,
                        .bytes = 0x0b0c0d0e,
                        .key = 0x0f101112,
                        .address = 0x131415161718191a};
  const std::array<unsigned char, 32> expected{0xfe, 0,  1,  2,  0,  0,  0,  32, 3,  4,  5,  6,  7,  8,  9,  10,
                                               11,   12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26};
  const auto bytes = wire_of(message);
  ASSERT_EQ(bytes.size(), expected.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(static_cast<unsigned>(bytes[i]), expected[i]) << i;
}

TEST(SdpMessage, AModeChangeHasHalfAndModeInOneByte) {
  const auto bytes = wire_of({.kind = Kind::change_mode, .mode = Mode::pipelined, .send_half = true});
  EXPECT_EQ(static_cast<unsigned>(bytes[16]), 0xa0u);
}

TEST(SdpMessage, WhatIsNoMessageIsToldApart) {
  EXPECT_EQ(verdict({}), Malformed::too_short);
  EXPECT_EQ(verdict(std::vector<std::byte>(15)), Malformed::too_short);
  for (const Message& message : one_of_each_kind()) {
    auto bytes = wire_of(message);
    bytes.push_back({});
    EXPECT_EQ(verdict(bytes), Malformed::wrong_length) << to_string(message.kind);
    bytes.resize(bytes.size() - 2);
    EXPECT_EQ(verdict(bytes), bytes.size() < header_bytes ? Malformed::too_short : Malformed::wrong_length);
    bytes = wire_of(message);
    bytes[1] = std::byte{0x40};
    EXPECT_EQ(verdict(bytes), Malformed::reserved_bits) << to_string(message.kind);
    bytes[1] = {};
    bytes[0] = std::byte{0x42};
    EXPECT_EQ(verdict(bytes), Malformed::unknown_kind);
  }
  EXPECT_EQ(verdict(wire_of({.kind = Kind::read_completed})), Malformed::zero_length);
  EXPECT_EQ(verdict(wire_of({.kind = Kind::send_small, .payload_bytes = 1})), Malformed::payload_not_allowed);
  EXPECT_EQ(verdict(wire_of({.kind = Kind::source_available, .bytes = 2, .address = UINT64_MAX})),
            Malformed::address_overflow);
  auto mode = wire_of({.kind = Kind::change_mode});
  mode[16] = std::byte{0x30};
  EXPECT_EQ(verdict(mode), Malformed::reserved_bits);
  auto cut = wire_of({.kind = Kind::sink_available, .bytes = 1});
  cut.resize(20);
  cut[7] = std::byte{20};
  EXPECT_EQ(verdict(cut), Malformed::too_short);
}

TEST(SdpHello, AGreetingFitsAndComesBack) {
  const End own{.max_adverts = 9, .receives = 33, .receive_bytes = 70000};
  const auto hello = hello_of(own);
  EXPECT_LE(hello.size(), 56u);
  const auto peer = end_of(hello);
  ASSERT_TRUE(peer) << peer.error().message();
  EXPECT_EQ(*peer, own);
}

TEST(SdpHello, WhatNobodyCanTalkWithIsRefused) {
  EXPECT_FALSE(end_of({}));
  EXPECT_FALSE(end_of(hello_of({.max_adverts = 0})));
  EXPECT_FALSE(end_of(hello_of({.receives = 3})));
  EXPECT_FALSE(end_of(hello_of({.receive_bytes = 100})));
  auto other = hello_of({});
  other[4] = std::byte{2};
  ASSERT_FALSE(end_of(other));
  EXPECT_NE(end_of(other).error().message().find("version 2"), std::string::npos);
  other = hello_of({});
  other[0] = std::byte{'y'};
  EXPECT_EQ(end_of(other).error().code, ErrorCode::refused);
}

}  // namespace
}  // namespace xover::sdp
