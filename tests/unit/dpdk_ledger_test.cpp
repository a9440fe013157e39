// Who copies: the one counted copy function is called by the sender of dpdk.copy for each byte once, and by nobody
// else.
#include <gtest/gtest.h>

#include "tests/unit/dpdk_sessions.h"

namespace xover {
namespace {

using test::DpdkSessions;

struct Expected {
  const char* id;
  std::uint64_t copies_of_a_byte;
};

class DpdkLedger : public testing::TestWithParam<Expected> {};

TEST_P(DpdkLedger, CountsEachByteThatWasCopiedAndNoOther) {
  REQUIRE_DPDK();
  DpdkSessions pair(GetParam().id, {.depth = 16});
  const std::vector<std::size_t> sizes{1, 64, 1456, 1457, 100'000, 1'000'003};
  std::uint64_t bytes = 0;
  for (const std::size_t size : sizes) bytes += size;
  pair.transfer(pair.messages(sizes, 4));
  const Ledger& sender = pair.a.channel->ledger();
  EXPECT_EQ(sender.user_copied_bytes, GetParam().copies_of_a_byte * bytes);
  EXPECT_EQ(sender.completed_bytes, bytes);
  EXPECT_EQ(sender[Handover::zero_copied], bytes);  // behind the burst, on a ring
  EXPECT_TRUE(sender.balanced());
  const Ledger& receiver = pair.b.channel->ledger();
  EXPECT_EQ(receiver.user_copied_bytes, 0u);
  EXPECT_EQ(receiver.completed_bytes, bytes);
  EXPECT_EQ(receiver[Handover::zero_copied], bytes);
  EXPECT_TRUE(receiver.balanced());
}

// The receiver is lent the sender's own memory, or the mbuf that it was copied to.
TEST_P(DpdkLedger, TheReceiversBytesLieWhereTheLedgerSays) {
  REQUIRE_DPDK();
  DpdkSessions pair(GetParam().id);
  const auto& messages = pair.messages({1000});
  pair.send_some(messages, 0);
  ASSERT_TRUE(pair.reap_until([&] { return pair.b.received_bytes() == 1000; }));
  const std::byte* lent = pair.b.first(Moment::received)->lease.bytes().data();
  EXPECT_EQ(lent == messages[0].segments[0].data, GetParam().copies_of_a_byte == 0);
}

INSTANTIATE_TEST_SUITE_P(Ways, DpdkLedger,
                         testing::Values(Expected{"dpdk.copy", 1}, Expected{"dpdk.mbuf", 0},
                                         Expected{"dpdk.extbuf", 0}),
                         [](const auto& way) { return std::string(way.param.id).substr(5); });

}  // namespace
}  // namespace xover
