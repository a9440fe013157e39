// Reads and writes: whose bytes, how many, in which order, and who may.
#include "core/payload.h"
#include "tests/fabric/rig.h"

namespace xover::fabric_test {
namespace {

constexpr std::size_t half = memory_bytes / 2;

class FabricOneSided : public FabricTest {
 protected:
  // One request of `a` that must be refused: it says why, and everything else comes back at both ends.
  void expect_refused(const OneSided& request) {
    a.post_receives(2, 64);
    b.post_receives(2, 64);
    ASSERT_EQ(a.post(request), Posted::ok);
    a.post(Send{.id = request.id + 1, .offset = half, .size_bytes = 8});  // refused already, or flushed
    ASSERT_TRUE(until([&] { return a.find(request.id) != nullptr; }));
    EXPECT_EQ(a.find(request.id)->status, WorkStatus::remote_access_error) << to_string(a.find(request.id)->status);
    EXPECT_TRUE(until([&] { return a.of(Work::receive).size() == 2 && b.of(Work::receive).size() == 2; }));
    for (const End* end : {&a, &b}) {
      for (const WorkResult& result : end->of(Work::receive)) EXPECT_EQ(result.status, WorkStatus::flushed);
    }
    const WorkResult* behind = a.find(request.id + 1);
    EXPECT_TRUE(behind == nullptr || behind->status == WorkStatus::flushed);
    expect_ended();
  }
};

TEST_P(FabricOneSided, AReadBringsThePeersBytes) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  std::uint64_t id = 0;
  for (const std::size_t size_bytes : {std::size_t{1}, std::size_t{4097}, std::size_t{1} << 20}) {
    fill_payload(b.bytes(3, size_bytes), size_bytes, 0);
    ASSERT_EQ(a.post(OneSided{.id = ++id, .offset = half + 5, .size_bytes = size_bytes, .remote = b.remote(3)}),
              Posted::ok);
    ASSERT_TRUE(until([&] { return a.find(id) != nullptr; }));
    EXPECT_EQ(a.find(id)->status, WorkStatus::success);
    EXPECT_EQ(a.find(id)->work, Work::read);
    EXPECT_FALSE(verify_payload(a.bytes(half + 5, size_bytes), size_bytes, 0));
  }
  EXPECT_TRUE(b.results.empty());  // the peer hears nothing of it
}

TEST_P(FabricOneSided, AReadIsScatteredToItsPieces) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  fill_payload(b.bytes(0, 3000), 1, 0);
  const std::array<LocalPiece, 2> pieces{a.piece(8192, 1000), a.piece(0, 2000)};
  ASSERT_EQ(a.queue_pair().post({.id = 1, .work = Work::read, .pieces = pieces, .remote = b.remote(0)}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 1; }));
  EXPECT_FALSE(verify_payload(a.bytes(8192, 1000), 1, 0));
  EXPECT_FALSE(verify_payload(a.bytes(0, 2000), 1, 1000));
}

TEST_P(FabricOneSided, MoreReadsThanMayBeOutstandingWaitTheirTurn) {
  FabricShape shape = usual_shape();
  shape.max_requests = 256;
  ASSERT_NO_FATAL_FAILURE(open_and_meet(shape));
  const std::size_t count = std::min<std::size_t>(a.fabric->limits().max_reads + 10, 200);
  fill_payload(b.bytes(0, count * 4096), 1, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const OneSided read{.id = i, .offset = half + 4096 * i, .size_bytes = 4096, .remote = b.remote(4096 * i)};
    ASSERT_EQ(a.post(read), Posted::ok) << i;
  }
  ASSERT_TRUE(until([&] { return a.results.size() == count; }));
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(a.results[i].id, i);
  EXPECT_FALSE(verify_payload(a.bytes(half, count * 4096), 1, 0));
}

