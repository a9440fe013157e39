// How two processes meet on the fabric `local`: as ordinary users, where one may not read the other, and with strangers
// at the door.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/sanitizer.h"
#include "tests/unit/links_process.h"
#include "tests/unit/rdma_local_peer.h"
#include "transports/rdma/local/meeting_line.h"
#include "transports/rdma/local/shared_layout.h"
#include "transports/rdma/local/shared_memory.h"

namespace xover {
namespace {

constexpr std::size_t page_bytes = 4096;

const Fabric::Prepare silent = [](QueuePair&, const Hello&) { return Hello(); };

MonotonicNs soon() { return monotonic_now_ns() + 5 * fabric_test::second; }

std::unique_ptr<Fabric> opened_local() {
  OpenParameters parameters;
  parameters.link.name = "local";
  return open_fabric(parameters, {}).value();
}

// Who can still start this program again.
void become_ordinary_user_or_skip() {
  ASSERT_TRUE(test::become_ordinary_user());
  if (access(test::this_program().c_str(), X_OK) != 0) GTEST_SKIP() << "an ordinary user does not reach this program";
}

// With a limit of locked memory, and nothing that root may do.
TEST(RdmaLocalMeeting, AnOrdinaryUserConnectsTwoProcesses) {
  if (test::is_local_peer()) return test::be_local_peer();
  if (!test::in_own_process()) return;
  const rlimit limit{8 << 20, 8 << 20};  // as most systems have it
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) GTEST_SKIP() << "this user may pin less than 8 MiB";
  ASSERT_NO_FATAL_FAILURE(become_ordinary_user_or_skip());
  if (IsSkipped()) return;
  for (const char* pin : {"auto", "mlock"}) {
    SCOPED_TRACE(pin);
    test::LocalPeerProcess pair;
    ASSERT_NO_FATAL_FAILURE(pair.start({{"pin", pin}}));
    ASSERT_NO_FATAL_FAILURE(pair.expect_echo(1000));
    const WorkResult* read = pair.result_of(
        {.id = 500, .offset = std::size_t{2} << 20, .size_bytes = page_bytes, .remote = pair.exposed.pages});
    ASSERT_TRUE(read != nullptr && read->status == WorkStatus::success);
    if (test::under_sanitizer && std::string_view(pin) == "mlock") continue;  // which sanitizers replace by nothing
    const auto refused = pair.end.fabric->allocate(16 << 20, PageKind::system, RemoteAccess::none);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::no_memory);
    EXPECT_NE(refused.error().message().find("RLIMIT_MEMLOCK is 8M"), std::string::npos) << refused.error().message();
  }
}

// As a program is that has changed its user, or has secrets.
TEST(RdmaLocalMeeting, APeerThatMayNotBeReadIsRefusedByBothEnds) {
  if (test::is_local_peer()) return test::be_local_peer();
  if (!test::in_own_process()) return;
  ASSERT_NO_FATAL_FAILURE(become_ordinary_user_or_skip());
  if (IsSkipped()) return;
  ASSERT_EQ(prctl(PR_SET_DUMPABLE, 0), 0);
  test::LocalPeerProcess pair;
  const auto started = pair.try_start({{"pin", "none"}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::not_permitted) << started.error().message();
  EXPECT_NE(started.error().message().find("process_vm_readv is not permitted"), std::string::npos);
  const test::ChildResult peer = pair.process->wait(std::chrono::seconds(20));
  EXPECT_EQ(peer.exit_code, 1);
  EXPECT_NE(peer.out.find("CAP_SYS_PTRACE"), std::string::npos) << peer.out;
}

TEST(RdmaLocalMeeting, AStrangerAtTheDoorIsTurnedAwayAndTheNextIsLetIn) {
  const auto fabric = opened_local(), other = opened_local();
  const auto address = fabric->listen();
  ASSERT_TRUE(address);
  {
    const auto stranger = MeetingLine::connect(*address, soon());
    ASSERT_TRUE(stranger);
    ASSERT_EQ(send(stranger->fd(), "GET /", 5, 0), 5);
    const auto accepted = fabric->accept(silent, soon());
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().code, ErrorCode::bad_input) << accepted.error().message();
    const auto answer = stranger->hear(LineRecord::Kind::welcome, soon());
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message().find("another version"), std::string::npos) << answer.error().message();
  }
  {
    LineRecord hello;
    hello.receive_slots = 3;  // no power of two, and no descriptors
    const auto stranger = MeetingLine::connect(*address, soon());
    ASSERT_TRUE(stranger && stranger->say(hello, {}, soon()));
    const auto accepted = fabric->accept(silent, soon());
    ASSERT_FALSE(accepted);
    EXPECT_EQ(accepted.error().code, ErrorCode::bad_input) << accepted.error().message();
  }
  {
    const auto hangs_up = MeetingLine::connect(*address, soon());
  }
  EXPECT_EQ(fabric->accept(silent, soon()).error().code, ErrorCode::peer_died);
  auto connecting = std::async(std::launch::async, [&] {
    return static_cast<bool>(other->connect(*address, silent, soon()));  // and goes at once
  });
  EXPECT_TRUE(fabric->accept(silent, soon()));
  EXPECT_TRUE(connecting.get());
}

