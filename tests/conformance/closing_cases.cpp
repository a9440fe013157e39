// Endings, in order and not: everything lent comes back, whatever was under way and whoever ended it.
#include <algorithm>
#include <array>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr MonotonicNs second = 1'000'000'000;
constexpr MonotonicNs peer_loss_bound_ns = 5 * second;

// What a side must go through once its channel is lost: everything comes back in time, submit and offer are refused.
void expect_lost(Side& side, const char* how, MonotonicNs bound_ns) {
  const MonotonicNs start = monotonic_now_ns();
  side.pump_until(std::string("all tokens and buffers to come back after ") + how, [&] {
    return side.accountant().all_released() && side.accountant().all_returned() && side.accountant().closed(0);
  });
  const MonotonicNs took_ns = monotonic_now_ns() - start;
  if (took_ns > bound_ns) side.fail(std::string(how) + " took " + std::to_string(took_ns / 1'000'000) + " ms");
  if (side.submit(std::vector<Message>(1)).stop != Stop::failed) side.fail("a lost channel accepts ops");
  if (!side.channel().failure()) side.fail("a lost channel has no failure()");
  if (side.offer_idle() != 0) side.fail("a lost channel takes buffers");
}

// How much has to arrive before an end is an end in the middle. Where most may be lost, anything will do.
std::uint64_t some_data(const Limits& limits) { return limits.reliable ? 100'000 : 0; }

// Enough to fill every buffer on the way.
Script much(std::uint64_t seed, const Limits& limits) {
  return Script::repeated(seed, std::min<std::size_t>(limits.max_op_bytes, 256 * 1024), 128);
}

}  // namespace

TEST_P(Conformance, ShutdownIsSeenBehindTheDataAndTheOtherDirectionGoesOn) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  Flow there(Script::repeated(40, at_most_op(100'000), 20), limits());
  Flow back(Script::repeated(41, at_most_op(100'000), 20), limits());
  run_pair(
      subject(), {},
      [&](Side& side) {
        back.offer(side);
        const auto messages = messages_in_arena(side, there.script());
        side.send(messages);
        side.channel().shutdown_send();
        back.receive_all(side);
      },
      [&](Side& side) {
        there.offer(side);
        there.receive_all(side);
        side.pump_until("the end of the stream", [&] { return side.accountant().closed(0); });
        if (side.accountant().close_failure(0)) side.fail("an orderly end was reported as a failure");
        side.send(messages_in_arena(side, back.script()));
      });
}

TEST_P(Conformance, SubmitAfterShutdownFails) {
  run_pair(
      subject(), {},
      [&](Side& side) {
        const auto messages = messages_in_arena(side, Script::repeated(42, 8, 2));
        side.send(std::span(messages).first(1));
        side.channel().shutdown_send();
        side.channel().shutdown_send();
        const Submitted late = side.submit(std::span(messages).last(1));
        if (late.accepted != 0 || late.stop != Stop::failed) side.fail("an op was accepted after shutdown_send");
        if (!side.channel().failure()) side.fail("failure() does not say why");
      },
      [](Side& side) { side.receive(4, 64, {}); });
}

TEST_P(Conformance, AbortGivesEverythingBackInTime) {
  Flow flow(much(43, limits()), limits());
  const Shared<std::atomic<bool>> aborted;
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        if (has_receiver()) side.receive(4, 65536, {});
        side.send_until_stuck(messages_in_arena(side, flow.script()));
        side.channel().abort();
        side.channel().abort();
        expect_lost(side, "abort", abort_bound_ns);
        if (side.accountant().close_failure(0).code != ErrorCode::aborted) side.fail("`closed` does not say aborted");
        *aborted = true;
      },
      [&](Side& side) {
        side.pump_until("the sender's abort", [&] { return aborted->load(); });
        flow.offer(side);
        if (!limits().reliable) return;
        expect_lost(side, "the peer's abort", peer_loss_bound_ns);
        if (!side.accountant().close_failure(0) && !flow.complete()) side.fail("a reset looks like an orderly end");
      });
}

TEST_P(Conformance, TheReceiversAbortGivesTheSenderEverythingBack) {
  REQUIRE_RECEIVER();
  Flow flow(much(44, limits()), limits());
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        side.receive(4, 65536, {});
        const auto messages = messages_in_arena(side, flow.script());
        side.send_until_stuck(messages);
        if (limits().reliable) expect_lost(side, "the receiver's abort", peer_loss_bound_ns);
      },
      [&](Side& side) {
        flow.offer(side, 4);
        side.pump_until("some data", [&] { return flow.arrived_bytes() > some_data(limits()); });
        side.channel().abort();
        expect_lost(side, "abort", abort_bound_ns);
      });
}

TEST_P(Conformance, APeerSessionThatEndsMidTransferReleasesTheSender) {
  REQUIRE_RECEIVER();
  Flow flow(much(45, limits()), limits());
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        side.receive(4, 65536, {});
        side.send_until_stuck(messages_in_arena(side, flow.script()));
        if (limits().reliable) expect_lost(side, "the end of the receiver's session", peer_loss_bound_ns);
      },
      [&](Side& side) {
        flow.offer(side, 4);
        side.pump_until("some data", [&] { return flow.arrived_bytes() > some_data(limits()); });
        side.close_session();
      });
}

TEST_P(Conformance, APeerSessionThatEndsMidTransferIsSeenByTheReceiver) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  Flow flow(much(46, limits()), limits());
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        side.receive(4, 65536, {});
        side.send_until_stuck(messages_in_arena(side, flow.script()));
        side.close_session();
      },
      [&](Side& side) {
        flow.offer(side, 4, 1000);
        expect_lost(side, "the end of the sender's session", side_bound_ns);
        if (!side.accountant().close_failure(0)) side.fail("an end in the middle was reported as orderly");
      });
}

TEST_P(Conformance, ASessionMayEndWithEverythingInFlightAndNothingReaped) {
  Flow flow(much(47, limits()), limits());
  const auto load_and_end = [&](Side& side) {
    if (has_receiver()) side.receive(16, 65536, {});
    const auto messages = messages_in_arena(side, flow.script());
    for (std::size_t sent = 0; sent < messages.size();) {
      const Submitted result = side.submit(std::span(messages).subspan(sent));
      sent += result.accepted;
      if (result.stop != Stop::none) break;
    }
    side.close_session();
  };
  run_pair(subject(), PairSetup::with_depth(16), load_and_end, load_and_end);
}

TEST_P(Conformance, ASessionMayEndUnconnected) {
  run_alone(subject(), {}, [](Side& side) {
    side.session().reap({});
    (void)side.session().arena(100'000);
    side.close_session();
  });
}

TEST_P(Conformance, AListeningSessionMayEndWithAPeerThatWasNeverAccepted) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  if (subject().two_processes) GTEST_SKIP() << "the two ends are in two processes";
  run_alone(subject(), {}, [&](Side& listener) {
    const std::string address = listener.listen();
    auto session = open_session(subject(), 1, 1);
    if (!session) listener.fail(session.error().message());
    // Refusing is fine too, and so is waiting for the accept() that does not come.
    if (!(*session)->connect(address, monotonic_now_ns() + second)) return;
    listener.close_session();
    std::array<Completion, 4> completions;
    for (bool closed = false; !closed;) {
      const std::size_t count = (*session)->reap(completions);
      for (std::size_t i = 0; i < count; ++i) closed |= completions[i].moments.has(Moment::closed);
      if (monotonic_now_ns() > listener.deadline()) throw SideFailed{"the connecting side never saw `closed`"};
    }
  });
}

}  // namespace xover::conformance