TEST_P(FabricOneSided, AWriteIsThereBeforeTheSendBehindIt) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  for (std::size_t round = 0; round < 10; ++round) {
    constexpr std::size_t size_bytes = 100'000;
    fill_payload(a.bytes(half, size_bytes), round, 0);
    b.post_receives(1, 64);
    ASSERT_EQ(a.post(OneSided{.id = 2 * round,
                              .work = Work::write,
                              .offset = half,
                              .size_bytes = size_bytes,
                              .remote = b.remote(half),
                              .signalled = false}),
              Posted::ok);
    ASSERT_EQ(a.post(Send{.id = 2 * round + 1}), Posted::ok);
    ASSERT_TRUE(until([&] { return b.results.size() == round + 1; }));
    ASSERT_FALSE(verify_payload(b.bytes(half, size_bytes), round, 0)) << "round " << round;
    ASSERT_TRUE(until([&] { return a.results.size() == round + 1; }));
  }
}

TEST_P(FabricOneSided, AnImmediateTellsThePeerOfItsWrite) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(2, 64);
  fill_payload(a.bytes(half, 5000), 1, 0);
  const OneSided write{.id = 1,
                       .work = Work::write_with_immediate,
                       .offset = half,
                       .size_bytes = 5000,
                       .remote = b.remote(half),
                       .immediate = 0x01020304};
  ASSERT_EQ(a.post(write), Posted::ok);
  ASSERT_EQ(a.post(OneSided{.id = 2, .work = Work::write_with_immediate, .remote = b.remote(half), .immediate = 7}),
            Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 2 && b.results.size() == 2; }));
  EXPECT_EQ(a.results[0].work, Work::write_with_immediate);
  EXPECT_EQ(b.results[0].id, receive_ids);
  EXPECT_EQ(b.results[0].work, Work::receive);
  EXPECT_TRUE(b.results[0].has_immediate);
  EXPECT_EQ(b.results[0].immediate, 0x01020304u);
  EXPECT_EQ(b.results[0].bytes, 5000u);
  EXPECT_EQ(b.results[1].immediate, 7u);
  EXPECT_EQ(b.results[1].bytes, 0u);
  EXPECT_FALSE(verify_payload(b.bytes(half, 5000), 1, 0));
}

// A send may pass a read; a fenced one may not.
TEST_P(FabricOneSided, AFencedSendArrivesAfterTheReadHasItsBytes) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  for (std::size_t round = 0; round < 10; ++round) {
    constexpr std::size_t size_bytes = 1 << 20;
    fill_payload(b.bytes(half, size_bytes), round, 0);
    b.post_receives(1, 64);
    ASSERT_EQ(a.post(OneSided{.id = 2 * round, .offset = half, .size_bytes = size_bytes, .remote = b.remote(half)}),
              Posted::ok);
    ASSERT_EQ(a.post(Send{.id = 2 * round + 1, .fenced = true}), Posted::ok);
    ASSERT_TRUE(until([&] { return b.results.size() == round + 1; }));
    ASSERT_FALSE(verify_payload(a.bytes(half, size_bytes), round, 0)) << "round " << round;
    ASSERT_TRUE(until([&] { return a.results.size() == 2 * round + 2; }));
    EXPECT_EQ(a.results[2 * round].id, 2 * round);
    EXPECT_EQ(a.results[2 * round].status, WorkStatus::success);
    EXPECT_EQ(a.results[2 * round + 1].status, WorkStatus::success);
  }
}

