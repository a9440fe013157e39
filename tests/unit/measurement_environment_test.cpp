// The environment: what is always there, and what must never be.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "core/clock.h"
#include "harness/measurement/environment.h"
#include "harness/measurement/system_file.h"

namespace xover {
namespace {

TEST(Environment, holds_what_judging_a_result_needs) {
  const auto facts = environment().facts;
  for (const char* name : {"kernel", "architecture", "memory", "cpus_online", "cpus_allowed", "tick_source",
                           "tick_rate_ghz", "topology", "clocksource", "pmu", "rlimit_memlock_bytes",
                           "net.ipv4.tcp_congestion_control", "net.core.optmem_max", "net.ipv4.tcp_wmem"}) {
    ASSERT_TRUE(facts.contains(name)) << name;
    EXPECT_FALSE(facts.at(name).empty()) << name;
  }
  EXPECT_EQ(facts.at("tick_source"), tick_source());
}

TEST(Environment, is_the_same_when_asked_again) { EXPECT_EQ(environment().facts, environment().facts); }

TEST(Environment, names_neither_machine_nor_user_nor_paths) {
  char host[256] = {};
  ASSERT_EQ(gethostname(host, sizeof host - 1), 0);
  const char* home = std::getenv("HOME");
  for (const auto& [name, value] : environment().facts) {
    EXPECT_NE(value, host) << name;
    if (home != nullptr && std::string_view(home) != "/") {
      EXPECT_EQ(value.find(home), std::string::npos) << name;
    }
    EXPECT_EQ(value.find("/home/"), std::string::npos) << name;
  }
}

TEST(SystemFile, reads_lines_and_fields) {
  const std::string path = testing::TempDir() + "xover_system_file_" + std::to_string(getpid());
  std::ofstream(path) << "model name\t: Some CPU\nPRETTY_NAME=\"An OS\"\nmodel name : another\n";
  EXPECT_EQ(read_first_line(path), "model name\t: Some CPU");
  EXPECT_EQ(read_field(path, "model name"), "Some CPU");
  EXPECT_EQ(read_field(path, "PRETTY_NAME"), "An OS");
  EXPECT_EQ(read_field(path, "absent"), std::nullopt);
  unlink(path.c_str());
  EXPECT_EQ(read_first_line(path), std::nullopt);
}

}  // namespace
}  // namespace xover
