// What was sent arrives: sizes, fields, places in memory, depths, bursts, both directions, many channels.
#include <algorithm>
#include <array>
#include <thread>

#include "tests/conformance/conformance.h"

namespace xover::conformance {

namespace {

constexpr std::size_t mebibyte = 1 << 20;

std::vector<std::size_t> small_sizes() { return {0, 1, 2, 3, 7, 8, 63, 64, 65, 1499, 1500, 1501, 4095, 4096, 4097}; }

std::vector<std::size_t> all_sizes() {
  std::vector<std::size_t> sizes = small_sizes();
  sizes.insert(sizes.end(), {65507, 65535, 65536, 65537, mebibyte, mebibyte + 1, 4 * mebibyte + 3, 0, 1});
  return sizes;
}

struct Manner {
  PairSetup setup;
  std::size_t fields = 1;
  Placement placement = Placement::packed;
  std::size_t burst = 8;
  std::size_t buffers = 16;
  std::size_t buffer_bytes = 65536;
};

void transfer(const Subject& subject, const Limits& limits, Script script, const Manner& manner) {
  Flow flow(std::move(script), limits);
  run_pair(
      subject, manner.setup,
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script(), manner.fields, manner.placement);
        flow.send(side, messages, 0, manner.burst);
      },
      [&](Side& side) {
        flow.offer(side, manner.buffers, manner.buffer_bytes);
        flow.receive_all(side);
      });
}

}  // namespace

TEST_P(Conformance, EverySizeArrives) { transfer(subject(), limits(), Script(1, within_limits(all_sizes())), {}); }

TEST_P(Conformance, EverySizeArrivesInEightFieldsSomeOfThemEmpty) {
  if (limits().max_segments < 8) GTEST_SKIP() << "an op has at most " << limits().max_segments << " segments";
  transfer(subject(), limits(), Script(2, within_limits(all_sizes())), {.fields = 8});
}

TEST_P(Conformance, MessagesThatBeginOneByteBeforeAPageEndArrive) {
  if (limits().alignment_bytes > 1) GTEST_SKIP() << "segments must be aligned to " << limits().alignment_bytes;
  if (limits().buffer_bytes != 0) GTEST_SKIP() << "every field begins where its buffer does";
  const auto sizes = within_limits({1, 2, 3, 64, 4096, 4097, 8193, 65507, 65536, mebibyte + 1});
  transfer(subject(), limits(), Script(3, sizes), {.placement = Placement::before_page_end});
  if (limits().max_segments < 8) return;
  transfer(subject(), limits(), Script(4, sizes), {.fields = 8, .placement = Placement::before_page_end});
}

TEST_P(Conformance, DepthOneCarriesAStream) {
  transfer(subject(), limits(), Script(5, within_limits({1, 64, 0, 4096, 65507, 65536, mebibyte, 3})),
           {.setup = PairSetup::with_depth(1), .burst = 4});
}

TEST_P(Conformance, GreatDepthIsUsedAndNeverExceeded) {
  Flow flow(Script::repeated(6, at_most_op(16384), 400), limits());
  run_pair(
      subject(), PairSetup::with_depth(64),
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        flow.send_without_care(side, messages, 0, 64);
      },
      [&](Side& side) {
        flow.offer(side, 64);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, ManySmallMessagesInBursts) {
  Flow flow(Script::repeated(7, 64, 5000), limits());
  run_pair(
      subject(), PairSetup::with_depth(32),
      [&](Side& side) {
        const auto messages = messages_in_arena(side, flow.script());
        flow.send_without_care(side, messages, 0, 32);
      },
      [&](Side& side) {
        flow.offer(side, 64, 4096);
        flow.receive_all(side);
      });
}

TEST_P(Conformance, WorksByPollingAlone) {
  Manner manner;
  manner.setup.sender.poll_only = manner.setup.receiver.poll_only = true;
  transfer(subject(), limits(), Script(8, within_limits({0, 1, 4097, 65507, mebibyte + 1})), manner);
}

TEST_P(Conformance, TinyReceiveBuffersTakeALargeMessage) {
  if (limits().framing == Framing::message) GTEST_SKIP() << "a datagram needs a buffer of its size";
  transfer(subject(), limits(), Script(9, within_limits({300'001})), {.buffers = 3, .buffer_bytes = 1000});
}

TEST_P(Conformance, BothDirectionsAtOnceDoNotDeadlock) {
  REQUIRE_RECEIVER();
  const std::size_t size = at_most_op(limits().reliable ? 256 * 1024 : 1024);
  const std::size_t count = limits().reliable ? 32 : 200;
  Flow there(Script::repeated(10, size, count), limits());
  Flow back(Script::repeated(11, size, count), limits());
  const auto both = [](Flow& out, Flow& in) {
    return [&out, &in](Side& side) {
      in.offer(side, 4);
      const auto messages = messages_in_arena(side, out.script());
      out.send_without_care(side, messages);
      in.receive_all(side);
    };
  };
  run_pair(subject(), {}, both(there, back), both(back, there));
}

TEST_P(Conformance, PingPong) {
  REQUIRE_RECEIVER();
  const auto sizes = within_limits({1, 64, 4096, 65507, 65536, 8, 1});
  Flow there(Script(12, sizes), limits()), back(Script(13, sizes), limits());
  const auto turn = [&](Flow& out, Flow& in, bool first) {
    return [&out, &in, first, count = sizes.size()](Side& side) {
      in.offer(side);
      const auto messages = messages_in_arena(side, out.script());
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t expected = in.script().offset(i + 1);
        const auto answered = [&] { return in.arrived_bytes() >= expected; };
        if (!first) side.pump_until("the question", answered);
        side.send(std::span(messages).subspan(i, 1));
        if (first) side.pump_until("the answer", answered);
      }
    };
  };
  run_pair(subject(), {}, turn(there, back, true), turn(back, there, false));
}

TEST_P(Conformance, ChannelsOfOneSessionDoNotMixUp) {
  constexpr std::size_t channels = 4;
  std::vector<std::unique_ptr<Flow>> flows;
  for (std::size_t i = 0; i < channels; ++i) {
    flows.push_back(std::make_unique<Flow>(Script::repeated(20 + i, at_most_op(10'000 + i), 50), limits()));
  }
  run_pair(
      subject(), PairSetup::with_channels(channels),
      [&](Side& side) {
        std::vector<std::vector<Message>> messages;
        for (const auto& flow : flows) messages.push_back(messages_in_arena(side, flow->script()));
        for (std::size_t i = 0; i < messages.front().size(); ++i) {
          for (std::size_t c = 0; c < channels; ++c) flows[c]->send_one(side, messages[c], i, c);
        }
      },
      [&](Side& side) {
        for (std::size_t c = 0; c < channels; ++c) flows[c]->offer(side, 8, 65536, c);
        for (const auto& flow : flows) flow->receive_all(side);
      });
}

}  // namespace xover::conformance
