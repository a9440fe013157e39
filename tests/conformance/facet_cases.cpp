// Optional facets, for the transports that have them: taking ops back, and one op to many channels.
#include "tests/conformance/conformance.h"

namespace xover::conformance {

TEST_P(Conformance, ACancelledOpIsReleasedAndNeverArrives) {
  REQUIRE_RECEIVER();
  const auto has_cancel = [&] {
    const Shared<std::atomic<bool>> found;
    run_pair(subject(), {}, [&](Side& side) { *found = side.channel().cancel() != nullptr; }, [](Side&) {});
    return found->load();
  };
  if (!has_cancel()) GTEST_SKIP() << subject().text() << " has no Cancel";
  Flow flow(Script::repeated(60, at_most_op(100'000), 8), limits());
  const Shared<std::atomic<std::size_t>> expected(SIZE_MAX);
  run_pair(
      subject(), small_buffers(),
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        const std::size_t sent = side.send_until_stuck(messages);
        Cancel& cancel = *side.channel().cancel();
        if (cancel.cancel(12345)) side.fail("an unknown token was cancelled");
        const bool taken_back = cancel.cancel(side.newest_token());
        if (taken_back && cancel.cancel(side.newest_token())) side.fail("an op was cancelled twice");
        *expected = sent - (taken_back ? 1 : 0);
        side.pump_until("all ops to be released", [&] { return side.accountant().all_released(); });
        const std::size_t cancelled = side.accountant().failed_releases(ErrorCode::cancelled);
        if (cancelled != (taken_back ? 1u : 0u)) side.fail(std::to_string(cancelled) + " ops say `cancelled`");
        side.channel().shutdown_send();
      },
      [&](Side& side) {
        side.pump_until("the sender to be stuck", [&] { return expected->load() != SIZE_MAX; });
        flow.offer(side);
        side.pump_until("the end", [&] { return side.accountant().closed(0); });
        if (flow.arrived_bytes() != flow.script().offset(expected->load())) side.fail("a cancelled op arrived");
      });
}

TEST_P(Conformance, OneOpGoesToManyChannelsAndIsReleasedOnce) {
  REQUIRE_RECEIVER();
  if (!has_fanout()) GTEST_SKIP() << subject().text() << " has no Fanout";
  constexpr std::size_t channels = 3;
  const Script script(61, within_limits({1, 0, 4097, 65507, 100'001, 300'000}));
  std::vector<std::unique_ptr<Flow>> flows;
  for (std::size_t i = 0; i < channels; ++i) flows.push_back(std::make_unique<Flow>(script, limits()));
  run_pair(
      subject(), PairSetup::with_channels(channels),
      [&](Side& side) {
        for (const Message& message : messages_in_arena(side, script)) {
          side.pump_until("the op to be accepted", [&] {
            const Submitted result = side.fan_out(message);
            if (result.stop == Stop::failed) side.fail("fanout failed");
            return result.accepted == 1;
          });
        }
        side.pump_until("all ops to be released", [&] { return side.accountant().all_released(); });
        if (side.accountant().released_count() != script.count()) side.fail("an op was not released once");
      },
      [&](Side& side) {
        for (std::size_t c = 0; c < channels; ++c) flows[c]->offer(side, 2 + c, 10'000 * (c + 1), c);
        for (const auto& flow : flows) flow->receive_all(side);
      });
}

}  // namespace xover::conformance
