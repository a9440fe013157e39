// Each rule finds what it forbids, where it is, and nothing else.
#include "tests/tidy/code_rules.h"

#include <gtest/gtest.h>

namespace xover::tidy {
namespace {

SourceFile code(std::string text) { return {"core/x.cpp", std::move(text)}; }

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(LongLines, CountColumnsNotBytes) {
  EXPECT_TRUE(long_lines(code(std::string(120, 'x') + "\n")).empty());
  EXPECT_TRUE(long_lines(code(repeated("\u00e9", 120) + "\n")).empty());
  const auto complaints = long_lines(code("\n" + std::string(121, 'x') + "\n"));
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0], "core/x.cpp:2: 121 columns, at most 120");
}

TEST(LongLines, MayBeTablesInDocuments) {
  const std::string row = "|" + std::string(200, 'x') + "\n";
  EXPECT_TRUE(long_lines({"docs/x.md", row}).empty());
  EXPECT_EQ(long_lines({"docs/x.md", "x" + row}).size(), 1u);
}

TEST(LongFile, BeginsAboveTheLimit) {
  EXPECT_TRUE(long_file(code(repeated("\n", max_file_lines))).empty());
  EXPECT_EQ(long_file(code(repeated("\n", max_file_lines + 1))).size(), 1u);
}

TEST(FirstComment, IsAskedOfCodeAndScripts) {
  EXPECT_TRUE(missing_first_comment(code("// What it is for.\n")).empty());
  EXPECT_EQ(missing_first_comment(code("#pragma once\n")).size(), 1u);
  EXPECT_EQ(missing_first_comment({"configs/x.toml", "rounds = 3\n"}).size(), 1u);
  EXPECT_TRUE(missing_first_comment({"core/meson.build", "files()\n"}).empty());
}

TEST(LastNewline, IsMissed) {
  EXPECT_TRUE(missing_last_newline(code("x\n")).empty());
  EXPECT_EQ(missing_last_newline(code("x\ny")).size(), 1u);
}

TEST(BannedWords, AreFoundInCommentsAndCode) {
  EXPECT_EQ(banned_words(code(std::string("// TO") + "DO later\n")).size(), 1u);
  EXPECT_EQ(banned_words(code(std::string("using name") + "space std;\n")).size(), 0u + 1u);
  EXPECT_EQ(banned_words(code(std::string("if (fo") + "rk() == 0) {\n")).size(), 1u);
  EXPECT_TRUE(banned_words(code("fmt::print(\"a forked path\"); forks();\n")).empty());
}

TEST(PathsOfOneMachine, AreFound) {
  EXPECT_EQ(paths_of_one_machine(code(std::string("open(\"/ho") + "me/me/file\");\n")).size(), 1u);
  EXPECT_TRUE(paths_of_one_machine(code("open(\"/proc/self/maps\"); // docs/home/x and home/x\n")).empty());
}

TEST(WithoutCommentsAndLiterals, KeepsLinesAndLength) {
  const std::string text = "a \"}\\\"{\" b // {\n/* {\n */ c '{' 1'000 R\"x({)x\" d\n#define X {\\\n {\ne\n";
  const std::string code = without_comments_and_literals(text);
  EXPECT_EQ(code.size(), text.size());
  EXPECT_EQ(std::count(code.begin(), code.end(), '\n'), std::count(text.begin(), text.end(), '\n'));
  EXPECT_EQ(code.find_first_of("{}\""), std::string::npos);
  for (const char kept : std::string("abcde")) EXPECT_NE(code.find(kept), std::string::npos) << kept;
}

TEST(LongFunctions, AreFoundInClassesAndBehindInitialisers) {
  const std::string body = repeated("  x();\n", max_function_lines);
  for (const std::string head :
       {"void f() ", "class A {\n  int f(int a) const noexcept ", "TEST(A, B) ", "A::A(int a) : a_{a}, b_{2} ",
        "auto f() -> std::vector<int> ", "A::A()\n    : a_(1),\n      b_{} "}) {
    EXPECT_EQ(long_functions(code(head + "{\n" + body + "}\n")).size(), 1u) << head;
    EXPECT_TRUE(long_functions(code(head + "{\n  x();\n}\n" + repeated("int a;\n", 100))).empty()) << head;
  }
}

TEST(LongFunctions, AreNeitherTypesNorNamespacesNorTables) {
  const std::string body = repeated("  x(1),\n", max_function_lines + 1);
  for (const std::string head : {"namespace a ", "struct A ", "enum class A : int ", "constexpr std::array rows"}) {
    EXPECT_TRUE(long_functions(code(head + "{\n" + body + "}\n")).empty()) << head;
  }
}

TEST(LongFunctions, AreNamedByTheirFirstLine) {
  const auto complaints = long_functions(code("int a;\n\nint\nf() {\n" + repeated("\n", 80) + "}\n"));
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_EQ(complaints[0], "core/x.cpp:3: a function of 83 lines, at most 70");
}

}  // namespace
}  // namespace xover::tidy
