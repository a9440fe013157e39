// A process that is killed before, during and after an RDMA Read of an SDP connection: the source while this one reads
// its memory, and the sink while it reads this one's; and an end of a simulation, at each request. What survives has
// within 5 s all its tokens back and is told the end once; it has nothing registered for the connection any more, and
// in the end the process holds what it held before.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/payload.h"
#include "tests/unit/given_back.h"
#include "tests/unit/sdp_pair.h"
#include "tests/unit/sdp_peer_process.h"

namespace xover {
namespace {

using test::be_sdp_peer;
using test::is_sdp_peer;
using test::sdp_op_bytes;
using test::sdp_op_seed;
using test::SdpPart;

constexpr MonotonicNs fault_bound_ns = test::SdpPair::fault_bound_ns;
constexpr MonotonicNs patience_ns = test::SdpPair::patience_ns;  // until it comes to the fault

// How the survivor waits for the end.
enum class Waits : std::uint8_t { polling, sleeping };

class SdpKilledPeer : public testing::TestWithParam<Waits> {
 protected:
  void start(SdpPart part) {
    ASSERT_NO_FATAL_FAILURE(peer_.start(part));
    own_ = test::registered_now(*end_.session);
  }

  void send(Token token) {
    fill_payload(bytes_, sdp_op_seed, 0);
    const SendOp op{.token = token, .segments = {&segment_, 1}};
    ASSERT_EQ(end_.channel->submit({&op, 1}).accepted, 1u);
  }
  void offer(Token token) {
    const RxBuffer buffer{.token = token, .data = bytes_.data(), .size_bytes = bytes_.size()};
    ASSERT_EQ(end_.channel->offer({&buffer, 1}), 1u);
  }

  template <typename Condition>
  [[nodiscard]] bool reap_until(Condition condition, MonotonicNs bound_ns = patience_ns) {
    for (const MonotonicNs deadline = monotonic_now_ns() + bound_ns; !condition(); end_.reap()) {
      if (monotonic_now_ns() > deadline) return false;
    }
    return true;
  }
  [[nodiscard]] bool closed_within(MonotonicNs bound_ns) {
    const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
    return reap_until(
        [&] {
          const bool closed = end_.count(Moment::closed) != 0;
          if (!closed && GetParam() == Waits::sleeping) end_.session->waiter()->wait(deadline);
          return closed;
        },
        bound_ns);
  }

  // What holds of everyone whose peer is dead: so many ops and receives have come back since the start.
  void expect_the_end(std::size_t released, std::size_t received) {
    ASSERT_TRUE(closed_within(fault_bound_ns));
    for (int i = 0; i < 1000; ++i) end_.reap();
    EXPECT_EQ(end_.count(Moment::closed), 1u);
    EXPECT_EQ(end_.last(Moment::closed)->failure.code, ErrorCode::peer_died);
    EXPECT_EQ(end_.count(Moment::released), released);
    EXPECT_EQ(end_.count(Moment::received), received);
    EXPECT_TRUE(end_.channel->ledger().balanced());
    EXPECT_EQ(test::registered_now(*end_.session), own_);
    const SendOp op{.token = 9, .segments = {&segment_, 1}};
    EXPECT_EQ(end_.channel->submit({&op, 1}).stop, Stop::failed);
  }

 private:
  const test::GivenBack all_given_back_;

 protected:
  std::vector<std::byte> bytes_ = std::vector<std::byte>(sdp_op_bytes);
  const Segment segment_{bytes_.data(), bytes_.size()};
  test::SdpPeerProcess peer_;
  test::SessionEnd& end_ = peer_.end;
  std::uint64_t own_ = 0;  // registered when they had met
};

// --- the source is killed

TEST_P(SdpKilledPeer, ASourceBeforeItsMemoryIsRead) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::source));
  ASSERT_TRUE(reap_until([&] { return end_.counter("late_adverts") == 1; }));
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  ASSERT_EQ(end_.counter("rdma_reads"), 0u);
  offer(1);  // the end is not known here yet, and the advert is
  expect_the_end(0, 1);
  EXPECT_EQ(end_.counter("process_vm_bytes"), 0u);
}

TEST_P(SdpKilledPeer, ASourceWhileItsMemoryIsRead) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::source));
  offer(1);
  ASSERT_TRUE(reap_until([&] { return end_.counter("rdma_reads") == 1; }));
  ASSERT_TRUE(test::read_is_under_way(end_));
  EXPECT_GT(test::registered_now(*end_.session), own_);
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  expect_the_end(0, 1);
  const Completion& back = *end_.first(Moment::received);
  EXPECT_LT(back.bytes, sdp_op_bytes);
  EXPECT_FALSE(verify_payload(std::span(bytes_).first(back.bytes), sdp_op_seed, 0));
}

TEST_P(SdpKilledPeer, ASourceWhenItsMemoryHasBeenRead) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::source));
  offer(1);
  ASSERT_TRUE(reap_until([&] { return end_.count(Moment::received) == 1; }));
  EXPECT_EQ(end_.first(Moment::received)->bytes, sdp_op_bytes);
  EXPECT_FALSE(verify_payload(bytes_, sdp_op_seed, 0));
  offer(2);
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  expect_the_end(0, 2);
  EXPECT_EQ(end_.last(Moment::received)->bytes, 0u);
  EXPECT_FALSE(verify_payload(bytes_, sdp_op_seed, 0));
}

