// Messages: which receive they take, what they are gathered from, what is there when no receive is, full queues.
#include "core/payload.h"
#include "tests/fabric/rig.h"

namespace xover::fabric_test {
namespace {

constexpr std::size_t sends_at = std::size_t{2} << 20;  // receives lie below

class FabricMessages : public FabricTest {};

TEST_P(FabricMessages, EachTakesTheOldestReceiveInOrder) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(10, 1000);
  for (std::size_t i = 0; i < 10; ++i) {
    fill_payload(a.bytes(sends_at + 1000 * i, 100 * i + 1), i, 0);
    ASSERT_EQ(a.post(Send{.id = i, .offset = sends_at + 1000 * i, .size_bytes = 100 * i + 1}), Posted::ok);
  }
  ASSERT_TRUE(until([&] { return a.results.size() == 10 && b.results.size() == 10; }));
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(a.results[i].id, i);
    EXPECT_EQ(a.results[i].work, Work::send);
    EXPECT_EQ(a.results[i].status, WorkStatus::success);
    EXPECT_EQ(b.results[i].id, receive_ids + i);
    EXPECT_EQ(b.results[i].work, Work::receive);
    EXPECT_EQ(b.results[i].status, WorkStatus::success);
    EXPECT_EQ(b.results[i].bytes, 100 * i + 1);
    EXPECT_FALSE(b.results[i].has_immediate);
    EXPECT_FALSE(verify_payload(b.bytes(1000 * i, 100 * i + 1), i, 0)) << i;
  }
}

TEST_P(FabricMessages, AnEmptyOneTakesAReceive) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(2, 64);
  ASSERT_EQ(a.post(Send{.id = 1}), Posted::ok);
  ASSERT_EQ(a.post(Send{.id = 2, .offset = sends_at, .size_bytes = 5}), Posted::ok);
  ASSERT_TRUE(until([&] { return b.results.size() == 2; }));
  EXPECT_EQ(b.results[0].status, WorkStatus::success);
  EXPECT_EQ(b.results[0].bytes, 0u);
  EXPECT_EQ(b.results[1].bytes, 5u);
}

TEST_P(FabricMessages, ALargeOneArrivesWhole) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  const std::size_t size_bytes = std::min(sends_at, a.fabric->limits().max_message_bytes);
  b.post_receives(1, size_bytes);
  fill_payload(a.bytes(sends_at, size_bytes), 7, 0);
  ASSERT_EQ(a.post(Send{.offset = sends_at, .size_bytes = size_bytes}), Posted::ok);
  ASSERT_TRUE(until([&] { return b.results.size() == 1; }));
  EXPECT_EQ(b.results[0].bytes, size_bytes);
  EXPECT_FALSE(verify_payload(b.bytes(0, size_bytes), 7, 0));
}

TEST_P(FabricMessages, AreGatheredFromTheirPieces) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  const std::size_t count = std::min<std::size_t>(a.fabric->limits().max_pieces, 8);
  ASSERT_GE(count, 2u);  // a header and its payload
  b.post_receives(1, 8192);
  std::vector<LocalPiece> pieces;
  std::size_t total_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size_bytes = 16 + 100 * i, offset = sends_at + 4096 * (count - i);  // backwards in memory
    fill_payload(a.bytes(offset, size_bytes), 3, total_bytes);
    pieces.push_back(a.piece(offset, size_bytes));
    total_bytes += size_bytes;
  }
  ASSERT_EQ(a.queue_pair().post({.id = 1, .pieces = pieces}), Posted::ok);
  pieces.clear();  // the array may go at once
  pieces.shrink_to_fit();
  ASSERT_TRUE(until([&] { return b.results.size() == 1; }));
  EXPECT_EQ(b.results[0].bytes, total_bytes);
  EXPECT_FALSE(verify_payload(b.bytes(0, total_bytes), 3, 0));
}

TEST_P(FabricMessages, OneThatIsTooLongForItsReceiveEndsTheConnection) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(2, 100);
  ASSERT_EQ(a.post(Send{.id = 1, .offset = sends_at, .size_bytes = 101}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 1 && b.results.size() == 2; }));
  EXPECT_NE(a.results[0].status, WorkStatus::success);
  EXPECT_EQ(b.results[0].id, receive_ids);
  EXPECT_EQ(b.results[0].status, WorkStatus::local_error);
  EXPECT_EQ(b.results[1].status, WorkStatus::flushed);
  expect_ended();
}

TEST_P(FabricMessages, OneWithoutAReceiveWaitsForOne) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  fill_payload(a.bytes(sends_at, 100), 1, 0);
  ASSERT_EQ(a.post(Send{.id = 1, .offset = sends_at, .size_bytes = 100}), Posted::ok);
  for (int turns = 0; turns < 3; ++turns) turn();
  EXPECT_EQ(b.results.size(), 0u);
  b.post_receives(1, 100);
  ASSERT_TRUE(until([&] { return a.results.size() == 1 && b.results.size() == 1; }));
  EXPECT_EQ(a.results[0].status, WorkStatus::success);
  EXPECT_EQ(b.results[0].status, WorkStatus::success);
  EXPECT_FALSE(verify_payload(b.bytes(0, 100), 1, 0));
}

