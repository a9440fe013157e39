// What comes back from a guest: exit status, both outputs byte for byte, files of the results folder.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/guest/lab_guest.h"

namespace xover::test {
namespace {

// Every byte value, and no order that a line discipline or a text conversion would leave alone.
std::string random_bytes(std::size_t size) {
  std::mt19937 generator(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(generator());
  return bytes;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

using GuestOutput = LabGuest;

TEST_F(GuestOutput, ComesBackByteForByteWithStatusAndFiles) {
  const std::string bytes = random_bytes(1 << 20);
  TemporaryFolder results;
  std::ofstream(results.path("given"), std::ios::binary) << bytes;
  const ChildResult result = run_script("plain",
                                        "cat given; cat given | tail -c 1000 >&2; cat given given >made;"
                                        "grep -o 'xover.lab_guest=[a-z]*' /proc/cmdline >cmdline;"
                                        "cat /sys/class/net/lo/operstate >lo; sleep 1000 & exit 7",
                                        {"--results", results.path()});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_TRUE(result.out == bytes) << result.out.size() << " bytes came";
  EXPECT_TRUE(result.err == bytes.substr(bytes.size() - 1000)) << result.err.size() << " bytes came";
  EXPECT_TRUE(read_file(results.path("made")) == bytes + bytes);
  EXPECT_EQ(read_file(results.path("cmdline")), "xover.lab_guest=plain\n");
  EXPECT_EQ(read_file(results.path("lo")), "unknown\n");  // which is what an lo that is up says
}

// Bytes that are no text, and a name that a shell's words could take for an option or an assignment.
TEST_F(GuestOutput, ComesFromAProgramWithAnyNameAndAnyArguments) {
  TemporaryFolder results;
  const std::string program = results.path("-a=b");
  std::ofstream(program) << "#!/bin/sh\nprintf %s \"$@\"\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  std::vector<std::string> words =
      guest_words({"run", "-q", "--scenario", "plain", "--results", results.path(), "--", "-a=b", "\xff'\n", "$HOME"});
  words.insert(words.begin(), {"env", "PATH=" + results.path() + ":" + std::getenv("PATH")});
  const ChildResult result = run_program(words, run_bound);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "\xff'\n$HOME");
}

TEST_F(GuestOutput, TellsAMissingProgramFromOneThatASignalEnded) {
  // At once: runs share the store and nothing else.
  ChildProcess missing(guest_words({"run", "--scenario", "plain", "--", "no/such/program"}));
  ChildProcess killed(script_words("plain", "kill -SEGV $$", {}));
  const ChildResult of_missing = missing.wait(run_bound), of_killed = killed.wait(run_bound);
  EXPECT_EQ(of_missing.exit_code, 127);
  EXPECT_NE(of_missing.err.find("no/such/program"), std::string::npos) << of_missing.err;
  EXPECT_TRUE(of_missing.err.starts_with("guest: plain: ")) << of_missing.err;
  EXPECT_EQ(of_killed.exit_code, 128 + 11);
}

}  // namespace
}  // namespace xover::test
