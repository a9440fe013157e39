// The rule finds two types of one name, in whatever order and form, and leaves alone what no other file can see.
#include "tests/tidy/one_definition.h"

#include <gtest/gtest.h>

namespace xover::tidy {
namespace {

std::string in(const std::string& space, const std::string& code) {
  return "namespace" + space + " {\n" + code + "\n}  // namespace" + space + "\n";
}

std::size_t complaints(const std::string& one, const std::string& other, const std::string& path = "harness/b.h") {
  return types_defined_twice({{"core/a.h", one}, {path, other}}).size();
}

TEST(OneDefinition, OfTwoTypesOfOneNameIsBroken) {
  const std::string one = in(" xover", "class A {");
  for (const char* other : {"class A {", "struct A {", "class A final : public B {", "struct alignas(64) A {",
                            "enum class A : int { b, c };", "class A"})
    EXPECT_EQ(complaints(one, in(" xover", other)), 1u) << other;
  EXPECT_EQ(complaints(one, in(" xover", in("", "class B {") + "class A {")), 1u);
}

TEST(OneDefinition, IsKeptByTypesThatNoOtherFileSees) {
  const std::string one = in(" xover", "class A {");
  EXPECT_EQ(complaints(one, in(" xover", in("", "class A {"))), 0u);
  EXPECT_EQ(complaints(one, in(" xover::other", "class A {")), 0u);
  EXPECT_EQ(complaints(one, in(" xover", "  class A {")), 0u);
  for (const char* other : {"class A;", "struct B::A {", "enum class A : int;", "template <typename A>"})
    EXPECT_EQ(complaints(one, in(" xover", other)), 0u) << other;
  EXPECT_EQ(complaints(one, one, "tests/unit/b.h"), 0u);
}

}  // namespace
}  // namespace xover::tidy
