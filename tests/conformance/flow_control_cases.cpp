// Back-pressure and waiting: slow receivers, partial sends, busy channels, empty reaps, full offer queues, the waiter.
#include <algorithm>
#include <thread>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr MonotonicNs millisecond = 1'000'000;

void sleep_for(MonotonicNs duration_ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(duration_ns)); }

}  // namespace

TEST_P(Conformance, ASlowReceiverGetsEverything) {
  REQUIRE_RECEIVER();
  const std::size_t count = limits().reliable ? 64 : 20;
  Flow flow(Script::repeated(30, at_most_op(limits().reliable ? 256 * 1024 : 1024), count), limits());
  run_pair(
      subject(), {}, [&](Side& side) { flow.send_without_care(side, messages_in_arena(side, flow.script())); },
      [&](Side& side) {
        sleep_for(100 * millisecond);
        flow.offer(side);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, LargeOpsThroughSmallBuffersAreFinishedBySessionProgress) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  Flow flow(Script(31, within_limits({1'000'003, 1, 0, 700'001, 65536})), limits());
  run_pair(
      subject(), small_buffers(), [&](Side& side) { flow.send(side, messages_in_arena(side, flow.script(), 8)); },
      [&](Side& side) {
        sleep_for(20 * millisecond);
        flow.offer(side, 2, 5000);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, ReapWithoutRoomForCompletionsStillMakesProgress) {
  REQUIRE_RECEIVER();
  Flow flow(Script::repeated(32, at_most_op(limits().reliable ? 3'000'001 : 1000), 1), limits());
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        side.send(messages);
        while (!flow.arrived(0) && monotonic_now_ns() < side.deadline()) {
          if (side.session().reap({}) != 0) side.fail("reap moved completions out into no room");
        }
      },
      [&](Side& side) {
        flow.offer(side);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, OfferTakesNoMoreThanItsLimitAndGivesEachBufferBack) {
  REQUIRE_RECEIVER();
  if (limits().receive == Receive::loaned) GTEST_SKIP() << "received memory is on loan";
  const auto idle = [](Side&) {};
  run_pair(subject(), {}, idle, [&](Side& side) {
    const std::size_t beyond = limits().max_offered + 3;
    side.receive(beyond, 64, {});
    if (side.accountant().offered_count() != limits().max_offered) {
      side.fail(std::to_string(side.accountant().offered_count()) + " buffers of " + std::to_string(beyond) +
                " were taken, max_offered is " + std::to_string(limits().max_offered));
    }
    if (side.offer_idle() != 0) side.fail("more buffers were taken when max_offered were lent");
  });
}

TEST_P(Conformance, ABusyChannelTakesMoreOnceTheReceiverReadsAndTheWaiterSaysSo) {
  REQUIRE_RECEIVER();
  REQUIRE_RELIABLE();
  Flow flow(Script::repeated(33, at_most_op(256 * 1024), 128), limits());
  const Shared<std::atomic<bool>> stuck;
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        const std::size_t sent = side.send_until_stuck(messages);
        if (sent == messages.size()) side.fail("32 MiB were accepted with nobody reading");
        *stuck = true;
        Waiter* waiter = side.session().waiter();
        const MonotonicNs start = monotonic_now_ns();
        while (waiter != nullptr && side.submit(std::span(messages).subspan(sent, 1)).accepted == 0) {
          waiter->wait(monotonic_now_ns() + 5'000 * millisecond);
          side.reap_once();
          if (monotonic_now_ns() - start > 4'000 * millisecond) side.fail("the waiter slept while there was room");
        }
        side.send(std::span(messages).subspan(sent + (waiter != nullptr ? 1 : 0)));
      },
      [&](Side& side) {
        side.pump_until("the sender to be stuck", [&] { return stuck->load(); });
        sleep_for(50 * millisecond);
        flow.offer(side);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, TheWaiterWakesForData) {
  REQUIRE_RECEIVER();
  Flow flow(Script::repeated(34, 100, 1), limits());
  const Shared<std::atomic<bool>> waiting;
  run_pair(
      subject(), {},
      [&](Side& side) {
        side.pump_until("the receiver to wait", [&] { return waiting->load(); });
        side.pump_for(50 * millisecond);
        flow.send(side, messages_in_arena(side, flow.script()));
      },
      [&](Side& side) {
        Waiter* waiter = side.session().waiter();
        flow.offer(side);
        const MonotonicNs start = monotonic_now_ns();
        *waiting = true;
        while (waiter != nullptr && !flow.complete()) {
          waiter->wait(monotonic_now_ns() + 8'000 * millisecond);
          side.reap_once();
          if (monotonic_now_ns() - start > 4'000 * millisecond) side.fail("the waiter slept while data was there");
        }
        flow.receive_all(side);
      });
}

TEST_P(Conformance, TheWaiterReturnsSoonAfterItsDeadline) {
  const auto measure = [](Side& side) {
    Waiter* waiter = side.session().waiter();
    if (waiter == nullptr) return;
    MonotonicNs best = INT64_MAX;  // of several, because the machine may be busy with something else
    for (int attempt = 0; attempt < 5 && best > 20 * millisecond; ++attempt) {
      const MonotonicNs deadline = monotonic_now_ns() + 10 * millisecond;
      waiter->wait(deadline);
      best = std::min(best, monotonic_now_ns() - deadline);
    }
    if (best > 20 * millisecond) side.fail("the waiter overslept by " + std::to_string(best / millisecond) + " ms");
    waiter->wait(monotonic_now_ns() - 1);
  };
  run_pair(subject(), {}, measure, measure);
}

}  // namespace xover::conformance
