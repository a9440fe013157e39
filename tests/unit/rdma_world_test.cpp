// The simulated world: what may happen next, and what then does. Each test chooses.
#include "transports/rdma/simulated/world.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace xover {
namespace {

using Kind = Choice::Kind;

// Two ends, each with 64 bytes of memory that begin at address 0 and are registered as one region.
class RdmaWorld : public testing::Test, protected WorldMemory {
 protected:
  static constexpr std::uint64_t memory_bytes = 64;

  explicit RdmaWorld(AdapterShape shape = {}) {
    for (std::size_t end = 0; end < 2; ++end) {
      EXPECT_EQ(world_.add_adapter(shape), end);
      EXPECT_EQ(world_.add_queue_pair(end), end);
      memory_[end] = std::string(memory_bytes, '.');
      key_[end] = *world_.register_memory(end, 0, memory_bytes, RemoteAccess::read_and_write);
    }
    world_.connect(0, 1);
    world_.start(0);
    world_.start(1);
  }

  void read(std::size_t adapter, std::uint64_t address, std::span<std::byte> to) noexcept override {
    std::copy_n(reinterpret_cast<const std::byte*>(memory_[adapter].data()) + address, to.size(), to.data());
  }
  void write(std::size_t adapter, std::uint64_t address, std::span<const std::byte> from) noexcept override {
    std::copy_n(from.data(), from.size(), reinterpret_cast<std::byte*>(memory_[adapter].data()) + address);
  }

  void put(std::size_t end, std::uint64_t address, std::string_view text) {
    memory_[end].replace(address, text.size(), text);
  }
  std::string_view at(std::size_t end, std::uint64_t address, std::size_t size_bytes) const {
    return std::string_view(memory_[end]).substr(address, size_bytes);
  }

  WorldRequest request(std::size_t end, std::uint64_t id, Work work, std::uint64_t address, std::uint32_t size_bytes,
                       std::uint64_t remote = 0) const {
    WorldRequest made{.id = id, .work = work, .piece_count = 1, .remote = {remote, key_[1 - end]}};
    made.pieces[0] = {address, size_bytes, key_[end]};
    return made;
  }
  WorldRequest send(std::size_t end, std::uint64_t id, std::uint64_t address = 0, std::uint32_t size_bytes = 1) const {
    return request(end, id, Work::send, address, size_bytes);
  }
  void receive(std::size_t end, std::uint64_t id, std::uint64_t address = 32, std::uint32_t size_bytes = 4) {
    ASSERT_EQ(world_.post_receive(end, {id, {address, size_bytes, key_[end]}}), Posted::ok);
  }

  bool possible(Kind kind, std::size_t end) const { return world_.possible({kind, static_cast<std::uint16_t>(end)}); }
  void take(Kind kind, std::size_t end) {
    ASSERT_TRUE(possible(kind, end)) << static_cast<int>(kind) << " at " << end;
    world_.take({kind, static_cast<std::uint16_t>(end)}, *this);
  }

  // "id:status ..." of everything that can be polled.
  std::string results(std::size_t end) {
    std::array<WorkResult, 32> ready;
    const std::size_t count = world_.poll(end, ready);
    std::string text;
    for (std::size_t i = 0; i < count; ++i)
      text += (i == 0 ? "" : ", ") + std::to_string(ready[i].id) + " " + std::string(to_string(ready[i].status));
    return text;
  }
  WorldEnding ending(std::size_t end) const { return world_.queue_pair(end).ending; }

