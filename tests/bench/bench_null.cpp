// What the contract itself costs: submit and reap of the null transport, in bursts of 32. `per_message` is the
// figure; 20 ns is what it may be.
#include <array>

#include <benchmark/benchmark.h>

#include "core/transport.h"

namespace xover {

namespace {

void null_burst(benchmark::State& state) {
  const Descriptor& transport = *find_transport("null");
  OpenParameters parameters;
  parameters.link = Link{"sink", ""};
  parameters.options = *Options::resolve(transport.id, transport.options, {});
  parameters.depth = 32;
  const auto session = *transport.open(parameters);
  Channel* channel = *session->connect("", monotonic_now_ns() + 1'000'000'000);

  std::array<std::byte, 64> message{};
  const Segment segment{message.data(), message.size()};
  std::array<SendOp, 32> burst;
  for (std::size_t i = 0; i < burst.size(); ++i) burst[i] = {i, {&segment, 1}};
  std::array<Completion, 64> completions;
  std::uint64_t released = 0;
  for (auto _ : state) {
    channel->submit(burst);
    released += session->reap(completions);
  }
  if (released != state.iterations() * burst.size()) state.SkipWithError("not every message was released");
  state.counters["per_message"] =
      benchmark::Counter(static_cast<double>(released), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(null_burst)->Repetitions(9)->ReportAggregatesOnly();

}  // namespace

}  // namespace xover

BENCHMARK_MAIN();
