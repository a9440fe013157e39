// Foreign text in messages.
#include "core/quote.h"

#include <string>

#include <gtest/gtest.h>

namespace xover {
namespace {

using namespace std::string_view_literals;

TEST(InQuotes, LeavesPrintableTextAsItIs) {
  EXPECT_EQ(in_quotes(""), "''");
  EXPECT_EQ(in_quotes("tcp.send[a=1] ~"), "'tcp.send[a=1] ~'");
}

TEST(InQuotes, ShowsOtherBytesInHexadecimal) {
  EXPECT_EQ(in_quotes("a\0\n\x7f\xff\x1b"sv), "'a\\x00\\x0a\\x7f\\xff\\x1b'");
}

TEST(InQuotes, CutsLongTextVisibly) {
  EXPECT_EQ(in_quotes(std::string(60, 'a')), "'" + std::string(60, 'a') + "'");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "'" + std::string(60, 'a') + "...'");
}

}  // namespace
}  // namespace xover