  World world_;
  std::array<std::string, 2> memory_;
  std::array<std::uint32_t, 2> key_{};
};

TEST_F(RdmaWorld, AMessageIsTakenFromItsMemoryWhenItArrives) {
  receive(1, 100);
  put(0, 0, "x");
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  put(0, 0, "y");  // too early: it is lent
  take(Kind::arrive, 0);
  EXPECT_EQ(at(1, 32, 1), "y");
  EXPECT_EQ(results(1), "100 success");
  EXPECT_EQ(results(0), "");
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 success");
  EXPECT_TRUE(world_.choices().empty());
}

TEST_F(RdmaWorld, InlineDataIsTakenAtOnce) {
  receive(1, 100);
  WorldRequest small{.id = 1, .inline_data = true, .bytes = {std::byte{'q'}}};
  ASSERT_EQ(world_.post(0, small), Posted::ok);
  take(Kind::arrive, 0);
  EXPECT_EQ(at(1, 32, 2), "q.");
}

TEST_F(RdmaWorld, MessagesAndWritesArriveInOrder) {
  receive(1, 100, 32);
  receive(1, 101, 40);
  put(0, 0, "abc");
  ASSERT_EQ(world_.post(0, send(0, 1, 0)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 2, Work::write, 1, 1, 50)), Posted::ok);
  ASSERT_EQ(world_.post(0, send(0, 3, 2)), Posted::ok);
  EXPECT_EQ(world_.choices().size(), 1u);  // the first has to arrive first
  take(Kind::arrive, 0);
  EXPECT_EQ(at(1, 50, 1), ".");
  take(Kind::arrive, 0);
  EXPECT_EQ(at(1, 50, 1), "b");
  EXPECT_EQ(at(1, 40, 1), ".");
  take(Kind::arrive, 0);
  EXPECT_EQ(at(1, 32, 1), "a");
  EXPECT_EQ(at(1, 40, 1), "c");
  for (int i = 0; i < 3; ++i) take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 success, 2 success, 3 success");
}

TEST_F(RdmaWorld, AReadIsOvertakenByALaterMessageButNotByAFencedOne) {
  for (const bool fenced : {false, true}) {
    receive(1, 100);
    ASSERT_EQ(world_.post(0, request(0, 1, Work::read, 8, 2, 16)), Posted::ok);
    WorldRequest behind = send(0, 2);
    behind.fenced = fenced;
    ASSERT_EQ(world_.post(0, behind), Posted::ok);
    EXPECT_EQ(possible(Kind::arrive, 0), !fenced);
    if (!fenced) take(Kind::arrive, 0);
    EXPECT_FALSE(possible(Kind::complete, 0));  // results come in order
    take(Kind::sample, 0);
    EXPECT_EQ(possible(Kind::arrive, 0), false);  // sampled is not there yet
    take(Kind::complete, 0);
    if (fenced) take(Kind::arrive, 0);
    take(Kind::complete, 0);
    EXPECT_EQ(results(0), "1 success, 2 success");
    EXPECT_EQ(results(1), "100 success");
  }
}

TEST_F(RdmaWorld, AReadSamplesLateAndItsBytesComeLater) {
  put(1, 16, "ab");
  ASSERT_EQ(world_.post(0, request(0, 1, Work::read, 8, 2, 16)), Posted::ok);
  put(1, 16, "cd");
  take(Kind::sample, 0);
  put(1, 16, "ef");
  EXPECT_EQ(at(0, 8, 2), "..");
  take(Kind::complete, 0);
  EXPECT_EQ(at(0, 8, 2), "cd");
}

TEST_F(RdmaWorld, AReadComesBehindEarlierWritesAndReads) {
  put(0, 0, "w");
  ASSERT_EQ(world_.post(0, request(0, 1, Work::write, 0, 1, 16)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 2, Work::read, 8, 1, 16)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 3, Work::read, 9, 1, 16)), Posted::ok);
  EXPECT_FALSE(possible(Kind::sample, 0));
  take(Kind::arrive, 0);
  take(Kind::sample, 0);
  put(1, 16, "v");
  take(Kind::sample, 0);
  for (int i = 0; i < 3; ++i) take(Kind::complete, 0);
  EXPECT_EQ(at(0, 8, 2), "wv");
}

class RdmaWorldOneRead : public RdmaWorld {
 protected:
  RdmaWorldOneRead() : RdmaWorld({.max_reads = 1}) {}
};

TEST_F(RdmaWorldOneRead, AReadTooManyKeepsEverythingBehindItBack) {
  receive(1, 100);
  ASSERT_EQ(world_.post(0, request(0, 1, Work::read, 8, 1, 16)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 2, Work::read, 9, 1, 16)), Posted::ok);
  ASSERT_EQ(world_.post(0, send(0, 3)), Posted::ok);
  EXPECT_FALSE(possible(Kind::arrive, 0));
  take(Kind::sample, 0);
  EXPECT_FALSE(possible(Kind::sample, 0));
  take(Kind::complete, 0);
  EXPECT_TRUE(possible(Kind::sample, 0));
  EXPECT_TRUE(possible(Kind::arrive, 0));
}

