// The fabric `local` between two processes: which way bytes take, sleeping, a region taken away while the peer reads,
// and peers that die. What every fabric must do is in tests/fabric.
#include <signal.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "core/payload.h"
#include "tests/unit/given_back.h"
#include "tests/unit/rdma_local_peer.h"

namespace xover {
namespace {

using fabric_test::OneSided;
using fabric_test::Registered;
using fabric_test::Send;
using test::Command;
using test::exposed_bytes;
using test::is_local_peer;
using test::LocalPeerProcess;
using test::open_descriptors;

constexpr std::size_t into = std::size_t{2} << 20;
constexpr MonotonicNs second = fabric_test::second;

TEST(RdmaLocalProcesses, MessagesGoStraightIntoMappedReceives) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  for (const std::size_t size_bytes : {8, 64, 1000, 4096, 65536}) {
    for (int round = 0; round < 5; ++round) ASSERT_NO_FATAL_FAILURE(pair.expect_echo(size_bytes)) << size_bytes;
  }
  EXPECT_EQ(pair.counter("process_vm_bytes"), 0u);
  EXPECT_EQ(pair.counter("fabric_messages"), 25u);
  EXPECT_EQ(pair.counter("rnr_waits"), 0u);
  EXPECT_NE(pair.fact("one_sided").find("process_vm_readv"), std::string::npos) << pair.fact("one_sided");
}

TEST(RdmaLocalProcesses, PlainPagesAreReadAndWrittenBySystemCallsAndSharedOnesByMemcpy) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  const auto bytes = pair.end.bytes(into, exposed_bytes);
  const WorkResult* read =
      pair.result_of({.id = 1, .offset = into, .size_bytes = exposed_bytes, .remote = pair.exposed.pages});
  ASSERT_TRUE(read != nullptr && read->status == WorkStatus::success);
  EXPECT_FALSE(verify_payload(bytes, 1, 0));
  EXPECT_EQ(pair.counter("process_vm_bytes"), exposed_bytes);
  read = pair.result_of({.id = 2, .offset = into, .size_bytes = exposed_bytes, .remote = pair.exposed.shared});
  ASSERT_TRUE(read != nullptr && read->status == WorkStatus::success);
  EXPECT_FALSE(verify_payload(bytes, 2, 0));
  EXPECT_EQ(pair.counter("process_vm_bytes"), exposed_bytes);
  EXPECT_EQ(pair.counter("memcpy_bytes"), exposed_bytes);
  EXPECT_EQ(pair.counter("one_sided_bytes"), 2 * exposed_bytes);
  for (const RemotePiece& remote : {pair.exposed.pages, pair.exposed.shared}) {
    const std::uint64_t id = 3 + remote.key;
    fill_payload(bytes, id, 0);
    const WorkResult* write =
        pair.result_of({.id = id, .work = Work::write, .offset = into, .size_bytes = exposed_bytes, .remote = remote});
    ASSERT_TRUE(write != nullptr && write->status == WorkStatus::success);
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    read = pair.result_of({.id = id + (1ull << 40), .offset = into, .size_bytes = exposed_bytes, .remote = remote});
    ASSERT_TRUE(read != nullptr && read->status == WorkStatus::success);
    EXPECT_FALSE(verify_payload(bytes, id, 0));
  }
}

TEST(RdmaLocalProcesses, AReadIsScatteredAlsoBySystemCalls) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  std::vector<LocalPiece> pieces;
  for (std::size_t i = 0; i < 16; ++i) pieces.push_back(pair.end.piece(into + 8192 * (16 - i), 100 + 400 * i));
  std::size_t total_bytes = 0;
  for (const LocalPiece& piece : pieces) total_bytes += piece.size_bytes;
  const WorkRequest read{.id = 1, .work = Work::read, .pieces = pieces, .remote = pair.exposed.pages};
  ASSERT_EQ(pair.end.queue_pair().post(read), Posted::ok);
  ASSERT_TRUE(pair.until([&] { return pair.end.find(1) != nullptr; }));
  std::size_t at = 0;
  for (const LocalPiece& piece : pieces) {
    EXPECT_FALSE(verify_payload({piece.data, piece.size_bytes}, 1, at));
    at += piece.size_bytes;
  }
  EXPECT_EQ(pair.counter("process_vm_bytes"), total_bytes);
}

