// The two-process mode's own test: whatever goes wrong in the spawned process fails the test in the suite's.
#include "tests/conformance/two_processes.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/conformance/flow.h"

namespace xover::conformance {

namespace {

const Subject& subject() { return *find_subject("tcp.send@lo"); }

// Runs in both processes; the suite's collects what is reported there, and checks that it says so.
void expect_to_be_noticed(const std::function<void()>& test, const std::string& what) {
  if (ends_here() == Ends::sender) return test();
  testing::TestPartResultArray reported;
  {
    const testing::ScopedFakeTestPartResultReporter collect(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &reported);
    begin_two_processes(subject(), facts_of(subject()).value());
    test();
    end_two_processes();
  }
  bool said = false;
  for (int i = 0; i < reported.size(); ++i)
    said |= reported.GetTestPartResult(i).failed() &&
            std::string(reported.GetTestPartResult(i).message()).find(what) != std::string::npos;
  EXPECT_TRUE(said) << "nobody said: " << what;
}

void run_with_sender(const Body& sender) {
  run_pair(subject(), {}, sender, [](Side& side) { side.receive(1, 64, {}); });
}

}  // namespace

TEST(TwoProcesses, AFailureAtTheOtherEndFailsTheTest) {
  expect_to_be_noticed([] { run_with_sender([](Side& side) { side.fail("this is meant to fail"); }); },
                       "the sender's end failed");
}

TEST(TwoProcesses, AnExpectationAtTheOtherEndFailsTheTest) {
  expect_to_be_noticed([] { run_with_sender([](Side&) { ADD_FAILURE() << "this is meant to fail"; }); },
                       "the sender's end failed");
}

TEST(TwoProcesses, TheDeathOfTheOtherEndFailsTheTestAndEndsThisOne) {
  expect_to_be_noticed([] { run_with_sender([](Side&) { ::raise(SIGKILL); }); }, "ended by signal 9");
}

// The other end has one pair less than this one.
TEST(TwoProcesses, TheEarlyEndOfTheOtherProcessFailsTheTest) {
  expect_to_be_noticed(
      [] {
        run_pair(subject(), {}, [](Side&) {}, [](Side&) {});
        if (ends_here() == Ends::sender) return;
        const MonotonicNs deadline = monotonic_now_ns() + side_bound_ns;
        while (begin_pair(subject()) && monotonic_now_ns() < deadline) std::this_thread::yield();
      },
      "the sender's end ended without pair");
}

TEST(TwoProcesses, EndsShareWhatTheyConstructInTheSameOrderOverSeveralPairs) {
  if (ends_here() == Ends::both) begin_two_processes(subject(), facts_of(subject()).value());
  for (int pair = 1; pair <= 3; ++pair) {
    const Shared<std::atomic<int>> first(pair), second(10 * pair), sum;
    run_pair(
        subject(), {}, [&](Side&) { *sum = first->load() + second->load(); },
        [&](Side& side) { side.pump_until("the sum", [&] { return sum->load() == 11 * pair; }); });
  }
  if (ends_here() == Ends::receiver) end_two_processes();
}

}  // namespace xover::conformance
