// A sample in virtual time: exact, the same each time, and every byte where it belongs.
#include "harness/workloads/virtual_run.h"

#include <gtest/gtest.h>

#include <string>

#include "core/transport.h"

namespace xover {
namespace {

SampleSpec spec_of(const std::string& variant, std::uint64_t size_bytes, std::uint32_t connections) {
  SampleSpec spec;
  spec.variant = parse_variant(variant).value();
  spec.point.size_bytes = size_bytes;
  spec.point.connections = connections;
  spec.point.wait = Wait::spin;
  spec.point.touch = Touch::verify;
  spec.point.pool_bytes = 1 << 20;
  spec.point.link = spec.variant.link;
  spec.warmup_ns = 1'000'000;
  spec.duration_ns = 20'000'000;
  return spec;
}

Sample sample_of(const SampleSpec& spec) {
  auto sample = run_in_virtual_time(spec);
  EXPECT_TRUE(sample) << sample.error().message();
  return sample.value_or(Sample());
}

class VirtualRun : public testing::TestWithParam<const char*> {};

TEST_P(VirtualRun, MovesEveryByteOnceOnEachConnection) {
  for (const std::uint32_t connections : {1, 3}) {
    const SampleSpec spec = spec_of(GetParam(), 40'000, connections);
    const Sample sample = sample_of(spec);
    EXPECT_GT(sample.sender.messages, 0u);
    EXPECT_EQ(sample.receiver.messages, sample.sender.messages);
    EXPECT_EQ(sample.receiver.bytes, sample.sender.messages * 40'000);
    EXPECT_EQ(sample.sender.ledger.completed_bytes, sample.receiver.ledger.completed_bytes);
    EXPECT_GE(sample.window_ns(), spec.duration_ns * 9 / 10) << "the last arrival is near the end, or behind it";
    EXPECT_EQ(sample.sender.latency.count(), sample.sender.messages);
  }
}

TEST_P(VirtualRun, IsTheSameEachTime) {
  const SampleSpec spec = spec_of(GetParam(), 10'000, 2);
  const Sample first = sample_of(spec), second = sample_of(spec);
  EXPECT_EQ(first.window_ns(), second.window_ns());
  EXPECT_EQ(first.receiver.bytes, second.receiver.bytes);
  EXPECT_EQ(first.sender.latency.max_ns(), second.sender.latency.max_ns());
}

TEST_P(VirtualRun, AnswersPingPongs) {
  SampleSpec spec = spec_of(GetParam(), 64, 2);
  spec.point.workload = Workload::pingpong;
  const Sample sample = sample_of(spec);
  EXPECT_GT(sample.sender.messages, 0u);
  EXPECT_EQ(sample.receiver.messages, sample.sender.messages);
  EXPECT_EQ(sample.sender.latency.count(), sample.sender.messages);
  EXPECT_LT(sample.sender.latency.max_ns(), 20'000'000u);
}

TEST_P(VirtualRun, SendsDeepStreams) {
  SampleSpec spec = spec_of(GetParam(), 5'000, 2);
  spec.point.depth = 8;
  const Sample sample = sample_of(spec);
  EXPECT_EQ(sample.receiver.bytes, sample.sender.messages * 5'000);
}

INSTANTIATE_TEST_SUITE_P(Of, VirtualRun,
                         testing::Values("rdma.send@simulated", "rdma.write@simulated", "rdma.read@simulated",
                                         "sdp.bcopy@simulated", "sdp.read_zcopy@simulated", "sdp.write_zcopy@simulated",
                                         "sdp.auto@simulated"),
                         [](const auto& one) {
                           const std::string text = one.param;
                           const std::string id = text.substr(0, text.find('@'));
                           return id.substr(0, id.find('.')) + "_" + id.substr(id.find('.') + 1);
                         });

TEST(VirtualRunOf, ATransportWithAClockOfItsOwnIsRefused) {
  SampleSpec spec = spec_of("inproc@local", 4096, 1);
  const auto sample = run_in_virtual_time(spec);
  ASSERT_FALSE(sample);
  EXPECT_NE(sample.error().message().find("virtual clock"), std::string::npos) << sample.error().message();
}

// What the link is told costs what it says: half the bandwidth takes twice the time.
TEST(VirtualRunOf, TheLinksBandwidthBoundsTheGoodput) {
  const Sample fast = sample_of(spec_of("rdma.write@simulated[link_mbps=1000]", 65536, 2));
  const Sample slow = sample_of(spec_of("rdma.write@simulated[link_mbps=500]", 65536, 2));
  EXPECT_LE(fast.goodput_gbps(), 8.0);
  EXPECT_LE(slow.goodput_gbps(), 4.0);
  EXPECT_NEAR(fast.goodput_gbps() / slow.goodput_gbps(), 2, 0.2);
}

}  // namespace
}  // namespace xover