// --- the sink is killed

TEST_P(SdpKilledPeer, ASinkBeforeItReads) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::idle_sink));
  send(1);
  ASSERT_TRUE(reap_until([&] { return end_.counter("messages_src_avail") == 1; }));
  EXPECT_GT(test::registered_now(*end_.session), own_);
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  expect_the_end(1, 0);
  EXPECT_TRUE(end_.first(Moment::released)->failure);
  EXPECT_LT(end_.first(Moment::released)->bytes, sdp_op_bytes);
}

TEST_P(SdpKilledPeer, ASinkWhileItReads) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::halting_sink));
  send(1);
  ASSERT_TRUE(reap_until([&] { return peer_.process->stops_within(std::chrono::milliseconds(0)); }));
  ASSERT_EQ(end_.count(Moment::released), 0u);
  EXPECT_GT(test::registered_now(*end_.session), own_);
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  expect_the_end(1, 0);
  EXPECT_TRUE(end_.first(Moment::released)->failure);
  EXPECT_LT(end_.first(Moment::released)->bytes, sdp_op_bytes);
}

TEST_P(SdpKilledPeer, ASinkWhenItHasRead) {
  if (is_sdp_peer()) return be_sdp_peer();
  ASSERT_NO_FATAL_FAILURE(start(SdpPart::reading_sink));
  send(1);
  ASSERT_TRUE(reap_until([&] { return end_.count(Moment::released) == 1; }));
  EXPECT_FALSE(end_.first(Moment::released)->failure);
  EXPECT_EQ(end_.counter("adverts_read"), 1u);
  send(2);
  ASSERT_TRUE(reap_until([&] { return end_.counter("messages_src_avail") == 2; }));
  ASSERT_NO_FATAL_FAILURE(peer_.kill());
  expect_the_end(2, 0);
  EXPECT_TRUE(end_.last(Moment::released)->failure);
}

INSTANTIATE_TEST_SUITE_P(Survivor, SdpKilledPeer, testing::Values(Waits::polling, Waits::sleeping),
                         [](const auto& waits) { return waits.param == Waits::polling ? "polling" : "sleeping"; });

// --- on `simulated`, where the fabric kills an end at a request that it posts: at each one in turn

class SdpKilledEnd : public testing::TestWithParam<std::string> {};

std::unique_ptr<Session> open_simulated_end(LinkRole role, const std::string& fault_end, int fault_at) {
  const Descriptor& row = *find_transport("sdp.read_zcopy");
  OpenParameters parameters{.link = {.name = "simulated"}, .role = role, .depth = 2};
  parameters.link.options = {{"fault", "kill"}, {"fault_end", fault_end}, {"fault_at", std::to_string(fault_at)}};
  parameters.options = Options::resolve(row.id, row.options, {{"registration", "none"}}).value();
  return row.open(parameters).value();
}

// False: there is no such request, and all went well.
bool killed_at(const std::string& end, int request) {
  constexpr std::size_t message_bytes = 300'000;  // three adverts, and as many reads
  test::SdpPair pair([&] { return open_simulated_end(LinkRole::sender, end, request); },
                     [&] { return open_simulated_end(LinkRole::receiver, end, request); });
  EXPECT_NE(pair.send(message_bytes), 0u);
  pair.offer(message_bytes);
  const auto closed = [&] { return pair.a.count(Moment::closed) == 1 && pair.b.count(Moment::closed) == 1; };
  const auto arrived = [&] { return pair.arrived_bytes() == message_bytes && pair.a.count(Moment::released) == 1; };
  EXPECT_TRUE(pair.run_until([&] { return closed() || arrived(); }, fault_bound_ns)) << "request " << request;
  const bool killed = pair.a.count(Moment::closed) + pair.b.count(Moment::closed) != 0;
  if (killed) {
    EXPECT_TRUE(pair.run_until(closed, fault_bound_ns)) << "request " << request;
    const test::SessionEnd& survivor = end == "sender" ? pair.b : pair.a;
    EXPECT_EQ(survivor.last(Moment::closed)->failure.code, ErrorCode::peer_died) << "request " << request;
  }
  EXPECT_EQ(pair.a.count(Moment::released), 1u) << "request " << request;
  EXPECT_EQ(pair.b.count(Moment::received), 1u) << "request " << request;
  EXPECT_TRUE(pair.intact());
  pair.expect_nothing_registered();
  return killed;
}

TEST_P(SdpKilledEnd, AtEachOfItsRequestsLeavesTheOtherNothingToWaitFor) {
  int requests = 0;
  while (!HasFailure() && killed_at(GetParam(), requests + 1)) ++requests;
  EXPECT_GE(requests, 4);
}

INSTANTIATE_TEST_SUITE_P(Ends, SdpKilledEnd, testing::Values("sender", "receiver"),
                         [](const auto& end) { return end.param; });

}  // namespace
}  // namespace xover