TEST_P(FabricMessages, OneThatNeverGetsAReceiveEndsTheConnection) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(1, 100);
  ASSERT_EQ(a.post(Send{.id = 1, .offset = sends_at, .size_bytes = 100}), Posted::ok);
  ASSERT_EQ(a.post(Send{.id = 2, .offset = sends_at, .size_bytes = 100}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 3; }));
  ASSERT_NE(a.find(1), nullptr);
  EXPECT_EQ(a.find(1)->status, WorkStatus::receiver_not_ready);
  EXPECT_EQ(a.find(2)->status, WorkStatus::flushed);
  EXPECT_EQ(a.find(receive_ids)->status, WorkStatus::flushed);
  EXPECT_EQ(a.post(Send{.id = 3, .offset = sends_at, .size_bytes = 1}), Posted::failed);
  expect_ended();
  EXPECT_TRUE(b.results.empty());
}

TEST_P(FabricMessages, ThoseThatAreNotSignalledHaveNoResult) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  const std::size_t rounds = 20;  // many more than the queue holds
  for (std::size_t round = 0; round < rounds; ++round) {
    b.post_receives(8, 64);
    for (std::size_t i = 1; i <= 8; ++i) {
      const Send send{.id = 8 * round + i, .offset = sends_at, .size_bytes = 16, .signalled = i == 8};
      ASSERT_EQ(a.post(send), Posted::ok) << "round " << round;
    }
    ASSERT_TRUE(until([&] { return a.results.size() == round + 1 && b.results.size() == 8 * (round + 1); }));
    EXPECT_EQ(a.results.back().id, 8 * round + 8);
    EXPECT_EQ(a.results.back().status, WorkStatus::success);
  }
}

TEST_P(FabricMessages, AFullQueueSaysSoAndRecovers) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  std::size_t accepted = 0;
  while (accepted < 100 &&
         a.post(OneSided{
             .id = accepted, .work = Work::write, .offset = sends_at, .size_bytes = 64, .remote = b.remote(0)}) ==
             Posted::ok) {
    ++accepted;
  }
  EXPECT_EQ(accepted, 16u);
  ASSERT_TRUE(until([&] { return a.results.size() == accepted; }));
  for (std::size_t i = 0; i < accepted; ++i) EXPECT_EQ(a.results[i].id, i);
  EXPECT_EQ(a.post(OneSided{
                .id = accepted, .work = Work::write, .offset = sends_at, .size_bytes = 64, .remote = b.remote(0)}),
            Posted::ok);
  EXPECT_TRUE(until([&] { return a.results.size() == accepted + 1; }));
  EXPECT_FALSE(a.queue_pair().failure());
}

TEST_P(FabricMessages, AFullReceiveQueueSaysSoAndRecovers) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(16, 64);
  EXPECT_EQ(b.queue_pair().post_receive(1, b.piece(0, 64)), Posted::full);
  ASSERT_EQ(a.post(Send{.id = 1, .offset = sends_at, .size_bytes = 16}), Posted::ok);
  ASSERT_TRUE(until([&] { return b.results.size() == 1; }));
  EXPECT_EQ(b.queue_pair().post_receive(1, b.piece(0, 64)), Posted::ok);
  EXPECT_EQ(b.queue_pair().post_receive(2, b.piece(0, 64)), Posted::full);
}

TEST_P(FabricMessages, InlineDataMayBeOverwrittenAtOnce) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  const std::size_t size_bytes = std::min<std::size_t>(64, a.fabric->limits().max_inline_bytes);
  if (size_bytes == 0) GTEST_SKIP() << "this fabric takes no inline data";
  b.post_receives(16, 64);
  for (std::size_t i = 0; i < 16; ++i) {
    const auto own = a.bytes(sends_at, size_bytes);
    fill_payload(own, i, 0);
    ASSERT_EQ(a.post(Send{.id = i, .offset = sends_at, .size_bytes = size_bytes, .inline_data = true}), Posted::ok);
    std::fill(own.begin(), own.end(), std::byte{0xee});
  }
  ASSERT_TRUE(until([&] { return b.results.size() == 16; }));
  for (std::size_t i = 0; i < 16; ++i) EXPECT_FALSE(verify_payload(b.bytes(64 * i, size_bytes), i, 0)) << i;
}

TEST_P(FabricMessages, APieceThatItsKeyDoesNotHoldIsALocalError) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(1, 64);
  std::array<std::byte, 16> elsewhere{};
  const LocalPiece piece{elsewhere.data(), 16, a.memory->region().key};
  ASSERT_EQ(a.queue_pair().post({.id = 1, .pieces = {&piece, 1}}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 1 && b.results.size() == 1; }));
  EXPECT_EQ(a.results[0].status, WorkStatus::local_error);
  EXPECT_EQ(b.results[0].status, WorkStatus::flushed);
  expect_ended();
}

INSTANTIATE_TEST_SUITE_P(Fabrics, FabricMessages, testing::ValuesIn(fabric_links), name_of_fabric);

}  // namespace
}  // namespace xover::fabric_test
