// The suite's own test: what it must notice, it notices. Broken behaviour comes from made-up completions, from damaged
// payload, and from the faults of inproc.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/payload.h"
#include "tests/conformance/flow.h"

namespace xover::conformance {

namespace {

constexpr Limits plain{.max_channels = 1,
                       .depth = 2,
                       .max_op_bytes = 1000,
                       .max_segments = 1,
                       .receive = Receive::offered,
                       .max_offered = 2,
                       .reliable = true};
constexpr Limits datagrams{.framing = Framing::message, .whole_messages = true};

Completion completion(Moments moments, Token token, std::uint64_t bytes = 0, Failure failure = {}) {
  Completion made;
  made.moments = moments;
  made.token = token;
  made.bytes = bytes;
  made.failure = failure;
  return made;
}

std::vector<std::byte> payload(const Script& script, std::size_t message) {
  std::vector<std::byte> bytes(script.size_bytes(message));
  fill_payload(bytes, script.seed(), script.offset(message));
  return bytes;
}

bool complains_about(const Accountant& accountant, std::string_view what) {
  return std::any_of(accountant.problems().begin(), accountant.problems().end(),
                     [&](const std::string& problem) { return problem.find(what) != std::string::npos; });
}

}  // namespace

TEST(TheAccountant, AcceptsWhatIsRight) {
  Accountant accountant("test", plain);
  accountant.accepted(0, 1, 100);
  accountant.offered(0, 2, 64);
  accountant.completed(completion(Moment::sent, 1));
  accountant.completed(completion(Moment::released, 1, 100));
  accountant.completed(completion(Moment::received, 2, 64));
  accountant.completed(completion(Moment::closed, 0));
  accountant.expect_nothing_lent();
  EXPECT_TRUE(accountant.problems().empty()) << accountant.problems().front();
}

TEST(TheAccountant, NoticesAMissingRelease) {
  Accountant accountant("test", plain);
  accountant.accepted(0, 1, 100);
  accountant.completed(completion(Moment::sent, 1));
  accountant.expect_nothing_lent();
  EXPECT_TRUE(complains_about(accountant, "never released"));
}

TEST(TheAccountant, NoticesADoubleRelease) {
  Accountant accountant("test", plain);
  accountant.accepted(0, 1, 100);
  accountant.completed(completion(Moment::sent | Moment::released, 1, 100));
  accountant.completed(completion(Moment::released, 1, 100));
  EXPECT_TRUE(complains_about(accountant, "not in flight"));
}

TEST(TheAccountant, NoticesAReleaseOfFewerBytesWithoutAFailure) {
  Accountant accountant("test", plain);
  accountant.accepted(0, 1, 100);
  accountant.completed(completion(Moment::sent | Moment::released, 1, 99));
  EXPECT_TRUE(complains_about(accountant, "99 bytes of 100"));
}

TEST(TheAccountant, NoticesAReleaseWithoutSent) {
  Accountant accountant("test", plain);
  accountant.accepted(0, 1, 100);
  accountant.completed(completion(Moment::released, 1, 100));
  EXPECT_TRUE(complains_about(accountant, "released without"));
}

TEST(TheAccountant, NoticesMoreInFlightThanDepth) {
  Accountant accountant("test", plain);
  for (Token token = 1; token <= 3; ++token) accountant.accepted(0, token, 1);
  EXPECT_TRUE(complains_about(accountant, "limits().depth"));
}

TEST(TheAccountant, NoticesABufferThatComesBackTwiceOrNever) {
  Accountant accountant("test", plain);
  accountant.offered(0, 1, 64);
  accountant.offered(0, 2, 64);
  accountant.completed(completion(Moment::received, 1, 64));
  accountant.completed(completion(Moment::received, 1, 64));
  accountant.expect_nothing_lent();
  EXPECT_TRUE(complains_about(accountant, "a buffer that is not lent"));
  EXPECT_TRUE(complains_about(accountant, "never came back"));
}

TEST(TheAccountant, NoticesWhatComesBehindClosed) {
  Accountant accountant("test", plain);
  accountant.offered(0, 1, 64);
  accountant.completed(completion(Moment::closed, 0));
  accountant.completed(completion(Moment::received, 1, 10));
  accountant.completed(completion(Moment::closed, 0));
  EXPECT_TRUE(complains_about(accountant, "before all offered buffers"));
  EXPECT_TRUE(complains_about(accountant, "`received` behind `closed`"));
  EXPECT_TRUE(complains_about(accountant, "a second `closed`"));
}

TEST(TheChecker, TakesAStreamInAnyPiecesAndNoticesDamage) {
  const Script script(5, {1000, 24});
  const auto bytes = payload(Script(5, {1024}), 0);
  Checker checker(script, plain);
  EXPECT_EQ(checker.take(Bytes(bytes).first(3)), "");
  EXPECT_EQ(checker.take(Bytes(bytes).subspan(3, 700)), "");
  EXPECT_FALSE(checker.complete());
  EXPECT_EQ(checker.take(Bytes(bytes).subspan(703)), "");
  EXPECT_TRUE(checker.complete());
  EXPECT_NE(checker.take(Bytes(bytes).first(1)), "") << "more than was sent";

  Checker gap(script, plain);
  EXPECT_EQ(gap.take(Bytes(bytes).first(100)), "");
  EXPECT_NE(gap.take(Bytes(bytes).subspan(101, 100)), "") << "a lost byte";

  auto damaged = bytes;
  damaged[517] ^= std::byte{1};
  EXPECT_EQ(Checker(script, plain).take(damaged), "wrong byte at stream offset 517");
}

TEST(TheChecker, TakesLossOfDatagramsButNoReorderingDoublingOrJoining) {
  const Script script(6, {100, 100, 0, 100, 50});
  Checker lossy(script, datagrams);
  EXPECT_EQ(lossy.take(payload(script, 1)), "");
  EXPECT_EQ(lossy.take({}), "");
  EXPECT_EQ(lossy.take(payload(script, 4)), "");
  EXPECT_FALSE(lossy.complete());

  Checker reordered(script, datagrams);
  EXPECT_EQ(reordered.take(payload(script, 1)), "");
  EXPECT_NE(reordered.take(payload(script, 0)), "");
  EXPECT_NE(reordered.take(payload(script, 1)), "") << "a double";

  auto joined = payload(script, 3);
  const auto rest = payload(script, 4);
  joined.insert(joined.end(), rest.begin(), rest.end());
  EXPECT_NE(Checker(script, datagrams).take(joined), "");
  EXPECT_NE(Checker(script, datagrams).take(Bytes(joined).first(99)), "") << "a shortened datagram";
}

TEST(TheSuite, NoticesThatInprocDropsACompletion) {
  const Subject* inproc = find_subject("inproc@local");
  ASSERT_NE(inproc, nullptr);
  PairSetup setup;
  setup.sender.options = {{"fault", "drop_completion"}, {"fault_at", "3"}};
  Flow flow(Script::repeated(80, 1000, 6), limits_of(*inproc).value());
  run_pair(
      *inproc, setup,
      [&](Side& side) {
        side.send(messages_in_arena(side, flow.script()));
        side.pump_for(200'000'000);
        EXPECT_EQ(side.accountant().in_flight(), 1u);
        side.accountant().expect_nothing_lent();
        EXPECT_TRUE(complains_about(side.accountant(), "1 ops never released, the first token 2"));
        side.accountant().forgive();
        side.close_session();
      },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
      });
}

TEST(TheSuite, NoticesMemoryThatIsReleasedTooEarly) {
  // What a side does on `released`, done while the bytes are still on their way: the receiver must get the scribble.
  const Subject* inproc = find_subject("inproc@local");
  ASSERT_NE(inproc, nullptr);
  Flow flow(Script::repeated(81, 1000, 1), limits_of(*inproc).value());
  std::atomic<bool> scribbled{false};
  run_pair(
      *inproc, {},
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        side.send(messages);
        std::fill_n(messages[0][0].data, 1000, std::byte{0xEE});
        scribbled = true;
      },
      [&](Side& side) {
        side.pump_until("the scribble", [&] { return scribbled.load(); });
        flow.offer(side);
        flow.receive_all(side);
        EXPECT_TRUE(complains_about(side.accountant(), "wrong byte at stream offset 0"));
        side.accountant().forgive();
      });
}

}  // namespace xover::conformance
