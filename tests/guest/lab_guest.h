// `./dev guest` as a child process: whether it can boot anything here, and what a run leaves on the host.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/child_process.h"

namespace xover::test {

// Far more than a boot takes, also on a slow machine; no test waits that long when all is well.
constexpr auto run_bound = std::chrono::seconds(240);

// The words of `./dev guest ARGUMENTS`, which ends with the thread that starts it.
std::vector<std::string> guest_words(std::vector<std::string> arguments);

// `./dev guest run -q --scenario SCENARIO OPTIONS -- sh -c SCRIPT`, ended by itself before the test's own bound.
std::vector<std::string> script_words(const std::string& scenario, const std::string& script,
                                      const std::vector<std::string>& options);

ChildResult run_script(const std::string& scenario, const std::string& script,
                       const std::vector<std::string>& options = {});

// How many tests of a GoogleTest program passed there; one that does not end in order is a failure of the running test.
// `before` is script that stands in front of it, its environment for instance.
int cases_passed(const std::string& scenario, const std::string& before, const std::string& program,
                 const std::string& filter, std::chrono::seconds bound);

// DPDK loads every driver that is installed whenever a process starts it, which takes a second here. Behind this script
// it sees those drivers only that the guests' cards need: the guest's own view, gone with it.
extern const char* const few_dpdk_drivers;

// What a variable of the environment names, a program of this build; empty: nothing.
std::string program_at(const char* variable);

// A path in build/guest.
std::string store_path(const std::string& name);

// Processes whose command line names what is given: that of QEMU names its run's folder.
std::vector<pid_t> processes_naming(const std::string& text);

bool all_end_within(const std::string& text, std::chrono::milliseconds bound);

std::string missing_program(const std::vector<std::string>& programs);  // the first one; empty: none

// Skips when there is no QEMU or no kernel; what else stops a guest from booting is a failure.
class LabGuest : public testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace xover::test
