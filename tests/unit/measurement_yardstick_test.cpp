// The yardstick on this machine: it gives a figure, again and again, and none where it may not run.
#include <gtest/gtest.h>

#include "harness/measurement/yardstick.h"
#include "harness/placement/topology.h"

namespace xover {
namespace {

TEST(Yardstick, GivesAFigureEachTime) {
  const auto topology = Topology::of_this_machine();
  ASSERT_TRUE(topology) << topology.error().message();
  Yardstick yardstick;
  for (int i = 0; i < 3; ++i) {
    const auto gbps = yardstick.read(topology->cores().front().cpus.front());
    ASSERT_TRUE(gbps.has_value());
    EXPECT_GT(*gbps, 0.01);
    EXPECT_LT(*gbps, 10'000);
  }
}

TEST(Yardstick, NothingOnACoreThatIsNotThere) { EXPECT_FALSE(Yardstick().read(1'000'000).has_value()); }

}  // namespace
}  // namespace xover
