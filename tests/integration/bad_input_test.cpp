// Bad configurations and command lines, against the real program: each ends at once with exit code 2, nothing on
// standard output, and one line on standard error that names the place.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/child_process.h"

namespace xover::test {
namespace {

constexpr auto bound = std::chrono::seconds(10);

void expect_refusal(const ChildResult& result, const std::string& part) {
  EXPECT_FALSE(result.overdue);
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("xover: ")) << result.err;
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  EXPECT_NE(result.err.find(part), std::string::npos) << result.err << " does not have " << part;
  EXPECT_TRUE(std::all_of(result.err.begin(), result.err.end(), [](char c) { return c == '\n' || c >= ' '; }))
      << "a byte that a terminal would act on";
}

void expect_refused(std::vector<std::string> arguments, const std::string& part) {
  arguments.insert(arguments.begin(), xover_program());
  expect_refusal(run_program(arguments, bound), part);
}

struct BadCommand {
  const char* name;
  std::vector<std::string> arguments;
  const char* part;  // of the message
};

std::ostream& operator<<(std::ostream& stream, const BadCommand& bad) { return stream << bad.name; }

class Command : public testing::TestWithParam<BadCommand> {};

TEST_P(Command, IsRefusedAndThePlaceNamed) { expect_refused(GetParam().arguments, GetParam().part); }

// `xover run --transports tcp.send` with more arguments.
std::vector<std::string> run(std::initializer_list<std::string> more) {
  std::vector<std::string> arguments{"run", "--transports", "tcp.send"};
  arguments.insert(arguments.end(), more);
  return arguments;
}

const BadCommand bad_commands[] = {
    {"NoCommand", {}, "xover run"},
    {"MisspeltCommand", {"rnu"}, "'run'"},
    {"EmptyCommand", {""}, "unknown command"},
    {"FlagBeforeTheCommand", {"--sizes", "4K", "run"}, "'--sizes'"},
    {"UnknownPreset", {"run", "nonsense"}, "quick"},
    {"MisspeltPreset", {"run", "qiuck"}, "'quick'"},
    {"EmptyPreset", {"run", ""}, "preset or file"},
    {"MissingFile", {"run", "missing.toml"}, "'missing.toml'"},
    {"TwoExperiments", {"run", "quick", "pa02"}, "'pa02'"},
    {"Folder", {"run", "/"}, "folder"},
    {"Device", {"run", "/dev/zero"}, "no regular file"},
    {"MisspeltFlag", run({"--sizs", "4K"}), "did you mean '--size"},
    {"MisspeltFlagWithEqualsSign", run({"--conections=4"}), "'--connections'"},
    {"UnknownShortFlag", run({"-x"}), "'-x'"},
    {"FlagOfALaterVersion", run({"--frobnicate"}), "'--frobnicate'"},
    {"FlagWithoutItsValue", run({"--rounds"}), "--rounds"},
    {"FlagTwice", run({"--rounds", "3", "--rounds", "4"}), "--rounds"},
    {"SwitchWithAValue", run({"--no-gate=7up"}), "gate"},
    {"UnknownTransport", {"run", "--transports", "tcp.sned"}, "'tcp.send'"},
    {"WildcardOfNothing", {"run", "--transports", "xyzzy.*"}, "'xyzzy.*'"},
    {"WildcardInTheMiddle", {"run", "--transports", "t*.send"}, "--transports"},
    {"EmptyTransports", {"run", "--transports", ""}, "--transports"},
    {"EmptyElementOfTransports", {"run", "--transports", "tcp.send,,null"}, "--transports"},
    {"TransportTwice", {"run", "--transports", "tcp.send,tcp.send"}, "there twice"},
    {"BracketLeftOpen", {"run", "--transports", "tcp.send[a=b"}, "--transports"},
    {"UnknownOption", {"run", "--transports", "tcp.send[colour=red]"}, "'colour'"},
    {"OptionWithoutAValue", {"run", "--transports", "tcp.send[congestion_control]"}, "--transports"},
    {"OptionTwice", {"run", "--transports", "udp.send[gso=1K,gso=2K]"}, "twice"},
    {"UnknownLinkOfAVariant", {"run", "--transports", "tcp.send@l0"}, "'lo'"},
    {"LinkOfAnotherFamily", {"run", "--transports", "tcp.send@memif"}, "does not run on link memif"},
    {"LabelWithoutText", {"run", "--transports", "tcp.send@lo="}, "--transports"},
    {"ControlCharacters", {"run", "--transports", "tcp.send\x1b[31m\n"}, "--transports"},
    {"UnknownLink", run({"--link", "loo"}), "'lo'"},
    {"LinkWithoutArgument", run({"--link", "lo:"}), "--link"},
    {"LinkWithAnArgumentTooMany", run({"--link", "lo:eth0"}), "link"},
    {"SizeOfZero", run({"--sizes", "0"}), "--size: size"},
    {"SizeTooLarge", run({"--sizes", "2G"}), "out of range"},
    {"SizeBeyond64Bits", run({"--sizes", "99999999999999999999"}), "--size: size"},
    {"SizeNegative", run({"--sizes=-4K"}), "--size: size"},
    {"SizeWithAFraction", run({"--sizes", "1.5K"}), "--size: size"},
    {"SizeOfAnUnknownUnit", run({"--sizes", "4Q"}), "'4Q'"},
    {"SizeThatIsAWord", run({"--sizes", "big"}), "'big'"},
    {"EmptySizes", run({"--sizes", ""}), "--size"},
    {"EmptyElementOfSizes", run({"--sizes", "4K,"}), "--size"},
    {"SizeTwice", run({"--sizes", "4K,4096"}), "there twice"},
    {"DatagramTooLarge", {"run", "--transports", "udp.send", "--sizes", "64K"}, "65507"},
    {"MoreFieldsThanBytes", run({"--sizes", "4", "--fields", "8"}), "--fields"},
    {"FieldsOfZero", run({"--fields", "0"}), "--fields"},
    {"TooManyConnections", run({"--connections", "65"}), "from 1 to 64"},
    {"ConnectionsBeyond64Bits", run({"--connections", "184467440737095516160"}), "--connections"},
    {"DepthTooLarge", run({"--depth", "5000"}), "--depth"},
    {"UnknownWorkload", run({"--workload", "streem"}), "'stream'"},
    {"UnknownPlacement", run({"--placement", "same_cor"}), "'same_core'"},
    {"SpinOnOneCore", run({"--wait", "spin", "--placement", "same_core"}), "same_core"},
    {"AlignmentOfNoPowerOfTwo", run({"--alignment", "100"}), "power of two"},
    {"CongestionControlOfNoName", run({"--congestion-control", "Cubic!"}), "congestion"},
    {"LateWithoutAUnit", run({"--late", "5"}), "--late"},
    {"RateOfZero", run({"--rate", "0"}), "--rate"},
    {"RoundsOfZero", run({"--rounds", "0"}), "--rounds"},
    {"TooManyRounds", run({"--rounds", "10001"}), "--rounds"},
    {"RoundsThatAreAWord", run({"--rounds", "many"}), "--rounds"},
    {"MaxRoundsBelowRounds", run({"--rounds", "10", "--max-rounds", "5"}), "max_rounds"},
    {"DurationWithoutAUnit", run({"--duration", "300"}), "--duration"},
    {"DurationOfZero", run({"--duration", "0ms"}), "--duration"},
    {"DurationBeyond64Bits", run({"--duration", "99999999999999999999s"}), "--duration"},
    {"EmptyBudget", run({"--budget", ""}), "--budget"},
    {"SeedThatIsAWord", run({"--seed", "lucky"}), "--seed"},
    {"TooMuchMemory", run({"--sizes", "1G", "--connections", "64"}), "memory"},
    {"JsonInAMissingFolder", run({"--json", "/nonexistent/result.json"}), "--json"},
    {"JsonThatIsAFolder", run({"--json", "/"}), "--json"},
    {"CsvWithoutAName", run({"--csv", ""}), "--csv"},
    {"OutputUnderAFile", run({"-o", "/dev/null/results"}), "-o"},
    {"ExplainWithoutATransport", {"explain"}, "transport"},
    {"ExplainAnUnknownTransport", {"explain", "tcp.sned"}, "'tcp.send'"},
    {"ExplainTwo", {"explain", "tcp.send", "null"}, "'null'"},
    {"ExplainAWildcard", {"explain", "tcp.*"}, "explain"},
    {"ListWithAnArgument", {"list", "everything"}, "'everything'"},
    {"ListWithAMisspeltFlag", {"list", "--jsn"}, "'--json'"},
};

INSTANTIATE_TEST_SUITE_P(Bad, Command, testing::ValuesIn(bad_commands),
                         [](const auto& subject) { return std::string(subject.param.name); });

struct BadFile {
  const char* name;
  std::string text;
  const char* part;  // of the message; begins with the place
};

std::ostream& operator<<(std::ostream& stream, const BadFile& bad) { return stream << bad.name; }

class File : public testing::TestWithParam<BadFile> {
 protected:
  std::string write(const std::string& text) const {
    std::ofstream(folder_.path("bad.toml"), std::ios::binary) << text;
    return folder_.path("bad.toml");
  }

