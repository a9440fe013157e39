// t1, t2, R and R_max of sends whose times are known.
#include "harness/analysis/copy_time.h"

#include <gtest/gtest.h>

#include "tests/unit/analysis_document.h"

namespace xover {
namespace {

// 4 KiB in 2000 ns of the sender's CPU time each, of which a quarter is copying.
ResultDocument document_of(bool sampled) {
  ResultDocument document;
  document.plan.points.push_back(synthetic::point_of(Workload::stream, 4096));
  std::vector<Sample> samples = synthetic::steady(1, 10, 0, 4096);
  for (Sample& sample : samples) {
    sample.sender.cpu.worker_ns = 2000 * static_cast<std::int64_t>(sample.sender.messages);
    sample.sender.copy_share.available = sampled;
    sample.sender.copy_share.samples = sampled ? 4000 : 0;
    sample.sender.copy_share.copy_samples = sampled ? 1000 : 0;
  }
  document.cells.push_back(synthetic::cell_of(0, "udp.send", samples));
  return document;
}

TEST(CopyTimes, ArePartsOfASend) {
  ResultDocument document = document_of(true);
  find_copy_times(document);
  ASSERT_EQ(document.copy_times.size(), 1U);
  const CopyTime& time = document.copy_times.front();
  EXPECT_EQ(time.variant, "udp.send");
  EXPECT_NEAR(time.t1_ns.median, 500, 1);
  EXPECT_NEAR(time.t2_ns.median, 1500, 1);
  EXPECT_NEAR(time.rate_gbps.median, 8 * 4096 / 2000.0, 0.01);
  EXPECT_NEAR(time.greatest_rate_gbps.median, 8 * 4096 / 1500.0, 0.01);
  for (const Interval& interval : {time.t1_ns, time.t2_ns, time.greatest_rate_gbps}) {
    EXPECT_LT(interval.low, interval.median);
    EXPECT_GT(interval.high, interval.median);
  }
}

TEST(CopyTimes, AreNoneWhereNothingWasSampledOrNothingRan) {
  ResultDocument document = document_of(false);
  find_copy_times(document);
  EXPECT_TRUE(document.copy_times.empty());
  document = document_of(true);
  document.cells.front().status = CellStatus::failed;
  find_copy_times(document);
  EXPECT_TRUE(document.copy_times.empty());
}

}  // namespace
}  // namespace xover