TEST(RdmaLocalMeeting, AListenerThatDoesNotAnswerIsGivenUpAtTheDeadline) {
  const auto listener = MeetingLine::listen();
  ASSERT_TRUE(listener);
  const auto fabric = opened_local();
  const auto connected = fabric->connect(listener->second, silent, monotonic_now_ns() + fabric_test::second / 20);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::timed_out);
}

// It has heard the welcome, and so may be in this end's memory, but never says that it is ready.
TEST(RdmaLocalMeeting, APeerAtWorkIsWaitedForAlsoWhereTheMeetingFails) {
  const auto end = SharedMemory::create("xover-end", EndPage::size_bytes(4)).value();
  new (end->data()) EndHeader;
  const auto table = SharedMemory::create("xover-regions", sizeof(FabricPage)).value();
  const auto fabric = opened_local();
  auto line = MeetingLine::connect(fabric->listen().value(), soon()).value();
  LineRecord hello;
  hello.end_id = end->id();
  hello.fabric_id = table->id();
  hello.receive_slots = 4;
  ASSERT_TRUE(line.say(hello, std::array{end->fd(), table->fd()}, soon()));
  std::atomic<bool> at_work{false};
  auto working = std::async(std::launch::async, [&] {
    const auto welcome = line.hear(LineRecord::Kind::welcome, soon());
    ASSERT_TRUE(welcome) << welcome.error().message();
    const auto page = SharedMemory::find(welcome->record.end_id);
    ASSERT_TRUE(page);
    SharedWord& operations = EndPage(page->data(), welcome->record.receive_slots).header().peers_operations;
    operations = 1;
    at_work = true;
    line.close();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    at_work = false;
    operations = 2;
  });
  const auto accepted = fabric->accept(silent, soon());
  EXPECT_FALSE(at_work);
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, ErrorCode::peer_died) << accepted.error().message();
  working.get();
}

TEST(RdmaLocalMeeting, NoRoomForThePeersDescriptorsIsSaid) {
  auto listener = MeetingLine::listen();
  ASSERT_TRUE(listener);
  const auto line = MeetingLine::connect(listener->second, soon());
  const auto accepted = MeetingLine::accept(listener->first.get(), soon());
  ASSERT_TRUE(line && accepted);
  ASSERT_TRUE(line->say({}, std::array{0, 0}, soon()));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int lowest_free = dup(0);
  close(lowest_free);
  const rlimit one_left{static_cast<rlim_t>(lowest_free) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &one_left);
  const auto heard = accepted->hear(LineRecord::Kind::hello, soon());
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().code, ErrorCode::no_memory);
  EXPECT_NE(heard.error().message().find("ulimit -n"), std::string::npos) << heard.error().message();
  const int free_again = dup(0);
  close(free_again);
  EXPECT_EQ(free_again, lowest_free) << "the one that came was not closed";
}

TEST(RdmaLocalMeeting, MoreQueuePairsThanTheFabricWasOpenedForAreRefused) {
  const auto fabric = opened_local(), first = opened_local(), second = opened_local();
  const auto address = fabric->listen();
  ASSERT_TRUE(address);
  const auto connect = [&](Fabric& to) {
    return std::async(std::launch::async,
                      [&to, name = *address] { return to.connect(name, silent, soon()).map([](auto&&) {}); });
  };
  auto connecting = connect(*first);
  const auto accepted = fabric->accept(silent, soon());
  EXPECT_TRUE(accepted);
  EXPECT_TRUE(connecting.get());
  auto refused = connect(*second);
  EXPECT_EQ(fabric->accept(silent, soon()).error().code, ErrorCode::no_memory);
  const auto why = refused.get();
  ASSERT_FALSE(why);
  EXPECT_EQ(why.error().code, ErrorCode::refused);
  EXPECT_NE(why.error().message().find("1 queue pairs"), std::string::npos) << why.error().message();
}

// The line holds fewer records than there are.
TEST(RdmaLocalMeeting, ManyMemoriesAreToldBeforeThePeerHasHeardTheFirst) {
  const auto fabric = opened_local(), other = opened_local();
  std::vector<std::unique_ptr<FabricMemory>> memories;
  for (int i = 0; i < 300; ++i) {
    memories.push_back(other->allocate(page_bytes, PageKind::system, RemoteAccess::read).value());
  }
  const auto address = fabric->listen();
  ASSERT_TRUE(address);
  auto connecting = std::async(std::launch::async, [&] {
    const auto connected = other->connect(*address, silent, soon());
    EXPECT_TRUE(connected) << connected.error().message();
  });
  const auto accepted = fabric->accept(silent, soon());
  EXPECT_TRUE(accepted) << accepted.error().message();
  connecting.get();
}

TEST(RdmaLocalMeeting, TheProbeMovesBytesAndTellsWhatItCannotHave) {
  EXPECT_TRUE(probe_fabric({"local", "", {}}).usable()) << probe_fabric({"local", "", {}}).cause;
  EXPECT_FALSE(probe_fabric({"local", "", {{"pin", "glue"}}}).usable());
}

}  // namespace
}  // namespace xover