TEST(RdmaLocalProcesses, WhatAPeerAllocatesLaterIsMappedAsWell) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  pair.command({Command::allocate});
  ASSERT_TRUE(pair.until([&] { return !pair.end.of(Work::receive).empty(); }));
  RemotePiece remote;
  std::memcpy(&remote, pair.end.bytes(0, sizeof remote).data(), sizeof remote);
  std::uint64_t id = 1000;
  const auto mapped = [&] {
    const std::uint64_t before = pair.counter("memcpy_bytes");
    const WorkResult* read =
        pair.result_of({.id = ++id, .offset = into, .size_bytes = exposed_bytes, .remote = remote});
    EXPECT_TRUE(read != nullptr && read->status == WorkStatus::success);
    EXPECT_FALSE(verify_payload(pair.end.bytes(into, exposed_bytes), 4, 0));  // by whichever way
    return pair.counter("memcpy_bytes") != before;
  };
  EXPECT_TRUE(pair.until(mapped));
}

// Each of its pages is memory of both processes as long as it is mapped.
TEST(RdmaLocalProcesses, WhatIsGoneIsUnmappedByThePeer) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  const auto mapped_by_peer = [&] {
    std::ifstream maps("/proc/" + std::to_string(pair.process->pid()) + "/maps");
    std::size_t count = 0;
    for (std::string map; std::getline(maps, map);) count += map.find("memfd:xover-memory") != std::string::npos;
    return count;
  };
  const std::size_t before = mapped_by_peer();
  auto memory = pair.end.fabric->allocate(exposed_bytes, PageKind::system, RemoteAccess::read);
  ASSERT_TRUE(memory) << memory.error().message();
  EXPECT_TRUE(pair.until([&] { return mapped_by_peer() == before + 1; }));
  memory->reset();
  EXPECT_TRUE(pair.until([&] { return mapped_by_peer() == before; }));
}

TEST(RdmaLocalProcesses, SleepersAreWokenAndNobodySleepsOverAMessage) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start({}, true));
  pair.command({Command::sleep});
  const MonotonicNs start = monotonic_now_ns();
  for (int round = 0; round < 500; ++round) ASSERT_NO_FATAL_FAILURE(pair.expect_echo(64)) << round;
  EXPECT_LT(monotonic_now_ns() - start, 20 * second) << "a lost wake-up costs a second";
  EXPECT_GT(pair.counter("fabric_sleeps"), 0u);
  EXPECT_GT(pair.counter("peer_wakeups"), 0u);
}

TEST(RdmaLocalProcesses, AnOrderlyEndIsTold) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start({}, true));
  pair.command({Command::disconnect});
  ASSERT_TRUE(pair.until([&] { return pair.end.count(WorkStatus::flushed) == 4; }));
  EXPECT_EQ(pair.end.queue_pair().failure().code, ErrorCode::peer_died);
  EXPECT_EQ(pair.end.queue_pair().failure().errno_value, 0);
  EXPECT_EQ(pair.process->wait(std::chrono::seconds(20)).exit_code, 0);
}

TEST(RdmaLocalProcesses, ThePeersDeathIsSeenByWhoPollsAndByWhoSleeps) {
  if (is_local_peer()) return test::be_local_peer();
  for (const bool sleeps : {false, true}) {
    LocalPeerProcess pair;
    ASSERT_NO_FATAL_FAILURE(pair.start({}, sleeps));
    pair.process->signal(SIGKILL);
    const MonotonicNs start = monotonic_now_ns();
    ASSERT_TRUE(pair.until([&] { return pair.end.count(WorkStatus::flushed) == 4; }));
    EXPECT_LT(monotonic_now_ns() - start, 5 * second);
    EXPECT_EQ(pair.end.queue_pair().failure().code, ErrorCode::peer_died);
    EXPECT_EQ(pair.end.queue_pair().failure().errno_value, ECONNRESET);
    EXPECT_EQ(pair.end.post(Send{.id = 1, .size_bytes = 8}), Posted::failed);
    EXPECT_FALSE(pair.end.fabric->deregister(
        fabric_test::register_pages(*pair.end.fabric, 4096, RemoteAccess::read).region.handle));
  }
}

