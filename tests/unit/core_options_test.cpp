// Checking of what a user wrote against a transport's table of options.
#include "core/options.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

constexpr std::array<OptionSpec, 4> table = {{
    {.name = "mode", .kind = OptionKind::choice, .default_value = "copy", .choices = "copy|loan|both"},
    {.name = "nodelay", .kind = OptionKind::boolean, .default_value = "on"},
    {.name = "burst", .kind = OptionKind::integer, .default_value = "32", .least = 1, .greatest = 64},
    {.name = "buffer", .kind = OptionKind::size, .default_value = "64K", .least = 4096, .greatest = 1 << 20},
}};

Result<Options> resolve(const OptionText& text) { return Options::resolve("tcp.send", table, text); }

std::string message_for(const OptionText& text) {
  const auto options = resolve(text);
  if (options) return "accepted";
  EXPECT_EQ(options.error().code, ErrorCode::bad_input);
  return options.error().message();
}

TEST(Options, HasTheDefaultsOfWhatWasNotWritten) {
  const auto options = resolve({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->choice("mode"), "copy");
  EXPECT_TRUE(options->boolean("nodelay"));
  EXPECT_EQ(options->integer("burst"), 32);
  EXPECT_EQ(options->size_bytes("buffer"), 65536U);
}

TEST(Options, HasWhatWasWritten) {
  const auto options = resolve({{"mode", "loan"}, {"nodelay", "off"}, {"burst", "64"}, {"buffer", "4KiB"}});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->choice("mode"), "loan");
  EXPECT_FALSE(options->boolean("nodelay"));
  EXPECT_EQ(options->integer("burst"), 64);
  EXPECT_EQ(options->size_bytes("buffer"), 4096U);
}

TEST(Options, BooleansHaveFourSpellingsEach) {
  for (const auto* text : {"on", "true", "yes", "1"}) EXPECT_TRUE(resolve({{"nodelay", text}})->boolean("nodelay"));
  for (const auto* text : {"off", "false", "no", "0"}) EXPECT_FALSE(resolve({{"nodelay", text}})->boolean("nodelay"));
  EXPECT_EQ(message_for({{"nodelay", "maybe"}}),
            "option 'nodelay' of tcp.send: neither on nor off: 'maybe'; write on or off");
}

TEST(Options, UnknownNameIsAnsweredWithTheNearestAndAll) {
  EXPECT_EQ(message_for({{"brust", "1"}}),
            "unknown option 'brust' of tcp.send; did you mean 'burst'? It has: mode, nodelay, burst, buffer");
  EXPECT_EQ(message_for({{"quux", "1"}}), "unknown option 'quux' of tcp.send; it has: mode, nodelay, burst, buffer");
}

TEST(Options, TransportWithoutOptionsSaysSo) {
  const auto options = Options::resolve("null", {}, {{"burst", "1"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(), "unknown option 'burst' of null; it has no options");
}

TEST(Options, WrongChoiceIsAnsweredWithTheNearestAndAll) {
  EXPECT_EQ(
      message_for({{"mode", "laon"}}),
      "option 'mode' of tcp.send: 'laon' is none of its choices; did you mean 'loan'? It takes: copy, loan, both");
  EXPECT_NE(message_for({{"mode", ""}}).find("'' is none of its choices"), std::string::npos);
  EXPECT_NE(message_for({{"mode", "copy|loan"}}).find("none of its choices"), std::string::npos);
}

TEST(Options, NumbersOutsideTheRangeAreRefused) {
  EXPECT_TRUE(resolve({{"burst", "1"}}));
  EXPECT_EQ(message_for({{"burst", "0"}}), "option 'burst' of tcp.send: '0' is out of range; it takes 1 to 64");
  EXPECT_EQ(message_for({{"burst", "65"}}), "option 'burst' of tcp.send: '65' is out of range; it takes 1 to 64");
  EXPECT_EQ(message_for({{"buffer", "2M"}}), "option 'buffer' of tcp.send: '2M' is out of range; it takes 4K to 1M");
}

TEST(Options, SizeThatNoOptionCanHoldIsRefused) {
  constexpr std::array<OptionSpec, 1> open_ended = {
      {{.name = "pool", .kind = OptionKind::size, .default_value = "1M"}}};
  EXPECT_TRUE(Options::resolve("x", open_ended, {{"pool", "8388607T"}}));
  const auto options = Options::resolve("x", open_ended, {{"pool", "8388608T"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(),
            "option 'pool' of x: size too large: '8388608T'; sizes of options end below 8388608T");
}

TEST(Options, RangeWithoutUpperBoundIsSaidSo) {
  constexpr std::array<OptionSpec, 1> open_ended = {{{.name = "n", .default_value = "3", .least = 2}}};
  const auto options = Options::resolve("x", open_ended, {{"n", "-1"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().message(), "option 'n' of x: '-1' is out of range; it takes at least 2");
}

TEST(Options, TextOfTheWrongKindIsRefused) {
  EXPECT_EQ(message_for({{"burst", "many"}}),
            "option 'burst' of tcp.send: not a number: 'many'; expected a whole number, for example 8");
  EXPECT_EQ(
      message_for({{"buffer", "64Q"}}),
      "option 'buffer' of tcp.send: not a size: '64Q'; a size is a whole number of bytes, or of K, M, G or T, for "
      "example 64K");
  EXPECT_NE(message_for({{"burst", "4K"}}), "accepted");
  EXPECT_NE(message_for({{"burst", ""}}), "accepted");
}

#ifndef NDEBUG
TEST(OptionsDeathTest, AskingForWhatTheTableLacksAsserts) {
  const auto options = resolve({});
  ASSERT_TRUE(options);
  EXPECT_DEATH(static_cast<void>(options->integer("nothing")), "no such option");
  EXPECT_DEATH(static_cast<void>(options->integer("buffer")), "no such option");
}

TEST(OptionsDeathTest, WrongDefaultAsserts) {
  constexpr std::array<OptionSpec, 1> wrong = {{{.name = "n", .default_value = "many"}}};
  EXPECT_DEATH(static_cast<void>(Options::resolve("x", wrong, {})), "default");
}
#endif

}  // namespace
}  // namespace xover
