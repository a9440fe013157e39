// Which name is suggested for a misspelt one, and when none is.
#include "core/nearest.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

constexpr std::array<std::string_view, 5> ids = {"null", "tcp.send", "tcp.sendmsg", "tcp.zerocopy", "udp.send"};

TEST(NearestName, FindsTheNameMeantBehindOneMistake) {
  EXPECT_EQ(nearest_name("tcp.sendmg", ids), "tcp.sendmsg");     // left out
  EXPECT_EQ(nearest_name("tcp.sendd", ids), "tcp.send");         // too much
  EXPECT_EQ(nearest_name("tcp.zerokopy", ids), "tcp.zerocopy");  // replaced
  EXPECT_EQ(nearest_name("nul", ids), "null");
}

TEST(NearestName, SwapOfNeighboursIsOneMistake) {
  // As two replacements "abdc" would be as far from "abcd" as "abxx" is, which stands first.
  constexpr std::array<std::string_view, 2> names = {"abxx", "abcd"};
  EXPECT_EQ(nearest_name("abdc", names), "abcd");
}

TEST(NearestName, CaseIsNoMistake) { EXPECT_EQ(nearest_name("TCP.SENDMSG", ids), "tcp.sendmsg"); }

TEST(NearestName, OfEqualsTheFirst) {
  EXPECT_EQ(nearest_name("xcp.send", ids), "tcp.send");
  constexpr std::array<std::string_view, 2> names = {"size", "side"};
  EXPECT_EQ(nearest_name("sixe", names), "size");
  EXPECT_EQ(nearest_name("sine", names), "size");
}

TEST(NearestName, AThirdOfTheNameMayBeWrong) {
  constexpr std::array<std::string_view, 1> names = {"abcdefghijkl"};
  EXPECT_EQ(nearest_name("abcdefghxxxx", names), "abcdefghijkl");
  EXPECT_EQ(nearest_name("abcdefgxxxxx", names), "");
}

TEST(NearestName, NothingIsSuggestedForWhatIsFarFromAll) {
  EXPECT_EQ(nearest_name("quic", ids), "");
  EXPECT_EQ(nearest_name("", ids), "");
  EXPECT_EQ(nearest_name("tcp.send", {}), "");
  EXPECT_EQ(nearest_name(std::string(1'000'000, 't'), ids), "");
}

TEST(NearestName, ShortNamesMustShareALetter) {
  constexpr std::array<std::string_view, 1> links = {"lo"};
  EXPECT_EQ(nearest_name("l0", links), "lo");
  EXPECT_EQ(nearest_name("ab", links), "");
  EXPECT_EQ(nearest_name("x", links), "");
}

}  // namespace
}  // namespace xover
