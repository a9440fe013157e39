// How two ends meet: what they say to each other, refusals, deadlines.
#include "tests/fabric/rig.h"

namespace xover::fabric_test {
namespace {

class FabricMeeting : public FabricTest {};

TEST_P(FabricMeeting, EachEndHearsWhatTheOtherSaid) {
  ASSERT_NO_FATAL_FAILURE(open());
  Hello heard_by_b;
  Hello question = hello_of("question"), answer = hello_of("an answer");
  question.push_back(std::byte{0});  // what a network pads with may also be said
  const auto met = try_to_meet(
      [&](QueuePair&, const Hello& heard) {
        EXPECT_TRUE(heard.empty());
        return question;
      },
      [&](QueuePair&, const Hello& heard) {
        heard_by_b = heard;
        return answer;
      });
  ASSERT_TRUE(met.connected) << met.connected.error().message();
  ASSERT_TRUE(met.accepted) << met.accepted.error().message();
  EXPECT_EQ(heard_by_b, question);
  EXPECT_EQ(met.accepted->peer_hello, question);
  EXPECT_EQ(met.connected->peer_hello, answer);
  EXPECT_EQ(met.connected->queue_pair->index(), 0u);
  EXPECT_FALSE(met.connected->queue_pair->failure());
  EXPECT_FALSE(met.accepted->queue_pair->failure());
}

TEST_P(FabricMeeting, TheLongestHelloArrivesWhole) {
  ASSERT_NO_FATAL_FAILURE(open());
  Hello longest(a.fabric->limits().max_hello_bytes);
  for (std::size_t i = 0; i < longest.size(); ++i) longest[i] = static_cast<std::byte>(255 - i);
  const Fabric::Prepare say = [&](QueuePair&, const Hello&) { return longest; };
  const auto met = try_to_meet(say, say);
  ASSERT_TRUE(met.connected) << met.connected.error().message();
  ASSERT_TRUE(met.accepted) << met.accepted.error().message();
  EXPECT_EQ(met.accepted->peer_hello, longest);
  EXPECT_EQ(met.connected->peer_hello, longest);
}

TEST_P(FabricMeeting, ARefusalIsToldWithItsReason) {
  ASSERT_NO_FATAL_FAILURE(open());
  const auto refused = try_to_meet({}, [](QueuePair&, const Hello&) -> Result<Hello> {
    return make_error(ErrorCode::bad_input, "accept", "wrong version");
  });
  ASSERT_FALSE(refused.connected);
  EXPECT_EQ(refused.connected.error().code, ErrorCode::refused);
  EXPECT_NE(refused.connected.error().message().find("wrong version"), std::string::npos)
      << refused.connected.error().message();
  EXPECT_FALSE(refused.accepted);
  // It was this one who was refused, not everybody.
  ASSERT_NO_FATAL_FAILURE(meet());
  b.post_receives(1, 64);
  ASSERT_EQ(a.post(Send{.size_bytes = 8}), Posted::ok);
  EXPECT_TRUE(until([&] { return b.results.size() == 1; }));
}

TEST_P(FabricMeeting, WhoeverCannotPrepareDoesNotConnect) {
  ASSERT_NO_FATAL_FAILURE(open());
  const Fabric::Prepare unable = [](QueuePair&, const Hello&) -> Result<Hello> {
    return make_error(ErrorCode::no_memory, "prepare", "no buffers");
  };
  const auto connected = a.fabric->connect(address_, unable, monotonic_now_ns() + bound_ns);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::no_memory);
}

TEST_P(FabricMeeting, AcceptEndsAtItsDeadline) {
  ASSERT_NO_FATAL_FAILURE(open());
  const MonotonicNs start = monotonic_now_ns();
  const auto accepted = b.fabric->accept([](QueuePair&, const Hello&) { return Hello(); }, start + second / 20);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, ErrorCode::timed_out);
  EXPECT_LT(monotonic_now_ns() - start, bound_ns);
}

TEST_P(FabricMeeting, ConnectEndsWhenNobodyListens) {
  ASSERT_NO_FATAL_FAILURE(open());
  b.close();
  const MonotonicNs start = monotonic_now_ns();
  const auto connected =
      a.fabric->connect(address_, [](QueuePair&, const Hello&) { return Hello(); }, start + 2 * second);
  EXPECT_FALSE(connected);
  EXPECT_LT(monotonic_now_ns() - start, bound_ns);
}

TEST_P(FabricMeeting, ReceivesPostedWhilePreparingTakeTheFirstMessages) {
  ASSERT_NO_FATAL_FAILURE(open());
  const auto prepare = [](End& end) {
    return [&end](QueuePair& queue_pair, const Hello&) -> Result<Hello> {
      EXPECT_EQ(queue_pair.post_receive(receive_ids, end.piece(0, 64)), Posted::ok);
      return Hello();
    };
  };
  auto met = try_to_meet(prepare(a), prepare(b));
  ASSERT_TRUE(met.connected && met.accepted);
  a.queue_pairs.push_back(std::move(met.connected->queue_pair));
  b.queue_pairs.push_back(std::move(met.accepted->queue_pair));
  a.bytes(1024, 1)[0] = std::byte{1};
  b.bytes(1024, 1)[0] = std::byte{2};
  ASSERT_EQ(a.post(Send{.offset = 1024, .size_bytes = 1}), Posted::ok);
  ASSERT_EQ(b.post(Send{.offset = 1024, .size_bytes = 1}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 2 && b.results.size() == 2; }));
  EXPECT_EQ(a.bytes(0, 1)[0], std::byte{2});
  EXPECT_EQ(b.bytes(0, 1)[0], std::byte{1});
}

TEST_P(FabricMeeting, QueuePairsOfOneFabricLiveByThemselves) {
  FabricShape shape = usual_shape();
  shape.max_queue_pairs = 3;
  ASSERT_NO_FATAL_FAILURE(open(shape));
  for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(meet());
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(a.queue_pairs[i]->index(), i);
    EXPECT_EQ(b.queue_pairs[i]->index(), i);
    ASSERT_EQ(b.queue_pairs[i]->post_receive(receive_ids + i, b.piece(64 * i, 64)), Posted::ok);
  }
  a.queue_pairs[1]->fail();
  ASSERT_TRUE(until([&] { return b.count(WorkStatus::flushed) == 1; }));
  EXPECT_EQ(b.results.back().queue_pair, 1u);
  for (const std::uint32_t i : {2u, 0u}) {
    a.bytes(2048 + i, 1)[0] = static_cast<std::byte>(i);
    const LocalPiece piece = a.piece(2048 + i, 1);
    ASSERT_EQ(a.queue_pairs[i]->post({.id = i, .pieces = {&piece, 1}}), Posted::ok);
    ASSERT_TRUE(until([&] { return b.find(receive_ids + i) && a.find(i); }));
    EXPECT_EQ(b.find(receive_ids + i)->queue_pair, i);
    EXPECT_EQ(b.bytes(64 * i, 1)[0], static_cast<std::byte>(i));
  }
  EXPECT_TRUE(b.queue_pairs[1]->failure());
  EXPECT_FALSE(b.queue_pairs[0]->failure());
}

INSTANTIATE_TEST_SUITE_P(Fabrics, FabricMeeting, testing::ValuesIn(fabric_links), name_of_fabric);

}  // namespace
}  // namespace xover::fabric_test
