// SIGPIPE kept off a thread: by several sessions at a time, and gone without a trace when the last of them ends.
#include <gtest/gtest.h>
#include <signal.h>

#include <optional>
#include <thread>

#include "transports/common/sigpipe_block.h"

namespace xover {
namespace {

bool blocked() {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, SIGPIPE) == 1;
}

bool pending() {
  sigset_t set;
  sigpending(&set);
  return sigismember(&set, SIGPIPE) == 1;
}

TEST(CommonSigpipe, IsBlockedUntilTheLastBlockOfTheThreadHasGone) {
  ASSERT_FALSE(blocked());
  std::optional<SigpipeBlock> first(std::in_place), second(std::in_place), unused(std::in_place);
  first->begin();
  first->begin();
  second->begin();
  raise(SIGPIPE);
  unused.reset();
  first.reset();
  EXPECT_TRUE(blocked());
  second.reset();
  EXPECT_FALSE(blocked());
  EXPECT_FALSE(pending());
}

TEST(CommonSigpipe, AMaskThatWasThereStays) {
  std::thread([] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    {
      SigpipeBlock().begin();
    }
    EXPECT_TRUE(blocked());
  }).join();
}

TEST(CommonSigpipe, ABlockThatEndsOnAnotherThreadLeavesThatThreadAlone) {
  SigpipeBlock own;
  own.begin();
  std::optional<SigpipeBlock> other(std::in_place);
  std::thread([&] { other->begin(); }).join();
  other.reset();
  EXPECT_TRUE(blocked());
}

}  // namespace
}  // namespace xover
