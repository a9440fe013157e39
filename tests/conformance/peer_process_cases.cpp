// A peer process killed by SIGKILL in the middle: every accepted token is still released exactly once, in bounded time.
#include <algorithm>

#include "tests/conformance/conformance.h"
#include "tests/conformance/peer_process.h"

namespace xover::conformance {

namespace {

constexpr MonotonicNs bound_ns = 5'000'000'000;

void kill_and_expect_the_end(Side& side, PeerProcess& peer) {
  peer.kill();
  const MonotonicNs killed = monotonic_now_ns();
  side.pump_until("everything to come back after the peer was killed", [&] {
    if (!side.accountant().all_released()) return false;
    return !side.limits().reliable || (side.accountant().all_returned() && side.accountant().closed(0));
  });
  const MonotonicNs took_ns = monotonic_now_ns() - killed;
  if (took_ns > bound_ns) side.fail("that took " + std::to_string(took_ns / 1'000'000) + " ms");
}

// A side that accepts one peer process; ends it and checks the accounts.
void run_with_peer(const Subject& subject, const SideSetup& setup, PeerRole role,
                   const std::function<void(Side&, PeerProcess&)>& body) {
  run_alone(subject, setup, [&](Side& side) {
    const std::string address = side.listen();
    PeerProcess peer(subject, role, address);
    side.accept_all();
    body(side, peer);
    side.finish();
    for (const auto& problem : side.accountant().problems()) ADD_FAILURE() << problem;
  });
}

}  // namespace

#define REQUIRE_PROCESSES() \
  if (subject().needs_one_process()) GTEST_SKIP() << "both ends must be in one process"

TEST_P(Conformance, AKilledReceiverReleasesWhatItWasSent) {
  REQUIRE_RECEIVER();
  REQUIRE_PROCESSES();
  run_with_peer(subject(), small_buffers().sender, PeerRole::receive, [&](Side& side, PeerProcess& peer) {
    side.receive(4, 65536, {});
    const auto messages = messages_in_arena(side, Script::repeated(70, at_most_op(100'000), 300));
    const auto half = std::span(messages).first(100);
    side.send(half);
    side.send(std::span(messages).subspan(100, side.limits().depth), 0, 1);
    kill_and_expect_the_end(side, peer);
  });
}

TEST_P(Conformance, AKilledReceiverThatNeverReadReleasesWhatItWasSent) {
  REQUIRE_RECEIVER();
  REQUIRE_PROCESSES();
  run_with_peer(subject(), small_buffers().sender, PeerRole::idle, [&](Side& side, PeerProcess& peer) {
    side.receive(4, 65536, {});
    side.send_until_stuck(messages_in_arena(side, Script::repeated(71, at_most_op(100'000), 150)));
    kill_and_expect_the_end(side, peer);
  });
}

TEST_P(Conformance, AKilledSenderIsSeenByTheReceiver) {
  REQUIRE_RECEIVER();
  REQUIRE_PROCESSES();
  Flow flow(Script::repeated(peer_seed, at_most_op(100'000), 300), limits());
  run_with_peer(subject(), {}, PeerRole::send, [&](Side& side, PeerProcess& peer) {
    flow.offer(side, 4);
    side.pump_until("some data", [&] { return flow.arrived_bytes() > (limits().reliable ? 300'000u : 0u); });
    kill_and_expect_the_end(side, peer);
  });
}

}  // namespace xover::conformance