class RdmaWorldFewRetries : public RdmaWorld {
 protected:
  RdmaWorldFewRetries() : RdmaWorld({.rnr_retries = 2}) {}
};

TEST_F(RdmaWorldFewRetries, AMessageWithoutAReceiveIsTriedAgain) {
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  EXPECT_FALSE(possible(Kind::arrive, 0));
  take(Kind::retry, 0);
  take(Kind::retry, 0);
  receive(1, 100);
  EXPECT_FALSE(possible(Kind::retry, 0));
  take(Kind::arrive, 0);
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 success");
  EXPECT_EQ(world_.queue_pair(0).attempts, 0u);
}

TEST_F(RdmaWorldFewRetries, AfterTheLastRetryTheConnectionEnds) {
  receive(0, 50);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  ASSERT_EQ(world_.post(0, send(0, 2)), Posted::ok);
  for (int i = 0; i < 3; ++i) take(Kind::retry, 0);
  EXPECT_FALSE(possible(Kind::retry, 0));
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 receiver not ready, 2 flushed, 50 flushed");
  EXPECT_EQ(ending(0), WorldEnding::request_error);
  EXPECT_EQ(world_.post(0, send(0, 3)), Posted::failed);
  take(Kind::notice, 1);
  EXPECT_EQ(ending(1), WorldEnding::peer_failed);
}

TEST_F(RdmaWorldFewRetries, ADeafPeerHasAReceiveAndDoesNotTakeIt) {
  receive(1, 100);
  world_.make_deaf(0, 2);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  take(Kind::retry, 0);
  take(Kind::retry, 0);
  take(Kind::arrive, 0);
  EXPECT_EQ(results(1), "100 success");
}

TEST_F(RdmaWorld, AKeyOfTheSlotBeforeIsStale) {
  const std::uint32_t old = key_[1];
  ASSERT_TRUE(world_.deregister(1, old));
  EXPECT_FALSE(world_.deregister(1, old));
  const auto key = world_.register_memory(1, 0, memory_bytes, RemoteAccess::read_and_write);
  ASSERT_TRUE(key);
  EXPECT_NE(*key, old);
  EXPECT_EQ(*key >> 8, old >> 8);  // the same slot
  receive(0, 50);
  ASSERT_EQ(world_.post(0, request(0, 1, Work::read, 8, 1, 16)), Posted::ok);  // still with the old key
  ASSERT_EQ(world_.post(0, request(0, 2, Work::read, 8, 1, 16)), Posted::ok);
  take(Kind::sample, 0);
  EXPECT_EQ(ending(1), WorldEnding::receive_error);
  EXPECT_FALSE(possible(Kind::sample, 0));
  EXPECT_FALSE(possible(Kind::notice, 0));  // it hears of it by the request
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 remote access error, 2 flushed, 50 flushed");
}

TEST_F(RdmaWorld, PermissionsAndRangesHold) {
  const auto read_only = world_.register_memory(1, 8, 8, RemoteAccess::read);
  struct Try {
    Work work;
    std::uint64_t address;
    std::uint32_t size_bytes;
    bool fine;
  };
  for (const Try& each : {Try{Work::read, 8, 8, true}, Try{Work::read, 15, 1, true}, Try{Work::read, 16, 0, true},
                          Try{Work::read, 7, 1, false}, Try{Work::read, 9, 8, false},
                          Try{Work::read, UINT64_MAX, 2, false}, Try{Work::write, 8, 1, false}}) {
    World before = world_;
    WorldRequest asked = request(0, 1, each.work, 0, each.size_bytes, each.address);
    asked.remote.key = *read_only;
    ASSERT_EQ(world_.post(0, asked), Posted::ok);
    take(each.work == Work::read ? Kind::sample : Kind::arrive, 0);
    take(Kind::complete, 0);
    EXPECT_EQ(results(0), each.fine ? "1 success" : "1 remote access error") << each.address << "+" << each.size_bytes;
    world_ = std::move(before);
  }
}

