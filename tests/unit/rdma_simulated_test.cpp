// Virtual time on the fabric `simulated`: figures that can be worked out by hand, the same ones each time; time that
// goes on by itself between two threads; faults.
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "transports/rdma/fabric.h"

namespace xover {
namespace {

constexpr std::int64_t second = 1'000'000'000;

// Round figures: a byte takes 1 ns on the link and 2 ns to copy.
OptionText round_costs() {
  return {{"link_mbps", "1000"}, {"latency_ns", "100"}, {"copy_mbps", "500"},   {"cpus", "1"},
          {"post_ns", "10"},     {"result_ns", "5"},    {"wake_ns", "50"},      {"pin_ns", "7"},
          {"pin_page_ns", "3"},  {"unpin_ns", "2"},     {"unpin_page_ns", "1"}, {"map_ns", "4"}};
}

struct Joined {
  std::unique_ptr<QueuePair> a, b;
};

// One end: a fabric with memory of its own.
struct End {
  std::unique_ptr<Fabric> fabric;
  std::unique_ptr<FabricMemory> memory;

  LocalPiece piece(std::size_t offset, std::uint32_t size_bytes) const {
    return {memory->bytes().data() + offset, size_bytes, memory->region().key};
  }
  RemotePiece remote(std::size_t offset) const {
    return {reinterpret_cast<std::uint64_t>(memory->bytes().data()) + offset, memory->region().remote_key};
  }
  std::vector<WorkResult> poll() const {
    std::array<WorkResult, 16> ready;
    return {ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(fabric->poll(ready))};
  }
  void post(QueuePair& queue_pair, std::uint64_t id, Work work, std::uint32_t size_bytes, RemotePiece remote = {}) {
    const LocalPiece from = piece(0, size_bytes);
    const Posted posted = queue_pair.post({.id = id, .work = work, .pieces = {&from, 1}, .remote = remote});
    EXPECT_EQ(posted, Posted::ok);
  }
};

class RdmaSimulated : public testing::Test {
 protected:
  static End open(LinkRole role, const OptionText& options, std::size_t max_queue_pairs = 4) {
    OpenParameters parameters;
    parameters.link = {.name = "simulated", .argument = {}, .options = options};
    parameters.role = role;
    End end;
    auto fabric = open_fabric(parameters, {.max_queue_pairs = max_queue_pairs, .max_inline_bytes = 64, .sleeps = true});
    if (!fabric) {
      ADD_FAILURE() << fabric.error().message();
      return end;
    }
    end.fabric = std::move(*fabric);
    end.memory = std::move(*end.fabric->allocate(1 << 20, PageKind::system, RemoteAccess::read_and_write));
    return end;
  }

  static Joined meet(const End& a, const End& b) {
    const Fabric::Prepare silent = [](QueuePair&, const Hello&) { return Hello(); };
    const auto address = b.fabric->listen();
    const MonotonicNs deadline = monotonic_now_ns() + 5 * second;
    Result<Fabric::Connected> accepted = make_error(ErrorCode::internal, "accept");
    std::thread accepting([&] { accepted = b.fabric->accept(silent, deadline); });
    auto connected = a.fabric->connect(*address, silent, deadline);
    accepting.join();
    if (!connected || !accepted) {
      ADD_FAILURE() << "they did not meet";
      return {};
    }
    return {std::move(connected->queue_pair), std::move(accepted->queue_pair)};
  }

  void open_both(const OptionText& options) {
    a = open(LinkRole::sender, options);
    b = open(LinkRole::receiver, options);
  }
  // The clock is asked for first, so that meeting takes no time.
  void open_stepped(const OptionText& options, std::size_t connections = 1) {
    open_both(options);
    clock = a.fabric->clock();
    start_ns = clock->now_ns();
    while (pairs.size() < connections) pairs.push_back(meet(a, b));
  }

  void receives(QueuePair& queue_pair, const End& end, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_EQ(queue_pair.post_receive(100 + i, end.piece(8192 * i, 8192)), Posted::ok);
  }

