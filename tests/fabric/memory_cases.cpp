// Registration: many regions, used and taken away in any order, also while the peer uses them; and two threads, one
// for each end.
#include <algorithm>
#include <atomic>
#include <future>
#include <numeric>
#include <random>
#include <set>
#include <thread>

#include "core/payload.h"
#include "tests/fabric/rig.h"

namespace xover::fabric_test {
namespace {

class FabricMemoryOf : public FabricTest {
 protected:
  // Drives `b` until told to stop; `a` belongs to the caller meanwhile.
  class Driven {
   public:
    explicit Driven(End& end)
        : thread_([this, &end] {
            while (!stop_.load()) {
              if (end.poll() == 0) std::this_thread::yield();
            }
          }) {}
    ~Driven() {
      stop_ = true;
      thread_.join();
    }

   private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
  };

  const WorkResult* poll_for(End& end, std::uint64_t id) {
    const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
    while (end.find(id) == nullptr && monotonic_now_ns() < deadline) {
      if (end.poll() == 0) std::this_thread::yield();
    }
    return end.find(id);
  }

  void give(End& end, std::uint64_t round) {
    fill_payload(end.bytes(memory_bytes / 2, 1000), round, 0);
    ASSERT_EQ(end.post(Send{.id = round, .offset = memory_bytes / 2, .size_bytes = 1000}), Posted::ok);
    const WorkResult* sent = poll_for(end, round);
    ASSERT_NE(sent, nullptr) << round;
    ASSERT_EQ(sent->status, WorkStatus::success) << round;
  }

  void take(End& end, std::uint64_t round) {
    const WorkResult* received = poll_for(end, receive_ids + round);
    ASSERT_NE(received, nullptr) << round;
    ASSERT_EQ(received->status, WorkStatus::success) << round;
    ASSERT_FALSE(verify_payload(end.bytes(4096 * round, 1000), round, 0)) << round;
    end.post_receives(1, 4096);
  }
};

TEST_P(FabricMemoryOf, ManyRegionsComeAndGoInAnyOrder) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  std::vector<Registered> regions;
  std::set<std::uint64_t> handles;
  for (std::size_t i = 0; i < 64; ++i) {
    regions.push_back(register_pages(*b.fabric, 4096 * (1 + i % 3), RemoteAccess::read));
    fill_payload({regions[i].pages.data(), 4096}, i, 0);
    handles.insert(regions[i].region.handle);
  }
  EXPECT_EQ(handles.size(), 64u);
  std::vector<std::size_t> order(64);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::minstd_rand(5));
  for (const std::size_t i : order) {
    ASSERT_EQ(a.post(OneSided{.id = i, .offset = 4096 * i, .size_bytes = 4096, .remote = regions[i].remote()}),
              Posted::ok);
    ASSERT_TRUE(until([&] { return a.find(i) != nullptr; }));
    ASSERT_EQ(a.find(i)->status, WorkStatus::success) << i;
    EXPECT_FALSE(verify_payload(a.bytes(4096 * i, 4096), i, 0)) << i;
    EXPECT_FALSE(b.fabric->deregister(regions[i].region.handle));
  }
  for (int turns = 0; turns < 500; ++turns) {  // more than any table of live regions would hold
    Registered region = register_pages(*b.fabric, 4096, RemoteAccess::read);
    ASSERT_FALSE(b.fabric->deregister(region.region.handle));
  }
}

TEST_P(FabricMemoryOf, OverlappingRegionsAreEachTheirOwn) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  Registered whole = register_pages(*b.fabric, 4 * 4096, RemoteAccess::read);
  const auto part = b.fabric->register_memory({whole.pages.data() + 4096, 4096}, RemoteAccess::read_and_write);
  ASSERT_TRUE(part);
  ASSERT_FALSE(b.fabric->deregister(whole.region.handle));
  const RemotePiece remote{whole.remote(4096).address, part->remote_key};
  ASSERT_EQ(a.post(OneSided{.id = 1, .size_bytes = 4096, .remote = remote}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.find(1) != nullptr; }));
  EXPECT_EQ(a.find(1)->status, WorkStatus::success);
  EXPECT_FALSE(b.fabric->deregister(part->handle));
}