TEST_F(RdmaWorld, AReadThatIsRefusedIsNotOvertaken) {
  receive(1, 100);
  WorldRequest wrong = request(0, 1, Work::read, 8, 1, 16);
  wrong.remote.key = 12345;
  ASSERT_EQ(world_.post(0, wrong), Posted::ok);
  ASSERT_EQ(world_.post(0, send(0, 2)), Posted::ok);
  take(Kind::arrive, 0);
  EXPECT_EQ(results(1), "100 flushed");
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 remote access error, 2 flushed");
}

TEST_F(RdmaWorld, MemoryDeregisteredTooEarlyIsFoundOutAtEitherEnd) {
  // A message's source.
  const World fresh = world_;
  receive(1, 100);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  world_.deregister(0, key_[0]);
  take(Kind::arrive, 0);
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 local error");
  take(Kind::notice, 1);
  EXPECT_EQ(results(1), "100 flushed");
  // A read's target, after the bytes have left.
  world_ = fresh;
  ASSERT_EQ(world_.post(0, request(0, 1, Work::read, 8, 1, 16)), Posted::ok);
  take(Kind::sample, 0);
  world_.deregister(0, key_[0]);
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 local error");
  EXPECT_EQ(at(0, 8, 1), ".");
  // A posted receive.
  world_ = fresh;
  receive(1, 100);
  world_.deregister(1, key_[1]);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  take(Kind::arrive, 0);
  EXPECT_EQ(results(1), "100 local error");
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "1 remote access error");
}

class RdmaWorldSmall : public RdmaWorld {
 protected:
  RdmaWorldSmall() : RdmaWorld({.max_requests = 2, .max_receives = 2, .max_results = 2}) {}
};

TEST_F(RdmaWorldSmall, UnsignalledRequestsTakeRoomUntilASignalledOneSpeaks) {
  receive(1, 100);
  receive(1, 101);
  EXPECT_EQ(world_.post_receive(1, {102, {}}), Posted::full);
  WorldRequest silent = send(0, 1);
  silent.signalled = false;
  ASSERT_EQ(world_.post(0, silent), Posted::ok);
  take(Kind::arrive, 0);
  EXPECT_TRUE(world_.choices().empty());  // nobody hears of it
  ASSERT_EQ(world_.post(0, send(0, 2)), Posted::ok);
  EXPECT_EQ(world_.post(0, send(0, 3)), Posted::full);
  take(Kind::arrive, 0);
  take(Kind::complete, 0);
  EXPECT_EQ(results(0), "2 success");
  EXPECT_EQ(world_.post(0, silent), Posted::ok);
  EXPECT_EQ(world_.post(0, silent), Posted::ok);
}

TEST_F(RdmaWorldSmall, AResultTooManyEndsTheConnectionAndIsNotLost) {
  put(1, 0, "z");
  receive(0, 50);
  receive(0, 51);
  ASSERT_EQ(world_.post(1, send(1, 1)), Posted::ok);
  ASSERT_EQ(world_.post(1, send(1, 2)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 3, Work::write, 0, 1, 16)), Posted::ok);
  take(Kind::arrive, 0);
  take(Kind::arrive, 1);
  take(Kind::arrive, 1);
  take(Kind::complete, 0);
  EXPECT_EQ(ending(0), WorldEnding::too_many_results);
  EXPECT_EQ(results(0), "50 success, 51 success, 3 flushed");
  take(Kind::notice, 1);
  EXPECT_EQ(results(1), "1 flushed, 2 flushed");
}

TEST_F(RdmaWorld, AnEndFlushesEverythingInOrderAndThePeerNotices) {
  receive(0, 50);
  receive(1, 100);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  ASSERT_EQ(world_.post(0, request(0, 2, Work::read, 8, 1, 16)), Posted::ok);
  ASSERT_EQ(world_.post(1, send(1, 3)), Posted::ok);
  world_.disconnect(0);
  EXPECT_EQ(results(0), "1 flushed, 2 flushed, 50 flushed");
  EXPECT_FALSE(possible(Kind::arrive, 1));
  EXPECT_EQ(world_.choices(), (std::vector<Choice>{{Kind::notice, 1}}));
  take(Kind::notice, 1);
  EXPECT_EQ(results(1), "3 flushed, 100 flushed");
  EXPECT_EQ(ending(1), WorldEnding::peer_disconnected);
  EXPECT_TRUE(world_.choices().empty());
}

