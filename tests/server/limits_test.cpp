// What a client may take, and which requests reach an agent: from the text of a request, without a process.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "harness/agents/protocol.h"
#include "harness/server/limits.h"
#include "harness/server/relay.h"

namespace xover::test {
namespace {

using nlohmann::json;

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

SampleSpec usual() {
  SampleSpec spec;
  spec.variant = {.id = "tcp.send"};
  spec.warmup_ns = 50'000'000;
  spec.duration_ns = 300'000'000;
  return spec;
}

template <typename Change>
std::string refusal(Change change, const ClientLimits& limits = {}) {
  SampleSpec spec = usual();
  change(spec);
  const auto checked = check_sample(spec, limits);
  return checked ? "" : checked.error().message();
}

void expect_names(const std::string& message, const char* option) {
  EXPECT_NE(message.find(option), std::string::npos) << "'" << message << "'";
}

TEST(ClientLimits, LetTheUsualPass) {
  EXPECT_EQ(refusal([](SampleSpec&) {}), "");
  for (const std::uint64_t size : {std::uint64_t{64}, std::uint64_t{4096}, mib})
    for (const std::uint32_t connections : {1u, 16u})
      EXPECT_EQ(refusal([&](SampleSpec& spec) {
                  spec.point.size_bytes = size;
                  spec.point.connections = connections;
                  spec.point.depth = 32;
                }),
                "")
          << size << " x " << connections;
}

TEST(ClientLimits, NameTheOptionThatWouldHaveToBeGreater) {
  expect_names(refusal([](SampleSpec& spec) { spec.point.connections = 257; }), "--max-connections");
  expect_names(refusal([](SampleSpec& spec) { spec.duration_ns = 61'000'000'000; }), "--max-sample-duration");
  expect_names(refusal([](SampleSpec& spec) { spec.warmup_ns = 61'000'000'000; }), "--max-sample-duration");
  expect_names(refusal([](SampleSpec& spec) {
                 spec.point.pool_bytes = gib;
                 spec.point.connections = 5;
               }),
               "--max-memory");
  expect_names(refusal([](SampleSpec& spec) {
                 spec.point.size_bytes = mib;
                 spec.point.depth = 4096;
                 spec.point.connections = 2;
               }),
               "--max-memory");
  expect_names(refusal([](SampleSpec& spec) {
                 spec.point.workload = Workload::paced;
                 spec.point.rate_per_second = 5'000'000;
                 spec.point.connections = 3;
               }),
               "--max-rate");
}

TEST(ClientLimits, AreExact) {
  const ClientLimits limits{.max_memory_bytes = 8 * mib};
  const auto with_pool = [](std::uint64_t pool_bytes) {
    return [=](SampleSpec& spec) {
      spec.point.pool_bytes = pool_bytes;
      spec.point.connections = 2;
    };
  };
  EXPECT_EQ(refusal(with_pool(4 * mib), limits), "");
  expect_names(refusal(with_pool(4 * mib + 65536), limits), "--max-memory");
  EXPECT_EQ(refusal([](SampleSpec& spec) { spec.duration_ns = 60'000'000'000; }), "");
}

// Messages far apart take far more than their pool says.
TEST(ClientLimits, CountTheMemoryThatAlignmentTakes) {
  Point point;
  point.size_bytes = 64;
  point.pool_bytes = 4 * mib;
  EXPECT_EQ(pool_memory_bytes(point), 4 * mib);
  point.alignment_bytes = mib;
  EXPECT_EQ(pool_memory_bytes(point), 65536 * mib);
  expect_names(refusal([&](SampleSpec& spec) { spec.point = point; }), "--max-memory");
}

TEST(ClientLimits, AreNotSlippedThroughByNumbersThatWrapRound) {
  Point point;
  point.size_bytes = UINT64_MAX;
  point.pool_bytes = UINT64_MAX;
  point.fields = UINT32_MAX;
  point.depth = UINT32_MAX;
  point.alignment_bytes = std::uint64_t{1} << 63;
  EXPECT_EQ(pool_memory_bytes(point), UINT64_MAX);
  for (const auto& change : std::initializer_list<void (*)(Point&)>{
           [](Point& changed) { changed.size_bytes = UINT64_MAX; }, [](Point& changed) { changed.size_bytes = 0; },
           [](Point& changed) { changed.pool_bytes = std::uint64_t{1} << 63; },
           [](Point& changed) { changed.depth = UINT32_MAX; }, [](Point& changed) { changed.fields = 0; },
           [](Point& changed) { changed.connections = 0; }, [](Point& changed) { changed.alignment_bytes = 3; },
           [](Point& changed) { changed.late_ns = INT64_MAX; }, [](Point& changed) { changed.directory = "a"; },
           [](Point& changed) { changed.congestion_control = "../x"; }})
    EXPECT_NE(refusal([&](SampleSpec& spec) { change(spec.point); }), "");
  EXPECT_NE(refusal([](SampleSpec& spec) { spec.duration_ns = -1; }), "");
}

TEST(ClientLimits, TravelWhole) {
  const ClientLimits limits{1, 2, 3, 4, 5, 6, 7};
  const auto back = client_limits_from_json(to_json(limits));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, limits);
  EXPECT_FALSE(client_limits_from_json(json::object()));
}

TEST(Relay, PassesOnWhatMeasures) {
  for (const char* name :
       {"probe", "finish_phase", "report", "close_sample", "describe_host", "place", "gate_before", "gate_after"})
    EXPECT_TRUE(check_request({{"request", name}}, {})) << name;
  EXPECT_TRUE(check_request({{"request", "open_receiver"}, {"spec", to_json(usual())}}, {}));
  EXPECT_TRUE(check_request({{"request", "run_phase"}, {"duration_ns", 300'000'000}}, {}));
}

TEST(Relay, RefusesEverythingElse) {
  for (const json& request :
       {json{{"request", "make_link"}}, json{{"request", "enter_namespaces"}}, json{{"request", "virtual_sample"}},
        json{{"request", "hello"}}, json{{"request", "probe2"}}, json{{"request", nullptr}}, json::object(),
        json::array(), json("probe"), json(7), json()})
    EXPECT_FALSE(check_request(request, {})) << request;
}

TEST(Relay, LooksIntoWhatItPassesOn) {
  EXPECT_FALSE(check_request({{"request", "open_sender"}}, {}));
  EXPECT_FALSE(check_request({{"request", "open_sender"}, {"spec", "x"}}, {}));
  SampleSpec long_one = usual();
  long_one.duration_ns = 100'000'000'000;
  EXPECT_FALSE(check_request({{"request", "open_sender"}, {"spec", to_json(long_one)}}, {}));
  for (const json& duration : {json(100'000'000'000), json(UINT64_MAX), json(-1), json("1"), json(1.5), json()})
    EXPECT_FALSE(check_request({{"request", "start_phase"}, {"duration_ns", duration}}, {})) << duration;
  EXPECT_FALSE(check_request({{"request", "run_phase"}}, {}));
}

TEST(Relay, CountsSamplesByTheirOpening) {
  EXPECT_TRUE(opens_sample({{"request", "open_receiver"}}));
  EXPECT_TRUE(opens_sample({{"request", "open_sender"}}));
  EXPECT_FALSE(opens_sample({{"request", "run_phase"}}));
  EXPECT_FALSE(opens_sample(json::array()));
}

}  // namespace
}  // namespace xover::test
