// `xover serve` as people call it: closed unless there is a key, clear when it cannot start.
#include <sys/stat.h>

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/server/serve_process.h"
#include "tests/support/xover_run.h"

namespace xover::test {
namespace {

using std::chrono::seconds;

ChildResult serve(std::vector<std::string> options) {
  options.insert(options.begin(), {xover_program(), "serve"});
  return run_program(options, seconds(60));
}

void expect_says(const ChildResult& ended, int exit_code, const std::vector<std::string>& words) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
  for (const std::string& word : words) EXPECT_NE(ended.err.find(word), std::string::npos) << word << "\n" << ended.err;
}

TEST(ServeUsage, OpenAddressesNeedAKey) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "192.0.2.1"})
    expect_says(serve({"--listen", address}), 2, {"--listen", "no key", "--new-key", "--key-file"});
}

TEST(ServeUsage, ANewKeyIsMadeOnceAndWorks) {
  const TemporaryFolder folder;
  const std::string file = folder.path("key");
  const ChildResult made = serve({"--new-key", file});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_NE(made.out.find("--key-file"), std::string::npos) << made.out;
  const auto key = read_key_file(file);
  ASSERT_TRUE(key);
  EXPECT_FALSE(key->is_none());
  const std::string text = file_text(file);
  expect_says(serve({"--new-key", file}), 2, {file});
  EXPECT_EQ(file_text(file), text);
  // It may listen anywhere now, even where nothing of this host is.
  expect_says(serve({"--listen", "192.0.2.1:7377", "--key-file", file}), 1, {"192.0.2.1", "ip addr"});
}

TEST(ServeUsage, AKeyThatIsNoSecretIsRefused) {
  const TemporaryFolder folder;
  const std::string file = folder.path("key");
  expect_says(serve({"--key-file", file, "--listen", "127.0.0.1:0"}), 2, {file});
  ASSERT_TRUE(make_key_file(file));
  chmod(file.c_str(), 0644);
  expect_says(serve({"--key-file", file, "--listen", "127.0.0.1:0"}), 2, {file, "chmod 600"});
}

TEST(ServeUsage, ATakenPortIsSaidPlainly) {
  ServeProcess server;
  const std::string address = "127.0.0.1:" + std::to_string(server.port());
  expect_says(serve({"--listen", address}), 1, {address, "in use", "--listen"});
}

TEST(ServeUsage, WrongFlagsNameThemselves) {
  expect_says(serve({"--listen", "localhost"}), 2, {"--listen", "'localhost'"});
  expect_says(serve({"--max-memory", "lots"}), 2, {"--max-memory", "'lots'", "4K"});
  expect_says(serve({"--max-clients", "0"}), 2, {"--max-clients"});
  expect_says(serve({"--idle-limit", "5"}), 2, {"--idle-limit"});
  expect_says(serve({"--max-memry", "5G"}), 2, {"'--max-memry'", "--max-memory"});
}

TEST(ServeUsage, HelpNamesEveryLimitWithItsDefault) {
  const ChildResult help = serve({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"--listen", "--key-file", "--new-key", "--max-clients", "[16]", "--max-duration", "[7200s]",
                           "--idle-limit", "[300s]", "--max-agents", "[4]", "--max-sample-duration", "[60s]",
                           "--max-connections", "[256]", "--max-memory", "[4G]", "--max-rate", "[10000000]"})
    EXPECT_NE(help.out.find(word), std::string::npos) << word << "\n" << help.out;
}

}  // namespace
}  // namespace xover::test