TEST(RdmaLocalProcesses, APeerKilledDuringReadsFailsThemOnce) {
  if (is_local_peer()) return test::be_local_peer();
  LocalPeerProcess pair;
  ASSERT_NO_FATAL_FAILURE(pair.start());
  std::uint64_t posted = 0;
  const auto post_all = [&] {
    while (pair.end.post(
               OneSided{.id = posted, .offset = into, .size_bytes = exposed_bytes, .remote = pair.exposed.pages}) ==
           Posted::ok) {
      ++posted;
    }
  };
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pair.process->signal(SIGKILL);
  });
  const bool ended = pair.until([&] {
    post_all();
    return static_cast<bool>(pair.end.queue_pair().failure());
  });
  killer.join();
  ASSERT_TRUE(ended);
  ASSERT_TRUE(pair.until([&] { return pair.end.results.size() == posted + 4; }));
  EXPECT_EQ(pair.end.queue_pair().failure().code, ErrorCode::peer_died);
  const auto reads = pair.end.of(Work::read);
  ASSERT_EQ(reads.size(), posted);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    EXPECT_EQ(reads[i].id, i);
    if (i != 0 && reads[i - 1].status != WorkStatus::success) {
      EXPECT_EQ(reads[i].status, WorkStatus::flushed);
    }
  }
}

TEST(RdmaLocalProcesses, ARegionIsNotTakenAwayUnderThePeersRead) {
  if (is_local_peer()) return test::be_local_peer();
  for (int trial = 0; trial < 3; ++trial) {
    LocalPeerProcess pair;
    ASSERT_NO_FATAL_FAILURE(pair.start());
    const Registered region = fabric_test::register_pages(*pair.end.fabric, exposed_bytes, RemoteAccess::read);
    fill_payload({region.pages.data(), exposed_bytes}, 3, 0);
    pair.command({Command::read_until_refused, region.remote(), exposed_bytes});
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + trial));
    EXPECT_FALSE(pair.end.fabric->deregister(region.region.handle));
    std::fill_n(region.pages.data(), exposed_bytes, std::byte{0xee});  // its owner's again
    const test::ChildResult result = pair.process->wait(std::chrono::seconds(20));
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    EXPECT_TRUE(pair.until([&] { return pair.end.count(WorkStatus::flushed) == 4; }));
  }
}

TEST(RdmaLocalProcesses, AReaderThatDiesDoesNotHoldTheRegion) {
  if (is_local_peer()) return test::be_local_peer();
  for (int trial = 0; trial < 5; ++trial) {
    LocalPeerProcess pair;
    ASSERT_NO_FATAL_FAILURE(pair.start());
    const Registered region = fabric_test::register_pages(*pair.end.fabric, exposed_bytes, RemoteAccess::read);
    fill_payload({region.pages.data(), exposed_bytes}, 3, 0);
    pair.command({Command::read_on, region.remote(), exposed_bytes});
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + trial));
    pair.process->signal(SIGKILL);
    const MonotonicNs start = monotonic_now_ns();
    EXPECT_FALSE(pair.end.fabric->deregister(region.region.handle));
    EXPECT_LT(monotonic_now_ns() - start, 5 * second);
  }
}

TEST(RdmaLocalProcesses, DescriptorsGoWithTheConnection) {
  if (is_local_peer()) return test::be_local_peer();
  const std::size_t before = open_descriptors();
  {
    LocalPeerProcess pair;
    ASSERT_NO_FATAL_FAILURE(pair.start({}, true));
    ASSERT_NO_FATAL_FAILURE(pair.expect_echo(64));
    pair.command({Command::disconnect});
    EXPECT_EQ(pair.process->wait(std::chrono::seconds(20)).exit_code, 0);
  }
  EXPECT_EQ(open_descriptors(), before);
}

}  // namespace
}  // namespace xover