  // When the end has its next result, in ns since the start; -1: never. Drops what the other one gets meanwhile.
  std::int64_t next_at(const End& end, const End& other) {
    for (;;) {
      const std::int64_t now_ns = clock->now_ns() - start_ns;
      if (!end.poll().empty()) return now_ns;
      other.poll();
      if (!clock->advance()) return -1;
    }
  }

  End a, b;
  std::vector<Joined> pairs;  // gone before the ends
  VirtualClock* clock = nullptr;
  MonotonicNs start_ns = 0;
};

TEST_F(RdmaSimulated, AMessageTakesWhatItsPartsTake) {
  open_stepped(round_costs());
  receives(*pairs[0].b, b, 1);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  // Posting 10, the link 1000, the latency 100, waking the receiver 50.
  EXPECT_EQ(next_at(b, a), 10 + 1000 + 100 + 50);
  // Its acknowledgement comes a latency after it arrived.
  EXPECT_EQ(next_at(a, b), 10 + 1000 + 100 + 100 + 50);
  EXPECT_EQ(next_at(a, b), -1);
}

TEST_F(RdmaSimulated, AReadTakesARoundTripAndThePeersLink) {
  open_stepped(round_costs());
  a.post(*pairs[0].a, 1, Work::read, 1000, b.remote(0));
  EXPECT_EQ(next_at(a, b), 10 + 100 + 1000 + 100 + 50);
}

TEST_F(RdmaSimulated, AReadSeesWhatWasThereWhenItsLastByteLeft) {
  open_stepped(round_costs());
  b.memory->bytes()[0] = std::byte{1};
  a.post(*pairs[0].a, 1, Work::read, 1, b.remote(0));
  b.memory->bytes()[0] = std::byte{2};
  EXPECT_EQ(next_at(a, b), 10 + 100 + 1 + 100 + 50);
  EXPECT_EQ(a.memory->bytes()[0], std::byte{2});
}

TEST_F(RdmaSimulated, MessagesShareTheLinkAndReadsInTheOtherDirectionDoNot) {
  open_stepped(round_costs(), 2);
  receives(*pairs[0].b, b, 1);
  receives(*pairs[1].b, b, 1);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  a.post(*pairs[1].a, 2, Work::send, 1000);  // posted at 20, begins when the first has left, at 1010
  a.post(*pairs[0].a, 3, Work::read, 1000, b.remote(0));
  EXPECT_EQ(next_at(b, a), 1160);
  // The read waits for nobody: its bytes leave the peer from 130 to 1130. It has its result behind that of its queue's
  // message, at 1210 and 1230; the first wakes, and both are found at 1260.
  EXPECT_EQ(next_at(a, b), 1260);
  EXPECT_EQ(next_at(b, a), 2010 + 100 + 50);
}

TEST_F(RdmaSimulated, AThreadThatIsBusyFindsResultsWhenItIsDone) {
  open_stepped(round_costs());
  receives(*pairs[0].b, b, 2);
  pairs[0].b->spend(5000);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  EXPECT_EQ(next_at(b, a), 5000);  // and nobody had to wake it
  // Taking the result took 5; what it posts comes then.
  receives(*pairs[0].a, a, 1);
  b.post(*pairs[0].b, 2, Work::send, 100);
  EXPECT_EQ(next_at(a, b), 5000 + 5 + 10 + 100 + 100 + 50);
}

TEST_F(RdmaSimulated, CopiesOfOneHostWaitForEachOther) {
  OptionText costs = round_costs();
  costs["cpus"] = "4";
  open_stepped(costs);
  End second_sender = open(LinkRole::sender, costs);
  const Joined other = meet(second_sender, b);
  receives(*pairs[0].b, b, 1);
  receives(*other.b, b, 1);
  pairs[0].a->spend_copy(1000);  // until 2000
  other.a->spend_copy(500);      // until 3000, on a CPU of its own
  pairs[0].b->spend_copy(100);   // of the other host: until 200
  a.post(*pairs[0].a, 1, Work::send, 1);
  second_sender.post(*other.a, 2, Work::send, 1);
  EXPECT_EQ(next_at(b, a), 2010 + 1 + 100 + 50);
  EXPECT_EQ(next_at(b, a), 3010 + 1 + 100 + 50);
}

TEST_F(RdmaSimulated, ThreadsOfAHostShareItsCpus) {
  open_stepped(round_costs());  // one CPU
  End second_sender = open(LinkRole::sender, round_costs());
  const Joined other = meet(second_sender, b);
  receives(*other.b, b, 1);
  pairs[0].a->spend(1000);
  second_sender.post(*other.a, 1, Work::send, 1);  // posted at 1010
  EXPECT_EQ(next_at(b, a), 1010 + 1 + 100 + 50);
}

TEST_F(RdmaSimulated, RegistrationCostsByThePage) {
  open_stepped(round_costs());
  receives(*pairs[0].b, b, 1);
  const auto region = a.fabric->register_memory(a.memory->bytes().subspan(0, 8192), RemoteAccess::none);
  ASSERT_TRUE(region);                                 // 7 + 2 * 3 + 4
  EXPECT_FALSE(a.fabric->deregister(region->handle));  // 2 + 2 * 1
  EXPECT_TRUE(a.fabric->deregister(region->handle));   // unknown now: free
  a.post(*pairs[0].a, 1, Work::send, 1);
  EXPECT_EQ(next_at(b, a), 17 + 4 + 10 + 1 + 100 + 50);
}

TEST_F(RdmaSimulated, TimeStandsStillForWhoAskedForTheClock) {
  open_stepped(round_costs());
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  receives(*pairs[0].b, b, 1);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(b.poll().empty());
  b.fabric->wait(monotonic_now_ns() + 5 * second);  // at once
  EXPECT_EQ(clock->now_ns(), start_ns);
  EXPECT_EQ(b.fabric->now(), start_ns);
}

TEST_F(RdmaSimulated, AnEndsTimeIsAheadWhileItsThreadIsBusy) {
  open_stepped(round_costs());
  pairs[0].a->spend(300);
  pairs[0].a->spend_copy(100);  // 200
  EXPECT_EQ(a.fabric->now(), start_ns + 500);
  EXPECT_EQ(b.fabric->now(), start_ns);
  EXPECT_EQ(clock->now_ns(), start_ns);
}

TEST_F(RdmaSimulated, AnAlarmIsAMomentBehindWhatHappensThen) {
  open_stepped(round_costs());
  receives(*pairs[0].b, b, 1);
  a.fabric->wake_at(start_ns + 5000);
  b.fabric->wake_at(start_ns + 500);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  ASSERT_TRUE(clock->advance());
  EXPECT_EQ(clock->now_ns(), start_ns + 500);
  EXPECT_EQ(next_at(b, a), 1160) << "as without alarms";
  EXPECT_EQ(next_at(a, b), 1260);
  while (clock->now_ns() < start_ns + 5000) ASSERT_TRUE(clock->advance());
  EXPECT_EQ(clock->now_ns(), start_ns + 5000);
  EXPECT_FALSE(clock->advance());
}

TEST_F(RdmaSimulated, OnlyTheLastAlarmCountsAndMayBeTakenBack) {
  open_stepped(round_costs());
  a.fabric->wake_at(start_ns + 100);
  a.fabric->wake_at(start_ns + 200);
  ASSERT_TRUE(clock->advance());
  EXPECT_EQ(clock->now_ns(), start_ns + 200);
  a.fabric->wake_at(start_ns);  // long over: at once
  ASSERT_TRUE(clock->advance());
  EXPECT_EQ(clock->now_ns(), start_ns + 200);
  a.fabric->wake_at(start_ns + 900);
  a.fabric->wake_at(INT64_MAX);
  EXPECT_FALSE(clock->advance());
}

TEST_F(RdmaSimulated, TimeGoesOnForAThreadThatDidNotAskForTheClock) {
  open_stepped(round_costs());
  receives(*pairs[0].b, b, 1);
  a.post(*pairs[0].a, 1, Work::send, 1000);
  std::size_t received = 0;
  std::thread other([&] {
    const MonotonicNs deadline = monotonic_now_ns() + 20 * second;
    while (received == 0 && monotonic_now_ns() < deadline) received = b.poll().size();
  });
  other.join();
  EXPECT_EQ(received, 1u);
}

class RdmaSimulatedSeed : public RdmaSimulated {
 protected:
  // The order in which eight connections that send at the same moment are heard.
  std::vector<std::uint32_t> order(const OptionText& options) {
    OptionText costs = options;
    costs["post_ns"] = "0";
    costs["wake_ns"] = "0";
    End from = open(LinkRole::sender, costs, 8), to = open(LinkRole::receiver, costs, 8);
    VirtualClock* time = from.fabric->clock();
    std::vector<Joined> all;
    for (std::size_t i = 0; i < 8; ++i) {
      all.push_back(meet(from, to));
      receives(*all[i].b, to, 3);
    }
    for (std::uint64_t round = 0; round < 3; ++round)
      for (const Joined& each : all) from.post(*each.a, round, Work::send, 64);
    std::vector<std::uint32_t> heard;
    do {
      for (const WorkResult& result : to.poll())
        heard.push_back(result.queue_pair * 10 + std::uint32_t(result.id % 10));
      from.poll();
    } while (time->advance());
    all.clear();
    EXPECT_EQ(heard.size(), 24u);
    return heard;
  }
};

TEST_F(RdmaSimulatedSeed, TheSameSeedGivesTheSameOrderAndOthersGiveOthers) {
  std::set<std::vector<std::uint32_t>> orders;
  for (int seed = 0; seed < 8; ++seed) {
    for (const char* jitter_ns : {"0", "5000"}) {
      const OptionText options{{"seed", std::to_string(seed)}, {"jitter_ns", jitter_ns}};
      const auto heard = order(options);
      EXPECT_EQ(order(options), heard) << seed;
      orders.insert(heard);
      std::array<std::uint32_t, 8> next{};  // each connection's messages stay in order
      for (const std::uint32_t one : heard) EXPECT_EQ(one % 10, next[one / 10]++) << seed;
    }
  }
  EXPECT_GT(orders.size(), 8u);
}

TEST_F(RdmaSimulated, TwoThreadsMakeProgressWithoutAClock) {
  open_both({});
  pairs.push_back(meet(a, b));
  receives(*pairs[0].a, a, 1);
  receives(*pairs[0].b, b, 1);
  constexpr std::uint64_t rounds = 300;
  const MonotonicNs deadline = monotonic_now_ns() + 20 * second;
  const auto exchange = [&](End& end, QueuePair& queue_pair, bool first) {
    std::uint64_t received = 0, sent = first ? 1 : 0;
    if (first) end.post(queue_pair, 1, Work::send, 8);
    while ((received < rounds || sent < rounds) && monotonic_now_ns() < deadline) {
      const auto results = end.poll();
      if (results.empty() && first) end.fabric->wait(deadline);
      for (const WorkResult& result : results) {
        EXPECT_EQ(result.status, WorkStatus::success);
        if (result.work != Work::receive) continue;
        ++received;
        EXPECT_EQ(queue_pair.post_receive(1, end.piece(8192, 8192)), Posted::ok);
        if (sent < rounds) end.post(queue_pair, ++sent, Work::send, 8);
      }
    }
    return received;
  };
  std::uint64_t answered = 0;
  std::thread other([&] { answered = exchange(b, *pairs[0].b, false); });
  EXPECT_EQ(exchange(a, *pairs[0].a, true), rounds);
  other.join();
  EXPECT_EQ(answered, rounds);
}

TEST_F(RdmaSimulated, IdleTimeFollowsTheWallClockWithoutAClock) {
  open_both({});
  pairs.push_back(meet(a, b));
  const MonotonicNs before = a.fabric->now();
  std::this_thread::sleep_for(std::chrono::milliseconds(3));
  EXPECT_GE(a.fabric->now() - before, 3'000'000);
}

TEST_F(RdmaSimulated, OptionsThatAreWrongAreRefused) {
  OpenParameters parameters;
  parameters.link = {.name = "simulated", .argument = {}, .options = {{"cpus", "0"}}};
  EXPECT_EQ(open_fabric(parameters, {}).error().code, ErrorCode::bad_input);
  EXPECT_FALSE(probe_fabric(parameters.link).usable());
}

TEST_F(RdmaSimulated, AnotherLinkTextIsAnotherWorld) {
  a = open(LinkRole::sender, {{"seed", "1"}});
  b = open(LinkRole::receiver, {{"seed", "2"}});
  const auto address = b.fabric->listen();
  const auto connected =
      a.fabric->connect(*address, [](QueuePair&, const Hello&) { return Hello(); }, monotonic_now_ns() + second);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::refused);
}

class RdmaSimulatedFault : public RdmaSimulated {
 protected:
  void open_with(const char* fault, const char* at, const char* by = "0") {
    OptionText options = round_costs();
    options["fault"] = fault;
    options["fault_at"] = at;
    options["fault_by"] = by;
    options["rnr_wait_us"] = "7";
    open_stepped(options);
    receives(*pairs[0].b, b, 2);
  }
  std::uint64_t counter(const End& end, std::string_view name) const {
    for (const Counter& counter : end.fabric->counters())
      if (counter.name == name) return counter.value;
    ADD_FAILURE() << name;
    return 0;
  }
};

TEST_F(RdmaSimulatedFault, ADeathIsSeenByThePeer) {
  open_with("kill", "2");
  a.post(*pairs[0].a, 1, Work::send, 1);
  EXPECT_GT(next_at(b, a), 0);
  a.post(*pairs[0].a, 2, Work::send, 1);
  EXPECT_TRUE(pairs[0].a->failure());
  EXPECT_GE(next_at(b, a), 100'000'000);  // lost_ms
  EXPECT_EQ(pairs[0].b->failure().code, ErrorCode::peer_died);
  EXPECT_NE(pairs[0].b->failure().errno_value, 0);  // not in order
}

TEST_F(RdmaSimulatedFault, ADroppedConnectionIsNoticedByBoth) {
  open_with("drop", "1");
  a.post(*pairs[0].a, 1, Work::send, 1);
  EXPECT_GE(next_at(a, b), 100'000'000);
  EXPECT_EQ(pairs[0].a->failure().code, ErrorCode::peer_died);
  while (!pairs[0].b->failure() && clock->advance()) b.poll();
  EXPECT_EQ(pairs[0].b->failure().code, ErrorCode::peer_died);
}

TEST_F(RdmaSimulatedFault, ADelayedMessageIsLate) {
  open_with("delay", "1", "30");
  a.post(*pairs[0].a, 1, Work::send, 1000);
  EXPECT_EQ(next_at(b, a), 30'000 + 1160);
}

TEST_F(RdmaSimulatedFault, AReceiverThatIsNotReadyIsTriedAgain) {
  open_with("rnr", "1", "3");
  a.post(*pairs[0].a, 1, Work::send, 1000);
  EXPECT_EQ(next_at(b, a), 3 * 7000 + 1160);
  EXPECT_EQ(counter(a, "rnr_retries"), 3u);
}

TEST_F(RdmaSimulatedFault, OneRegistrationFailsAndTheNextDoesNot) {
  open_with("registration", "2");
  const auto pages = a.memory->bytes().subspan(0, 4096);
  EXPECT_TRUE(a.fabric->register_memory(pages, RemoteAccess::read));
  const auto refused = a.fabric->register_memory(pages, RemoteAccess::read);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::no_memory);
  EXPECT_TRUE(a.fabric->register_memory(pages, RemoteAccess::read));
  EXPECT_TRUE(b.fabric->register_memory(b.memory->bytes(), RemoteAccess::read));
  EXPECT_EQ(counter(a, "fabric_failed_registrations"), 1u);
}

}  // namespace
}  // namespace xover
