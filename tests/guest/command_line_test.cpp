// Command lines that make no sense: each ends at once with exit code 2 and one line that says what is wrong.
#include <algorithm>
#include <filesystem>
#include <ostream>

#include "tests/guest/lab_guest.h"

namespace xover::test {
namespace {

struct BadCommand {
  const char* name;
  std::vector<std::string> arguments;
  const char* part;  // of the message
};

std::ostream& operator<<(std::ostream& stream, const BadCommand& bad) { return stream << bad.name; }

class BadGuestCommand : public testing::TestWithParam<BadCommand> {};

TEST_P(BadGuestCommand, IsRefusedInOneLine) {
  const ChildResult result = run_program(guest_words(GetParam().arguments));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("guest: ")) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(result.err.find(GetParam().part), std::string::npos) << result.err;
}

const BadCommand bad_commands[] = {
    {"UnknownAction", {"rnu"}, "\"rnu\" is none of list, run"},
    {"NoScenario", {"run", "--", "true"}, "--scenario S"},
    {"UnknownScenario", {"run", "--scenario", "wier", "--", "true"}, "\"wier\" is none of plain"},
    {"NoCommand", {"run", "--scenario", "plain"}, "say what to run"},
    {"EmptyCommand", {"run", "--scenario", "plain", "--", ""}, "say what to run"},
    {"CommandWithoutDashes", {"run", "--scenario", "plain", "true"}, "comes after --"},
    {"TimeWithoutSense", {"run", "--scenario", "plain", "--timeout", "0s", "--", "true"}, "\"0s\" is no time"},
    {"TooLittleMemory", {"run", "--scenario", "plain", "--memory", "64M", "--", "true"}, "512M"},
    {"PeerWithoutPair", {"run", "--scenario", "plain", "--peer", "true", "--", "true"}, "second guest"},
    {"RootAsResults", {"run", "--scenario", "plain", "--results", "/", "--", "true"}, "cannot be /"},
    {"OwnFolderAsResults", {"run", "--scenario", "plain", "--results", "/run/lab", "--", "true"}, "cannot be /run"},
    {"FileAsResults", {"run", "--scenario", "plain", "--results", "/etc/passwd", "--", "true"}, "/etc/passwd"},
    {"ShellWithoutTerminal", {"shell"}, "terminal"},
};

INSTANTIATE_TEST_SUITE_P(Guest, BadGuestCommand, testing::ValuesIn(bad_commands),
                         [](const auto& test) { return std::string(test.param.name); });

// What ./dev would install.
std::string packages_for(std::vector<std::string> arguments) {
  const std::string program = std::filesystem::path(store_path("../../harness/guest")).lexically_normal();
  arguments.insert(arguments.begin(), {"python3", "-B", program, "packages"});
  const ChildResult result = run_program(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.out;
}

TEST(GuestHelp, NeedsNoPackages) {
  const std::vector<std::vector<std::string>> calls{
      {}, {"--help"}, {"run", "--help"}, {"run", "-qh"}, {"shell", "-h"}, {"prepare", "--help"}};
  for (const auto& call : calls) {
    const ChildResult result = run_program(guest_words(call));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(result.out.starts_with("usage: ./dev guest")) << result.out;
    EXPECT_EQ(result.err, "");
    if (call.empty()) continue;
    EXPECT_EQ(packages_for(call), "");
  }
}

TEST(GuestPackages, FollowTheScenarioWhereverItStands) {
  const std::string packages = packages_for({"--scenario", "vfio", "run", "--", "true"});
  EXPECT_NE(packages.find("dpdk-dev\n"), std::string::npos) << packages;
  EXPECT_EQ(packages_for({"run", "--scenario", "vfio", "--", "true"}), packages);
  EXPECT_EQ(packages_for({"list"}), "");
}

TEST(GuestList, NamesEveryScenario) {
  const ChildResult result = run_program(guest_words({"list"}));
  EXPECT_EQ(result.exit_code, 0);
  for (const char* name : {"plain ", "rxe ", "wire ", "vfio ", "pair ", "pair_nic "})
    EXPECT_NE(result.out.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace xover::test
