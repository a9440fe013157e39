// Quantities: what is read, what is refused and how it is said, and what is written.
#include "core/units.h"

#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

using namespace std::string_view_literals;

TEST(ParseSize, ReadsBinaryUnitsInAnyCase) {
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("64"), 64U);
  for (const auto text : {"64K", "64k", "64KiB", "64kib", "65536"}) EXPECT_EQ(parse_size(text), 65536U) << text;
  EXPECT_EQ(parse_size("1M"), 1U << 20);
  EXPECT_EQ(parse_size("2G"), 2U << 30);
  EXPECT_EQ(parse_size("3TiB"), std::uint64_t{3} << 40);
  EXPECT_EQ(parse_size("0G"), 0U);
  EXPECT_EQ(parse_size("007"), 7U);
}

TEST(ParseSize, ReachesTheEndOfItsRangeAndNotBeyond) {
  EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_size("16777215T"), std::uint64_t{16777215} << 40);
  for (const auto text : {"18446744073709551616", "16777216T", "18014398509481984K", "99999999999999999999999999G"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().message(), "size too large: '" + std::string(text) + "'; sizes end below 16777216T");
  }
}

TEST(ParseSize, RefusesEverythingElse) {
  for (const auto text : {""sv, " "sv, "K"sv, "-1"sv, "+1"sv, "1.5K"sv, "64 K"sv, " 64"sv, "64 "sv, "64KB"sv, "64iB"sv,
                          "64B"sv, "64KK"sv, "64Q"sv, "0x10"sv, "1e3"sv, "64K\0"sv, "64\0"sv, "\xff\xfe"sv}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().code, ErrorCode::bad_input);
  }
}

TEST(ParseSize, SaysWhatItReadAndWhatItExpected) {
  EXPECT_EQ(parse_size("64Q").error().message(),
            "not a size: '64Q'; a size is a whole number of bytes, or of K, M, G or T, for example 64K");
  EXPECT_NE(parse_size("").error().message().find("''"), std::string::npos);
  EXPECT_NE(parse_size("1\n").error().message().find("'1\\x0a'"), std::string::npos);
}

TEST(ParseDuration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration_ns("7ns"), 7);
  EXPECT_EQ(parse_duration_ns("50us"), 50'000);
  EXPECT_EQ(parse_duration_ns("300ms"), 300'000'000);
  EXPECT_EQ(parse_duration_ns("2s"), 2'000'000'000);
  EXPECT_EQ(parse_duration_ns("2m"), 120'000'000'000);
  EXPECT_EQ(parse_duration_ns("0s"), 0);
}

TEST(ParseDuration, ReachesTheEndOfItsRangeAndNotBeyond) {
  EXPECT_EQ(parse_duration_ns("9223372036854775807ns"), INT64_MAX);
  EXPECT_EQ(parse_duration_ns("153722867m"), 153722867 * std::int64_t{60'000'000'000});
  for (const auto text : {"9223372036854775808ns", "9223372037s", "153722868m", "99999999999999999999s"}) {
    const auto duration = parse_duration_ns(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().operation, "duration too long") << text;
  }
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const auto text :
       {""sv, "s"sv, "-1s"sv, "+1s"sv, "1.5s"sv, "1 s"sv, "1S"sv, "1h"sv, "1sec"sv, "1s "sv, "ms"sv}) {
    const auto duration = parse_duration_ns(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, ErrorCode::bad_input);
    EXPECT_EQ(duration.error().operation, "not a duration") << text;
  }
}

TEST(ParseDuration, NumberAloneIsToldThatTheUnitIsMissing) {
  EXPECT_EQ(parse_duration_ns("300").error().message(),
            "duration without a unit: '300'; a duration is a whole number and a unit out of ns, us, ms, s and m, for "
            "example 300ms");
}

TEST(ParseInteger, ReadsSignedNumbers) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("+12"), 12);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_integer("-9223372036854775808"), INT64_MIN);
}