TEST_P(FabricOneSided, ResultsComeInTheOrderOfTheRequests) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  b.post_receives(4, 64);
  for (std::uint64_t i = 0; i < 12; i += 3) {
    ASSERT_EQ(a.post(OneSided{.id = i, .offset = half, .size_bytes = 200'000, .remote = b.remote(half)}), Posted::ok);
    ASSERT_EQ(a.post(Send{.id = i + 1, .size_bytes = 8}), Posted::ok);
    ASSERT_EQ(a.post(OneSided{.id = i + 2, .work = Work::write, .size_bytes = 8, .remote = b.remote(1024)}),
              Posted::ok);
  }
  ASSERT_TRUE(until([&] { return a.results.size() == 12; }));
  for (std::uint64_t i = 0; i < 12; ++i) EXPECT_EQ(a.results[i].id, i);
}

TEST_P(FabricOneSided, AStaleKeyIsRefused) {
  for (const Work work : {Work::read, Work::write}) {
    SCOPED_TRACE(work == Work::read ? "read" : "write");
    a.close(), b.close();
    a.results.clear(), b.results.clear();
    ASSERT_NO_FATAL_FAILURE(open_and_meet());
    Registered region = register_pages(*b.fabric, 8192, RemoteAccess::read_and_write);
    const RemotePiece remote = region.remote();
    ASSERT_EQ(a.post(OneSided{.id = 1, .work = work, .offset = half, .size_bytes = 8192, .remote = remote}),
              Posted::ok);
    ASSERT_TRUE(until([&] { return a.find(1) != nullptr; }));
    EXPECT_EQ(a.find(1)->status, WorkStatus::success);
    ASSERT_FALSE(b.fabric->deregister(region.region.handle));
    expect_refused({.id = 3, .work = work, .offset = half, .size_bytes = 8192, .remote = remote});
  }
}

TEST_P(FabricOneSided, ANewKeyForTheSamePagesDoesNotReviveTheOld) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  Registered region = register_pages(*b.fabric, 4096, RemoteAccess::read);
  const RemotePiece old = region.remote();
  ASSERT_FALSE(b.fabric->deregister(region.region.handle));
  const auto again = b.fabric->register_memory({region.pages.data(), 4096}, RemoteAccess::read);
  ASSERT_TRUE(again);
  ASSERT_EQ(a.post(OneSided{.id = 1, .size_bytes = 16, .remote = {old.address, again->remote_key}}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.find(1) != nullptr; }));
  EXPECT_EQ(a.find(1)->status, WorkStatus::success);
  expect_refused({.id = 3, .size_bytes = 16, .remote = old});
  EXPECT_FALSE(b.fabric->deregister(again->handle));
}

TEST_P(FabricOneSided, ARangeBeyondTheRegionIsRefused) {
  struct Range {
    std::int64_t offset;
    std::size_t size_bytes;
  };
  for (const auto& [offset, size_bytes] : {Range{4096, 4097}, Range{8192, 1}, Range{-1, 2}}) {
    for (const Work work : {Work::read, Work::write}) {
      SCOPED_TRACE(testing::Message() << offset << "+" << size_bytes << (work == Work::read ? " read" : " write"));
      a.close(), b.close();
      a.results.clear(), b.results.clear();
      ASSERT_NO_FATAL_FAILURE(open_and_meet());
      Registered region = register_pages(*b.fabric, 8192, RemoteAccess::read_and_write);
      RemotePiece remote = region.remote();
      remote.address += static_cast<std::uint64_t>(offset);
      expect_refused({.id = 1, .work = work, .offset = half, .size_bytes = size_bytes, .remote = remote});
      EXPECT_FALSE(b.fabric->deregister(region.region.handle));
    }
  }
}

TEST_P(FabricOneSided, WhatThePeerDidNotAllowIsRefused) {
  struct Case {
    RemoteAccess allowed;
    Work work;
  };
  for (const auto& [allowed, work] : {Case{RemoteAccess::read, Work::write}, Case{RemoteAccess::write, Work::read},
                                      Case{RemoteAccess::none, Work::read}, Case{RemoteAccess::none, Work::write},
                                      Case{RemoteAccess::read, Work::write_with_immediate}}) {
    SCOPED_TRACE(testing::Message() << "allowed " << static_cast<int>(allowed) << ", work " << static_cast<int>(work));
    a.close(), b.close();
    a.results.clear(), b.results.clear();
    ASSERT_NO_FATAL_FAILURE(open_and_meet());
    Registered region = register_pages(*b.fabric, 4096, allowed);
    region.pages.data()[0] = std::byte{0x55};
    expect_refused({.id = 1, .work = work, .offset = half, .size_bytes = 16, .remote = region.remote()});
    EXPECT_EQ(region.pages.data()[0], std::byte{0x55});
    EXPECT_FALSE(b.fabric->deregister(region.region.handle));
  }
}

TEST_P(FabricOneSided, ARequestThatIsNotSignalledSaysWhenItFails) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  RemotePiece wrong = b.remote(0);
  wrong.key ^= 0x5a5a5a5a;
  ASSERT_NO_FATAL_FAILURE(expect_refused(
      {.id = 1, .work = Work::write, .offset = half, .size_bytes = 8, .remote = wrong, .signalled = false}));
}

INSTANTIATE_TEST_SUITE_P(Fabrics, FabricOneSided, testing::ValuesIn(fabric_links), name_of_fabric);

}  // namespace
}  // namespace xover::fabric_test