  TemporaryFolder folder_;
};

TEST_P(File, IsRefusedAndThePlaceNamed) { expect_refused({"run", write(GetParam().text)}, GetParam().part); }

// A file with the transports in its first line.
std::string with_transports(const std::string& rest) { return "transports = ['tcp.send']\n" + rest; }

// Bytes of every value in no order, the same on every run.
std::string junk() {
  std::string bytes;
  std::uint32_t state = 12345;
  for (int i = 0; i < 4096; ++i) {
    state = state * 1664525 + 1013904223;
    bytes += static_cast<char>(state >> 24);
  }
  return bytes;
}

const BadFile bad_files[] = {
    {"Empty", "", "bad.toml: no transports"},
    {"OnlyAComment", "# nothing\n", "bad.toml: no transports"},
    {"BinaryJunk", junk(), "bad.toml:"},
    {"Zeros", std::string(1000, '\0'), "bad.toml:1:1"},
    {"BytesThatAreNoUtf8", "summary = \"\xff\xfe\"\n", "bad.toml:1:"},
    {"TooLarge", std::string((1 << 20) + 1, '#'), "larger than 1 MiB"},
    {"NestedTooDeep", "a = " + std::string(100'000, '['), "bad.toml:1:"},
    {"StringLeftOpen", "transports = [\"tcp.send]\n", "bad.toml:1:"},
    {"ValueMissing", with_transports("[run]\nrounds =\n"), "bad.toml:3:"},
    {"TableLeftOpen", with_transports("[run\nrounds = 3\n"), "bad.toml:2:"},
    {"KeyTwice", with_transports("transports = ['null']\n"), "bad.toml:2:"},
    {"JsonInstead", "{\"transports\": [\"tcp.send\"]}\n", "bad.toml:1:1"},
    {"UnknownKey", with_transports("colour = 'red'\n"), "bad.toml:2:1: unknown key 'colour'"},
    {"MisspeltKey", "transport = ['tcp.send']\n", "did you mean 'transports'?"},
    {"AxisAtTheTop", with_transports("size = 4096\n"), "bad.toml:2:1: unknown key 'size'; axes go into [axes]"},
    {"SettingAmongAxes", with_transports("[axes]\nrounds = 3\n"), "bad.toml:3:1"},
    {"MisspeltAxis", with_transports("[axes]\nsizze = 3\n"),
     "bad.toml:3:1: unknown axis 'sizze'; did you mean 'size'?"},
    {"MisspeltSetting", with_transports("[run]\nduraton = '3s'\n"), "bad.toml:3:1: unknown key 'duraton'"},
    {"TransportsOfNumbers", "transports = [1, 2]\n", "bad.toml:1:15: transports is an integer"},
    {"TransportsOfLists", "transports = [['tcp.send']]\n", "bad.toml:1:15: transports is a list"},
    {"NoTransports", "transports = []\n", "bad.toml:1:14: transports is an empty list"},
    {"UnknownTransport", "transports = ['tcp.send', 'tcp.sendmsgg']\n", "bad.toml:1:27"},
    {"AxesAsAValue", with_transports("axes = 3\n"), "bad.toml:2:8: axes is an integer"},
    {"RunAsAList", with_transports("[[run]]\nrounds = 3\n"), "run is a list"},
    {"ExperimentAsATable", with_transports("[experiment]\n"), "[[experiment]]"},
    {"EmptySizes", with_transports("[axes]\nsize = []\n"), "bad.toml:3:8: size is an empty list"},
    {"SizeWithAFraction", with_transports("[axes]\nsize = 4.5\n"), "bad.toml:3:8: size is a number with a fraction"},
    {"SizeAsATable", with_transports("[axes]\nsize = {from = 1}\n"), "bad.toml:3:8: size is a table"},
    {"SizeAsADate", with_transports("[axes]\nsize = 2020-01-01\n"), "bad.toml:3:8: size is a date"},
    {"SizeOfZero", with_transports("[axes]\nsize = ['4K', 0]\n"), "bad.toml:3:15: size"},
    {"SizeNegative", with_transports("[axes]\nsize = -1\n"), "bad.toml:3:8: size"},
    {"SizeBeyond64Bits", with_transports("[axes]\nsize = 99999999999999999999\n"), "bad.toml:3:"},
    {"SizeTwice", with_transports("[axes]\nsize = [4096, '4K']\n"), "bad.toml:3:15: size 4K is there twice"},
    {"SizeInBothSpellings", with_transports("[axes]\nsize = 1\nsizes = 2\n"), "size is there twice"},
    {"WaitAsABoolean", with_transports("[axes]\nwait = true\n"), "bad.toml:3:8: wait is a boolean"},
    {"RoundsAsABoolean", with_transports("[run]\nrounds = true\n"), "bad.toml:3:10: rounds is a boolean"},
    {"RoundsAsAList", with_transports("[run]\nrounds = [3, 4]\n"), "bad.toml:3:10: rounds is a list"},
    {"DurationAsANumber", with_transports("[run]\nduration = 300\n"), "bad.toml:3:12: duration is an integer"},
    {"GateAsAString", with_transports("[run]\ngate = 'off'\n"), "bad.toml:3:8: gate is a string"},
    {"UnknownFindings", with_transports("[run]\nfindings = 'pa2'\n"), "bad.toml:3:12: findings"},
    {"SummaryOfSeveralLines", with_transports("[run]\nsummary = '''a\nb'''\n"), "bad.toml:3:11: summary"},
    {"DatagramTooLarge", "transports = ['udp.send']\n[axes]\nsize = ['1K', '1M']\n", "bad.toml:3:"},
    {"UnknownKeyOfAnExperiment", "[[experiment]]\ntransport = ['null']\n", "bad.toml:2:1"},
    {"ExperimentWithoutTransports", "[[experiment]]\n[experiment.axes]\nsize = 1\n", "bad.toml:1:1: no transports"},
    {"TooManyPoints",
     with_transports("[axes]\nconnections = [1,2,3,4,5,6,7,8,9,10]\ndepth = [1,2,3,4,5,6,7,8,9,10]\n"
                     "fields = [1,2,3,4,5,6,7,8,9,10]\nrate = [1,2,3,4,5,6,7,8,9,10]\nlate = ['1ms', '2ms']\n"),
     "more than 10000 points"},
};

INSTANTIATE_TEST_SUITE_P(Bad, File, testing::ValuesIn(bad_files),
                         [](const auto& subject) { return std::string(subject.param.name); });

// Root may read everything, so root asks as nobody, with a copy of the program that nobody can reach.
TEST_F(File, WithoutPermissionIsRefused) {
  const std::string file = write("transports = ['null']\n");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  std::vector<std::string> arguments{xover_program(), "run", file};
  if (::geteuid() == 0) {
    const std::string program = folder_.path("xover");
    std::filesystem::copy_file(xover_program(), program);
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
    const std::vector<std::string> as_nobody{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program};
    arguments.erase(arguments.begin());
    arguments.insert(arguments.begin(), as_nobody.begin(), as_nobody.end());
  }
  expect_refusal(run_program(arguments, bound), "Permission denied");
}

TEST_F(File, ThatIsAPipeIsNotWaitedFor) {
  const std::string pipe = folder_.path("pipe.toml");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_refused({"run", pipe}, "no regular file");
}

TEST_F(File, ThatIsALinkToItselfIsRefused) {
  const std::string link = folder_.path("loop.toml");
  ASSERT_EQ(::symlink(link.c_str(), link.c_str()), 0);
  expect_refused({"run", link}, "loop.toml");
}

}  // namespace
}  // namespace xover::test
