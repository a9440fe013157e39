// Pools of mbufs: where their mbufs lie, who holds an address, and that what is taken is counted.
#include "transports/dpdk/mbuf_pool.h"

#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "transports/dpdk/eal.h"

namespace xover {
namespace {

class DpdkMbufPool : public testing::Test {
 protected:
  void SetUp() override {
    const auto started = start_eal({.name = "ring"}, LinkRole::sender);
    if (!started) GTEST_SKIP() << started.error().message();
  }
};

std::shared_ptr<MbufPool> pool_of(const MbufPoolShape& shape) {
  auto pool = MbufPool::make(shape);
  EXPECT_TRUE(pool) << pool.error().message();
  return pool ? *pool : nullptr;
}

TEST_F(DpdkMbufPool, CountsWhatIsTakenAndGivenBack) {
  const auto pool = pool_of({.mbufs = 100, .data_bytes = 1500});
  ASSERT_TRUE(pool);
  EXPECT_EQ(pool->in_use(), 0u);
  std::vector<rte_mbuf*> taken;
  while (rte_mbuf* mbuf = rte_pktmbuf_alloc(pool->get())) taken.push_back(mbuf);
  EXPECT_EQ(taken.size(), 100u);
  EXPECT_EQ(pool->in_use(), 100u);
  for (rte_mbuf* mbuf : taken) rte_pktmbuf_free(mbuf);
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST_F(DpdkMbufPool, FindsEachMbufByItsNumberAndByItsData) {
  const auto pool = pool_of({.mbufs = 333, .data_bytes = 1484, .headroom_bytes = 192});
  ASSERT_TRUE(pool);
  std::set<rte_mbuf*> all;
  for (std::size_t number = 0; number < pool->size(); ++number) {
    rte_mbuf* const mbuf = pool->at(number);
    all.insert(mbuf);
    ASSERT_EQ(mbuf->pool, pool->get());
    ASSERT_EQ(mbuf->buf_len, 192 + 1484);
    const auto* data = static_cast<const std::byte*>(mbuf->buf_addr);
    EXPECT_EQ(pool->holder_of(data), mbuf);
    EXPECT_EQ(pool->holder_of(data + mbuf->buf_len - 1), mbuf);
    EXPECT_EQ(pool->holder_of(data + mbuf->buf_len), nullptr);
    EXPECT_EQ(pool->holder_of(reinterpret_cast<const std::byte*>(mbuf)), nullptr);
    EXPECT_EQ(mbuf->buf_iova, reinterpret_cast<rte_iova_t>(mbuf->buf_addr));
  }
  EXPECT_EQ(all.size(), 333u);
  EXPECT_TRUE(all.contains(rte_pktmbuf_alloc(pool->get())));
}

TEST_F(DpdkMbufPool, KnowsNothingOfForeignMemory) {
  const auto pool = pool_of({.mbufs = 4, .data_bytes = 64});
  ASSERT_TRUE(pool);
  const std::byte here{};
  EXPECT_EQ(pool->holder_of(&here), nullptr);
  EXPECT_EQ(pool->holder_of(nullptr), nullptr);
  const auto* first = reinterpret_cast<const std::byte*>(pool->at(0));
  EXPECT_EQ(pool->holder_of(first - 1), nullptr);
}

TEST_F(DpdkMbufPool, HasMbufsWithoutRoomForMemoryOfOthers) {
  const auto pool = pool_of({.mbufs = 8, .data_bytes = 0, .headroom_bytes = 0});
  ASSERT_TRUE(pool);
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool->get());
  ASSERT_TRUE(mbuf);
  EXPECT_EQ(mbuf->buf_len, 0);
  rte_pktmbuf_free(mbuf);
}

TEST_F(DpdkMbufPool, ManyInARowLeaveNothingBehind) {
  for (int round = 0; round < 300; ++round) ASSERT_TRUE(pool_of({.mbufs = 1024, .data_bytes = 2048}));
}

TEST_F(DpdkMbufPool, SaysThatMemoryIsMissing) {
  const auto pool = MbufPool::make({.mbufs = std::size_t{1} << 28, .data_bytes = 60000});
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error().code, ErrorCode::no_memory);
  EXPECT_FALSE(pool.error().remedy.empty());
}

}  // namespace
}  // namespace xover
