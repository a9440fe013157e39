// The test program spawned again for one test, by environment variables that name its part.
#include "tests/unit/links_process.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "harness/links/namespaces.h"

namespace xover::test {

namespace {

constexpr const char* part_variable = "XOVER_TEST_PART";
constexpr const char* link_variable = "XOVER_TEST_MAKER_LINK";
constexpr const char* user_variable = "XOVER_TEST_MAKER_USER";
constexpr const char* answer_variable = "XOVER_TEST_MAKER_ANSWER";
constexpr const char* needs_one_thread =
    "a sanitizer's thread is in the way: a user namespace takes processes with one thread";
constexpr auto bound = std::chrono::seconds(20);
constexpr unsigned ordinary_id = 65534;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::vector<std::string> this_test_again() {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return {this_program(), std::string("--gtest_filter=") + test.test_suite_name() + "." + test.name(),
          "--gtest_color=no"};
}

// What stands behind the first "Skipped" of GoogleTest's output.
std::string reason_to_skip(const std::string& output) {
  const auto at = output.find(": Skipped\n");
  if (at == std::string::npos) return "";
  const auto begin = output.find('\n', at) + 1;
  return output.substr(begin, output.find('\n', begin) - begin);
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

// Asked of a process of its own, since the answer changes who asks.
std::string why_no_user_namespace() {
  const ChildResult result = run_program({"unshare", "--user", "--net", "true"}, bound);
  return result.exit_code == 0 ? "" : result.err;
}

FileDescriptor taken_from(pid_t process, int number) {
  auto taken = take_descriptor(process, number);
  EXPECT_TRUE(taken) << taken.error().message();
  return taken ? std::move(*taken) : FileDescriptor();
}

}  // namespace

bool in_own_process() {
  if (!variable(part_variable).empty()) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return true;
  }
  setenv(part_variable, "test", 1);
  const ChildResult result = run_program(this_test_again(), bound);
  unsetenv(part_variable);
  const bool ran = result.out.find("Running 1 test ") != std::string::npos;
  if (result.exit_code != 0 || !ran) {
    ADD_FAILURE() << (result.overdue ? "not ended within its bound\n" : "") << result.out << result.err;
    return false;
  }
  const std::string reason = reason_to_skip(result.out);
  [&] {
    if (!reason.empty()) GTEST_SKIP() << reason;
  }();
  return false;
}

void make_or_skip(const Link& link, MadeLink& into) {
  if (const Availability support = link_support(link); !support.usable()) GTEST_SKIP() << support.cause;
  auto made = make_link(link);
  if (!made && made.error().errno_value == EINVAL && threads_of_this_process() > 1) GTEST_SKIP() << needs_one_thread;
  if (!made && (made.error().code == ErrorCode::not_permitted || made.error().code == ErrorCode::no_device))
    GTEST_SKIP() << made.error().message();
  ASSERT_TRUE(made) << made.error().message();
  into = std::move(*made);
}

bool become_ordinary_user() {
  if (geteuid() != 0) return true;
  const bool changed = setgroups(0, nullptr) == 0 && setresgid(ordinary_id, ordinary_id, ordinary_id) == 0 &&
                       setresuid(ordinary_id, ordinary_id, ordinary_id) == 0;
  // As a program started by that user has it.
  return changed && prctl(PR_SET_DUMPABLE, 1) == 0;
}

void skip_without_user_namespaces() {
  if (const Availability support = link_support(Link{"veth", "", {}}); !support.usable()) GTEST_SKIP() << support.cause;
  if (const std::string reason = why_no_user_namespace(); !reason.empty()) GTEST_SKIP() << reason;
  // Last, since some of them come with the first thread that a program starts.
  if (threads_of_this_process() > 1) GTEST_SKIP() << needs_one_thread;
}

bool is_maker() { return variable(part_variable) == "maker"; }

void make_and_wait() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::ofstream answer(variable(answer_variable));
  const bool ordinary = variable(user_variable) == "ordinary";
  ASSERT_TRUE(!ordinary || become_ordinary_user());
  const auto made = make_link(Link{variable(link_variable), "", {}});
  if (made) {
    answer << made->user.get() << ' ' << made->sender_net.get() << ' ' << made->receiver_net.get() << '\n'
           << std::flush;
  } else {
    answer << made.error().message() << "\n" << std::flush;
  }
  std::this_thread::sleep_for(bound);
}

Maker::Maker(const std::string& link, MakerIs user) {
  const std::string answer = folder_.path("answer");
  setenv(part_variable, "maker", 1);
  setenv(link_variable, link.c_str(), 1);
  setenv(user_variable, user == MakerIs::ordinary_user ? "ordinary" : "same", 1);
  setenv(answer_variable, answer.c_str(), 1);
  process_ = std::make_unique<ChildProcess>(this_test_again());
  setenv(part_variable, "test", 1);
  const auto deadline = std::chrono::steady_clock::now() + bound;
  problem_ = "no answer within the bound";
  while (std::chrono::steady_clock::now() < deadline && !process_->ends_within(std::chrono::milliseconds(5))) {
    std::ostringstream said;
    said << std::ifstream(answer).rdbuf();
    if (!said.str().ends_with('\n')) continue;
    std::istringstream words(said.str());
    problem_ = words >> user_ >> sender_ >> receiver_ ? "" : said.str();
    return;
  }
}

MadeLink Maker::take() const {
  MadeLink link;
  link.user = taken_from(process_->pid(), user_);
  link.sender_net = taken_from(process_->pid(), sender_);
  link.receiver_net = taken_from(process_->pid(), receiver_);
  link.sender = {"198.18.0.1", "2001:2::1"};
  link.receiver = {"198.18.0.2", "2001:2::2"};
  return link;
}

// Collected as well: the threads that read its output are gone then, so that the caller has a single thread again.
void Maker::kill() {
  if (process_) process_->wait(std::chrono::milliseconds(0));
  process_.reset();
}

}  // namespace xover::test
