// A link that is cut while bytes are on their way: nobody acknowledges, nobody resets, and lent memory has to come back
// all the same. Only links that are made can be cut.
#include <atomic>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr MonotonicNs millisecond = 1'000'000;
constexpr MonotonicNs end_bound_ns = 5'000 * millisecond;  // of a session that ends
constexpr std::size_t longest_message_bytes = 64 * 1024;

// Sends until nothing goes any more, with the link cut behind the first message. Ends in `end`, while the link is cut.
void lose_the_link(const Subject& subject, const PairSetup& setup, std::size_t size,
                   const std::function<void(Side&)>& end) {
  const Shared<std::atomic<bool>> arrived, ended;
  run_pair(
      subject, setup,
      [&](Side& side) {
        const auto messages = messages_in_arena(side, Script::repeated(95, size, 128));
        side.receive(4, 65536, {});
        side.send(std::span(messages).first(1));
        side.pump_until("the first message to arrive", [&] { return arrived->load(); });
        {
          const CutLink cut(subject.link);
          side.send_until_stuck(std::span(messages).subspan(1));
          end(side);
        }
        *ended = true;
      },
      [&](Side& side) {
        std::uint64_t bytes = 0;
        side.receive(4, 65536, [&](Bytes piece) { bytes += piece.size(); });
        side.pump_until("the first message", [&] { return bytes >= size; });
        *arrived = true;
        side.pump_until("the sender's end", [&] { return ended->load(); });
        // It was not heard here.
        side.channel().abort();
      });
}

}  // namespace

#define REQUIRE_A_LINK_TO_CUT() \
  REQUIRE_RECEIVER();           \
  if (!can_be_cut(subject().link)) GTEST_SKIP() << "this link cannot be cut"

TEST_P(Conformance, AbortGivesEverythingBackInTimeBehindACutLink) {
  REQUIRE_A_LINK_TO_CUT();
  REQUIRE_RELIABLE();
  const std::size_t message_bytes = at_most_op(longest_message_bytes);
  lose_the_link(subject(), small_buffers(), message_bytes, [&](Side& side) {
    const MonotonicNs start = monotonic_now_ns();
    side.channel().abort();
    side.pump_until("all to come back", [&] {
      return side.accountant().all_released() && side.accountant().all_returned() && side.accountant().closed(0);
    });
    const MonotonicNs took_ns = monotonic_now_ns() - start;
    if (took_ns > abort_bound_ns) side.fail("that took " + std::to_string(took_ns / millisecond) + " ms");
    if (side.accountant().failed_releases(ErrorCode::aborted) == 0) side.fail("no op says aborted");
    // Of what nobody acknowledged, nobody knows whether it went: only the first message can be zero_copied.
    const Ledger& ledger = side.channel().ledger();
    if (ledger[Handover::zero_copied] > message_bytes) side.fail("bytes that never arrived are zero_copied");
  });
}

TEST_P(Conformance, ASessionEndsInTimeBehindACutLink) {
  REQUIRE_A_LINK_TO_CUT();
  REQUIRE_RELIABLE();
  lose_the_link(subject(), small_buffers(), at_most_op(longest_message_bytes), [](Side& side) {
    const MonotonicNs start = monotonic_now_ns();
    side.close_session();
    const MonotonicNs took_ns = monotonic_now_ns() - start;
    if (took_ns > end_bound_ns) side.fail("that took " + std::to_string(took_ns / millisecond) + " ms");
  });
}

// A socket is not told that its device has lost the link, and does not want to be: it may come back. Who drives the
// device alone sees it, and has nobody else to tell the application.
TEST_P(Conformance, ALinkThatGoesDownEndsItsChannels) {
  REQUIRE_A_LINK_TO_CUT();
  if (subject().row->path == Path::kernel) GTEST_SKIP() << "the kernel does not tell sockets of their devices";
  const Shared<std::atomic<bool>> arrived, cut_off;
  const auto expect_the_end = [](Side& side) {
    const MonotonicNs start = monotonic_now_ns();
    side.pump_until("the link's end to be seen", [&] {
      return side.accountant().all_released() && side.accountant().all_returned() && side.accountant().closed(0);
    });
    if (monotonic_now_ns() - start > end_bound_ns) side.fail("the link's end was seen too late");
    if (!side.accountant().close_failure(0)) side.fail("the link's end was taken for an orderly one");
    if (!side.channel().failure()) side.fail("the channel does not say why it ended");
  };
  run_pair(
      subject(), {},
      [&](Side& side) {
        const auto messages = messages_in_arena(side, Script::repeated(96, at_most_op(longest_message_bytes), 8));
        side.receive(4, 65536, {});
        side.send(std::span(messages).first(1));
        side.pump_until("the first message to arrive", [&] { return arrived->load(); });
        const CutLink cut(subject().link);
        *cut_off = true;
        side.submit(std::span(messages).subspan(1));
        expect_the_end(side);
        side.pump_until("the receiver to see it", [&] { return !cut_off->load(); });
      },
      [&](Side& side) {
        bool any = false;
        side.receive(4, 65536, [&](Bytes) { any = true; });
        side.pump_until("the first message", [&] { return any; });
        *arrived = true;
        side.pump_until("the link to be cut", [&] { return cut_off->load(); });
        expect_the_end(side);
        *cut_off = false;
      });
}

}  // namespace xover::conformance
