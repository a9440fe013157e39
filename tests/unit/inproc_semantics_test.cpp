// What inproc promises beyond the contract, step by step: when an op is sent and released, who books which copy, what
// can be cancelled, and that a shared op is released by the last channel that lets go of it.
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/inproc_pair.h"

namespace xover {

namespace {

using inproc_test::Pair;

}  // namespace

TEST(Inproc, ReportsSentWhenPublishedAndReleasedWhenTheLastByteWasCopied) {
  Pair pair({});
  pair.submit(1);
  pair.reap_sender();
  EXPECT_EQ(pair.sent.size(), 1u);
  EXPECT_TRUE(pair.released.empty());
  pair.reap_receiver();  // 64 of 100 bytes
  pair.reap_sender();
  EXPECT_TRUE(pair.released.empty());
  pair.reap_receiver();
  pair.reap_sender();
  EXPECT_EQ(pair.released.size(), 1u);
}

TEST(Inproc, BooksTheOneCopyToTheReceiverAndNothingElse) {
  Pair pair({});
  pair.submit(3);
  pair.run();
  const Ledger& out = pair.out->ledger();
  const Ledger& in = pair.in->ledger();
  EXPECT_EQ(out.user_copied_bytes, 0u);
  EXPECT_EQ(in.user_copied_bytes, 300u);
  EXPECT_EQ(out[Handover::zero_copied], 300u);
  EXPECT_EQ(in[Handover::zero_copied], 300u);
  EXPECT_TRUE(out.balanced());
  EXPECT_TRUE(in.balanced());
}

TEST(Inproc, CancelTakesBackWhatNobodyHasTouched) {
  Pair pair({});
  pair.submit(3);
  pair.reap_receiver();  // begins the first op
  Cancel& cancel = *pair.out->cancel();
  EXPECT_FALSE(cancel.cancel(1));
  EXPECT_TRUE(cancel.cancel(2));
  EXPECT_FALSE(cancel.cancel(2));
  EXPECT_FALSE(cancel.cancel(99));
  pair.reap_sender();
  EXPECT_EQ(pair.released, (std::vector<Token>{2}));
  pair.run();
  EXPECT_EQ(pair.released, (std::vector<Token>{2, 1, 3}));
  EXPECT_EQ(pair.release_failures[ErrorCode::cancelled], 1u);
  EXPECT_EQ(pair.received_bytes, 200u);
}

TEST(Inproc, AbortReleasesAHalfCopiedOpWithTheBytesThatWent) {
  Pair pair({});
  pair.submit(2);
  pair.reap_receiver();
  pair.out->abort();
  pair.reap_sender();
  EXPECT_EQ(pair.released.size(), 2u);
  EXPECT_EQ(pair.release_failures[ErrorCode::aborted], 2u);
  EXPECT_EQ(pair.released_bytes, 64u);
  EXPECT_EQ(pair.sender_close.code, ErrorCode::aborted);
  pair.run();
  EXPECT_EQ(pair.receiver_close.code, ErrorCode::peer_died);
  EXPECT_EQ(pair.in->ledger().completed_bytes, 64u);
}

TEST(Inproc, IsBusyAtItsDepthUntilAReleaseWasReaped) {
  Pair pair({}, 2);
  EXPECT_EQ(pair.submit(3).accepted, 2u);
  pair.reap_receiver();
  pair.reap_receiver();
  EXPECT_EQ(pair.submit(1).stop, Stop::busy) << "copied, but not reaped";
  pair.reap_sender();
  EXPECT_EQ(pair.submit(1).stop, Stop::none);
}

TEST(Inproc, ReleasesASharedOpWithTheLastChannelThatLetsGo) {
  Pair pair({}, 4, 3);
  std::array<std::byte, 40> memory{};
  const std::array segments{Segment{memory.data(), memory.size()}};
  const Submitted result = pair.sender->fanout()->submit({7, segments}, pair.outs);
  EXPECT_EQ(result.accepted, 1u);
  pair.reap_sender();
  EXPECT_EQ(pair.sent, (std::vector<Token>{7}));
  pair.ins[1]->abort();
  pair.reap_sender();
  EXPECT_TRUE(pair.released.empty());
  pair.run();
  EXPECT_EQ(pair.released, (std::vector<Token>{7}));
  EXPECT_EQ(pair.release_failures[ErrorCode::peer_died], 1u);
  EXPECT_EQ(pair.received_bytes, 80u);
}

TEST(Inproc, AcceptsASharedOpByAllOrNone) {
  Pair pair({}, 1, 2);
  pair.submit(1);
  std::array<std::byte, 40> memory{};
  const std::array segments{Segment{memory.data(), memory.size()}};
  EXPECT_EQ(pair.sender->fanout()->submit({7, segments}, pair.outs).stop, Stop::busy);
  pair.run();
  EXPECT_EQ(pair.received_bytes, 100u);
  pair.outs[1]->abort();
  EXPECT_EQ(pair.sender->fanout()->submit({8, segments}, pair.outs).stop, Stop::failed);
  pair.run();
  EXPECT_EQ(pair.received_bytes, 100u);
}

TEST(Inproc, ASessionThatEndsBehindItsShutdownHasEndedInOrder) {
  Pair pair({});
  pair.submit(1);
  pair.run();
  pair.out->shutdown_send();
  pair.sender.reset();
  std::array<Completion, 4> completions;
  std::size_t closed = 0;
  for (int i = 0; i < 3; ++i) {
    const std::size_t count = pair.receiver->reap(completions);
    for (std::size_t c = 0; c < count; ++c) {
      if (!completions[c].moments.has(Moment::closed)) continue;
      ++closed;
      EXPECT_FALSE(completions[c].failure);
    }
  }
  EXPECT_EQ(closed, 1u);
}

}  // namespace xover