TEST_P(FabricMemoryOf, ItsOwnEndUsesMemoryThatThePeerMayNotTouch) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  const Registered from = register_pages(*a.fabric, 4096, RemoteAccess::none);
  const Registered into = register_pages(*b.fabric, 4096, RemoteAccess::none);
  fill_payload({from.pages.data(), 4096}, 9, 0);
  ASSERT_EQ(b.queue_pair().post_receive(receive_ids, {into.pages.data(), 4096, into.region.key}), Posted::ok);
  const LocalPiece piece{from.pages.data(), 4096, from.region.key};
  ASSERT_EQ(a.queue_pair().post({.id = 1, .pieces = {&piece, 1}}), Posted::ok);
  ASSERT_TRUE(until([&] { return a.results.size() == 1 && b.results.size() == 1; }));
  EXPECT_EQ(a.results[0].status, WorkStatus::success);
  EXPECT_FALSE(verify_payload({into.pages.data(), 4096}, 9, 0));
  EXPECT_FALSE(a.fabric->deregister(from.region.handle));
  EXPECT_FALSE(b.fabric->deregister(into.region.handle));
}

TEST_P(FabricMemoryOf, EachEndMayHaveAThreadOfItsOwn) {
  ASSERT_NO_FATAL_FAILURE(open_and_meet());
  a.post_receives(1, 4096);
  b.post_receives(1, 4096);
  auto answering = std::async(std::launch::async, [this] {
    for (std::uint64_t round = 0; round < 200; ++round) {
      ASSERT_NO_FATAL_FAILURE(take(b, round));
      ASSERT_NO_FATAL_FAILURE(give(b, round));
    }
  });
  for (std::uint64_t round = 0; round < 200; ++round) {
    ASSERT_NO_FATAL_FAILURE(give(a, round));
    ASSERT_NO_FATAL_FAILURE(take(a, round));
  }
  answering.get();
}

// The peer reads all the while. Each read has all of its bytes, or says that the key is stale.
TEST_P(FabricMemoryOf, ARegionIsNotTakenAwayUnderARead) {
  if (GetParam() == "verbs") {
    GTEST_SKIP() << "soft-RoCE takes the memory away, and the reader's retries run out";
  }
  for (int trial = 0; trial < 5; ++trial) {
    a.close(), b.close();
    a.results.clear(), b.results.clear();
    ASSERT_NO_FATAL_FAILURE(open_and_meet());
    constexpr std::size_t size_bytes = 1 << 20;
    Registered region = register_pages(*b.fabric, size_bytes, RemoteAccess::read);
    fill_payload({region.pages.data(), size_bytes}, 1, 0);
    std::atomic<bool> reading{false};
    auto owner = std::async(std::launch::async, [&] {
      while (!reading.load()) std::this_thread::yield();
      EXPECT_FALSE(b.fabric->deregister(region.region.handle));
      std::fill_n(region.pages.data(), size_bytes, std::byte{0xee});  // its owner's again
      const Driven driven(b);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    });
    std::uint64_t id = 0;
    const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
    while (monotonic_now_ns() < deadline) {
      const OneSided read{.id = ++id, .size_bytes = size_bytes, .remote = region.remote()};
      if (a.post(read) != Posted::ok) break;
      reading = true;
      const WorkResult* result = poll_for(a, id);
      ASSERT_NE(result, nullptr);
      if (result->status != WorkStatus::success) break;
      ASSERT_FALSE(verify_payload(a.bytes(0, size_bytes), 1, 0)) << "read " << id;
    }
    owner.get();
    ASSERT_NE(a.find(id), nullptr);
    EXPECT_EQ(a.find(id)->status, WorkStatus::remote_access_error);
  }
}

INSTANTIATE_TEST_SUITE_P(Fabrics, FabricMemoryOf, testing::ValuesIn(fabric_links), name_of_fabric);

}  // namespace
}  // namespace xover::fabric_test