TEST(ParseInteger, RefusesEverythingElse) {
  for (const auto text : {""sv, "+"sv, "-"sv, "+-1"sv, "-+1"sv, "++1"sv, "1.0"sv, "1K"sv, " 1"sv, "1 "sv, "one"sv,
                          "0x1"sv, "1\0"sv, "99999999999999999999x"sv}) {
    const auto number = parse_integer(text);
    ASSERT_FALSE(number) << text;
    EXPECT_EQ(number.error().operation, "not a number") << text;
  }
  for (const auto text : {"9223372036854775808", "-9223372036854775809", "+9223372036854775808"}) {
    const auto number = parse_integer(text);
    ASSERT_FALSE(number) << text;
    EXPECT_EQ(number.error().operation, "number too large") << text;
  }
}

TEST(FormatSize, UsesTheLargestUnitThatIsExact) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000");
  EXPECT_EQ(format_size(1024), "1K");
  EXPECT_EQ(format_size(65536), "64K");
  EXPECT_EQ(format_size(1536 * 1024), "1536K");
  EXPECT_EQ(format_size(1 << 20), "1M");
  EXPECT_EQ(format_size(std::uint64_t{5} << 40), "5T");
  EXPECT_EQ(format_size(UINT64_MAX), "18446744073709551615");
}

TEST(FormatSize, ParsesBackToTheSame) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t size = (random() >> (random() % 64)) << (random() % 64);
    ASSERT_EQ(parse_size(format_size(size)), size) << size;
  }
}

TEST(FormatDuration, RoundsToThreeDigits) {
  EXPECT_EQ(format_duration(0), "0 ns");
  EXPECT_EQ(format_duration(999), "999 ns");
  EXPECT_EQ(format_duration(1'500), "1.5 us");
  EXPECT_EQ(format_duration(12'345), "12.3 us");
  EXPECT_EQ(format_duration(300'000'000), "300 ms");
  EXPECT_EQ(format_duration(1'500'000'000), "1.5 s");
  EXPECT_EQ(format_duration(90'000'000'000), "90 s");
  EXPECT_EQ(format_duration(3'600'000'000'000), "3600 s");
  EXPECT_EQ(format_duration(-2'000'000), "-2 ms");
  EXPECT_EQ(format_duration(INT64_MIN), "-9220000000 s");
}

TEST(FormatDuration, GoesToTheNextUnitWhenRoundingReachesIt) {
  EXPECT_EQ(format_duration(999'499), "999 us");
  EXPECT_EQ(format_duration(999'500), "1 ms");
  EXPECT_EQ(format_duration(999'999'999), "1 s");
}

TEST(FormatSignificant, KeepsTheDigitsThatCount) {
  EXPECT_EQ(format_significant(0.9512, 3), "0.951");
  EXPECT_EQ(format_significant(12.34, 3), "12.3");
  EXPECT_EQ(format_significant(1743, 3), "1740");
  EXPECT_EQ(format_significant(1.5, 3), "1.50");
  EXPECT_EQ(format_significant(0.000012345, 2), "0.000012");
  EXPECT_EQ(format_significant(-12.34, 2), "-12");
  EXPECT_EQ(format_significant(0, 3), "0");
  EXPECT_EQ(format_significant(-0.0, 3), "0");
}

TEST(FormatSignificant, CountsDigitsAfterRounding) {
  EXPECT_EQ(format_significant(0.9996, 3), "1.00");
  EXPECT_EQ(format_significant(99.96, 3), "100");
  EXPECT_EQ(format_significant(9.996, 3), "10.0");
}

TEST(FormatSignificant, TakesAnyNumberAndAnyDigits) {
  EXPECT_EQ(format_significant(std::numeric_limits<double>::quiet_NaN(), 3), "nan");
  EXPECT_EQ(format_significant(std::numeric_limits<double>::infinity(), 3), "inf");
  EXPECT_EQ(format_significant(-std::numeric_limits<double>::infinity(), 3), "-inf");
  EXPECT_EQ(format_significant(1234, 0), "1000");
  EXPECT_EQ(format_significant(1234, -5), "1000");
  for (const double extreme : {std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()}) {
    EXPECT_EQ(std::strtod(format_significant(extreme, 100).c_str(), nullptr), extreme);
  }
}

}  // namespace
}  // namespace xover
