// Probes of DPDK's links: what can be used here is used, and what cannot says why and what to do.
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/sanitizer.h"
#include "transports/dpdk/dpdk_availability.h"
#include "transports/dpdk/dpdk_way.h"
#include "transports/dpdk/eal.h"

namespace xover {
namespace {

constexpr DpdkWay ways[] = {DpdkWay::copy, DpdkWay::mbuf, DpdkWay::extbuf};

using test::under_thread_sanitizer;

class DpdkTrials : public testing::Test {
 protected:
  void SetUp() override {
    if (under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer cannot see into memif's driver";
    const auto started = start_eal({.name = "ring"}, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
  }
};

TEST_F(DpdkTrials, RingAndMemifCanBeUsedByEachWay) {
  for (const DpdkWay way : ways) {
    for (const char* name : {"ring", "memif"}) {
      const auto availability = probe_dpdk(way, {.name = name});
      EXPECT_TRUE(availability.usable()) << name << ": " << availability.cause;
    }
  }
}

TEST_F(DpdkTrials, SocketsOfTheKernelNeedRights) {
  for (const char* name : {"af_packet", "af_xdp"}) {
    const auto availability = probe_dpdk(DpdkWay::copy, {.name = name});
    if (geteuid() == 0) {
      EXPECT_TRUE(availability.usable()) << name << ": " << availability.cause;
    } else {
      EXPECT_EQ(availability.status, Status::not_permitted) << availability.cause;
      EXPECT_NE(availability.remedy.find("CAP_NET_RAW"), std::string::npos) << availability.remedy;
    }
  }
}

TEST_F(DpdkTrials, DriverThatDoesNotGatherRefusesAttachedMemory) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may have AF_XDP sockets";
  EXPECT_TRUE(probe_dpdk(DpdkWay::extbuf, {.name = "af_packet"}).usable());
  const auto availability = probe_dpdk(DpdkWay::extbuf, {.name = "af_xdp"});
  EXPECT_EQ(availability.status, Status::no_device);
  EXPECT_NE(availability.cause.find("no frame of several mbufs"), std::string::npos) << availability.cause;
  EXPECT_FALSE(availability.remedy.empty());
}

TEST_F(DpdkTrials, DevicesThatAreNotThereAreNamedInTheCause) {
  const auto interface = probe_dpdk(DpdkWay::copy, {.name = "af_packet", .argument = "nobody0+nobody1"});
  EXPECT_EQ(interface.status, Status::no_device);
  EXPECT_NE(interface.cause.find("nobody1"), std::string::npos) << interface.cause;
  EXPECT_NE(interface.remedy.find("lo"), std::string::npos) << interface.remedy;
  const auto card = probe_dpdk(DpdkWay::copy, {.name = "pci", .argument = "ffff:00:1e.7+ffff:00:1f.7"});
  EXPECT_EQ(card.status, Status::no_device);
  EXPECT_NE(card.cause.find("ffff:00:1f.7"), std::string::npos) << card.cause;
  EXPECT_FALSE(card.remedy.empty());
}

TEST_F(DpdkTrials, NothingIsLeftBehindByManyOfThem) {
  for (int round = 0; round < 40; ++round) {
    ASSERT_TRUE(probe_dpdk(DpdkWay::mbuf, {.name = "ring"}).usable());
    const auto availability = probe_dpdk(DpdkWay::mbuf, {.name = "memif"});
    ASSERT_TRUE(availability.usable()) << round << ": " << availability.cause;
  }
}

TEST(DpdkAvailability, SaysWhatAnErrorMeansForThisMachine) {
  const auto missing = make_error(ErrorCode::no_device, "open", "eth9", "use eth0");
  const auto availability = dpdk_availability(Result<void>(missing));
  EXPECT_EQ(availability.status, Status::no_device);
  EXPECT_EQ(availability.remedy, "use eth0");
  EXPECT_EQ(availability.cause.find("use eth0"), std::string::npos);
  EXPECT_EQ(dpdk_availability(Result<void>(make_error(ErrorCode::no_memory, "open"))).status, Status::not_permitted);
  EXPECT_TRUE(dpdk_availability({}).usable());
  EXPECT_EQ(dpdk_not_built().status, Status::not_built);
}

}  // namespace
}  // namespace xover