TEST_F(RdmaWorld, ADeathIsFoundOutByRetriesThatRunOut) {
  receive(1, 100);
  ASSERT_EQ(world_.post(1, send(1, 1)), Posted::ok);
  ASSERT_EQ(world_.post(1, send(1, 2)), Posted::ok);
  world_.kill(0);
  take(Kind::notice, 1);
  EXPECT_EQ(results(1), "1 retries exhausted, 2 flushed, 100 flushed");
  EXPECT_EQ(ending(1), WorldEnding::peer_died);
}

TEST_F(RdmaWorld, ADroppedConnectionEndsAtBothEnds) {
  receive(1, 100);
  ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
  take(Kind::arrive, 0);
  world_.drop(0);
  EXPECT_FALSE(possible(Kind::complete, 0));  // its acknowledgement is lost as well
  take(Kind::notice, 0);
  take(Kind::notice, 1);
  EXPECT_EQ(results(0), "1 retries exhausted");
  EXPECT_EQ(results(1), "100 success");
  EXPECT_EQ(ending(0), WorldEnding::dropped);
}

TEST_F(RdmaWorld, AnImmediateTakesAReceiveAndLeavesItsMemoryAlone) {
  receive(1, 100);
  put(0, 0, "abc");
  WorldRequest tell = request(0, 1, Work::write_with_immediate, 0, 3, 16);
  tell.immediate = 77;
  ASSERT_EQ(world_.post(0, tell), Posted::ok);
  take(Kind::arrive, 0);
  std::array<WorkResult, 1> got;
  ASSERT_EQ(world_.poll(1, got), 1u);
  EXPECT_TRUE(got[0].has_immediate);
  EXPECT_EQ(got[0].immediate, 77u);
  EXPECT_EQ(got[0].bytes, 3u);
  EXPECT_EQ(at(1, 16, 3), "abc");
  EXPECT_EQ(at(1, 32, 3), "...");
}

TEST_F(RdmaWorld, TheNthRegistrationFailsOnce) {
  world_.fail_registration(0, 2);
  EXPECT_TRUE(world_.register_memory(0, 0, 8, RemoteAccess::none));
  EXPECT_FALSE(world_.register_memory(0, 0, 8, RemoteAccess::none));
  EXPECT_TRUE(world_.register_memory(0, 0, 8, RemoteAccess::none));
}

TEST_F(RdmaWorld, EqualWorldsGiveEqualBytesAndOthersDoNot) {
  const auto bytes = [](const World& world) {
    std::vector<std::byte> out;
    world.serialise(out);
    return out;
  };
  World other = world_;
  receive(1, 100);
  EXPECT_NE(bytes(world_), bytes(other));
  other.post_receive(1, {100, {32, 4, key_[1]}});
  EXPECT_EQ(world_, other);
  EXPECT_EQ(bytes(world_), bytes(other));
  // Round trips leave nothing behind.
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(world_.post(0, send(0, 1)), Posted::ok);
    take(Kind::arrive, 0);
    take(Kind::complete, 0);
    EXPECT_EQ(results(0) + results(1), "1 success100 success");
    receive(1, 100);
    EXPECT_EQ(world_, other);
    EXPECT_EQ(bytes(world_), bytes(other));
  }
  const std::uint32_t key = *world_.register_memory(0, 0, 8, RemoteAccess::none);
  world_.deregister(0, key);
  EXPECT_NE(bytes(world_), bytes(other));  // the next key is another
}

TEST_F(RdmaWorld, WhatIsPostedBeforeTheStartWaits) {
  const std::size_t one = world_.add_queue_pair(0), other = world_.add_queue_pair(1);
  ASSERT_EQ(world_.post_receive(other, {200, {32, 4, key_[1]}}), Posted::ok);
  ASSERT_EQ(world_.post(one, send(0, 1)), Posted::ok);
  EXPECT_TRUE(world_.choices().empty());
  world_.connect(one, other);
  EXPECT_TRUE(world_.choices().empty());
  world_.start(one);
  take(Kind::arrive, one);
  EXPECT_EQ(results(1), "200 success");
  world_.remove_queue_pair(one);
  take(Kind::notice, other);
  EXPECT_EQ(world_.queue_pair(other).ending, WorldEnding::peer_disconnected);
  EXPECT_EQ(world_.add_queue_pair(0), one);  // used again
}

}  // namespace
}  // namespace xover
