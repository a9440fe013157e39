// Faults of registration. One that fails, once, at each single point: the bytes go by copy instead, and the reason is
// counted. One that is undone behind its owner's back: the peer, whose key is stale, is refused. Nothing stays
// registered.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <tuple>

#include "tests/unit/faulty_fabric.h"
#include "tests/unit/sdp_pair.h"
#include "transports/sdp/sdp_session.h"

namespace xover {
namespace {

using test::FabricFaults;
using test::FaultyFabric;
using test::SdpPair;

constexpr std::size_t message_bytes = 400'000;  // four chunks
constexpr int messages = 4;

std::unique_ptr<Session> open_over(FabricFaults& faults, std::string_view id, SdpWay way, std::string_view link) {
  const Descriptor& row = *find_transport(id);
  OpenParameters parameters{.link = test::sdp_link(link), .depth = 4};
  parameters.options = Options::resolve(id, row.options, {{"registration", "none"}}).value();
  const FabricShape shape{
      .max_requests = 64, .max_receives = 16, .max_inline_bytes = std::size_t{64} << 10, .sleeps = true};
  auto fabric = std::make_unique<FaultyFabric>(open_fabric(parameters, shape).value(), faults);
  return SdpSession::open_over(std::move(fabric), parameters, way).value();
}

// Both ends over fabrics that can be made to fail. In the end neither has registered anything.
struct FaultyPair {
  FabricFaults a_faults, b_faults;
  SdpPair pair;

  FaultyPair(const std::string& id, SdpWay way, const std::string& link)
      : pair([&] { return open_over(a_faults, id, way, link); }, [&] { return open_over(b_faults, id, way, link); }) {}
  FaultyPair(const FaultyPair&) = delete;
  FaultyPair& operator=(const FaultyPair&) = delete;

  // Once both channels are closed, whichever way.
  [[nodiscard]] bool both_close() {
    return pair.run_until([&] { return pair.a.count(Moment::closed) == 1 && pair.b.count(Moment::closed) == 1; },
                          SdpPair::fault_bound_ns);
  }
  void expect_nothing_registered() const {
    EXPECT_EQ(a_faults.live_regions, 0);
    EXPECT_EQ(b_faults.live_regions, 0);
    pair.expect_nothing_registered();
  }
};

struct Failing {
  std::string id;
  SdpWay way;
  int errno_value;
};

class SdpRegistrationFault : public testing::TestWithParam<std::tuple<Failing, std::string>> {
 protected:
  const Failing& failing() const { return std::get<0>(GetParam()); }
  std::string link() const { return std::get<1>(GetParam()); }

  // False: there is no such registration.
  bool fails_at(bool at_source, int point);
};

bool SdpRegistrationFault::fails_at(bool at_source, int point) {
  FaultyPair ends(failing().id, failing().way, link());
  SdpPair& pair = ends.pair;
  FabricFaults& faults = at_source ? ends.a_faults : ends.b_faults;
  faults.registrations_until_failure = point;
  faults.failure = failure_of_errno(failing().errno_value, "a fault of the test");
  for (int i = 0; i < messages; ++i) {
    EXPECT_NE(pair.send(message_bytes), 0u);
    EXPECT_TRUE(pair.receive(pair.sent_bytes(), 100'000, SdpPair::fault_bound_ns)) << "point " << point;
  }
  EXPECT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == messages; }, SdpPair::fault_bound_ns));
  EXPECT_TRUE(pair.intact());
  for (const Completion& completion : pair.a.seen) EXPECT_FALSE(completion.failure) << "point " << point;
  if (faults.failed == 1) {
    EXPECT_EQ((at_source ? pair.a : pair.b).counter("refused_registrations"), 1u) << "point " << point;
  }
  if (faults.failed == 1 && at_source && failing().way == SdpWay::read_zcopy) {
    EXPECT_EQ(pair.a.counter("bcopy_because_registration_refused"), 1u);
  }
  pair.a.channel->shutdown_send();
  pair.b.channel->shutdown_send();
  EXPECT_TRUE(ends.both_close()) << "point " << point;
  ends.expect_nothing_registered();
  return faults.failed == 1;
}

TEST_P(SdpRegistrationFault, AtEachSinglePointTheBytesStillArriveAndItIsCounted) {
  for (const bool at_source : {true, false}) {
    int points = 0;
    while (!HasFailure() && fails_at(at_source, points)) ++points;
    EXPECT_GE(points, 4) << (at_source ? "at the source" : "at the sink");
  }
}

std::string name_of(const testing::TestParamInfo<std::tuple<Failing, std::string>>& info) {
  const auto& [failing, link] = info.param;
  return failing.id.substr(4) + (failing.errno_value == ENOMEM ? "_ENOMEM_" : "_EFAULT_") + link;
}

INSTANTIATE_TEST_SUITE_P(Ways, SdpRegistrationFault,
                         testing::Combine(testing::Values(Failing{"sdp.read_zcopy", SdpWay::read_zcopy, EFAULT},
                                                          Failing{"sdp.read_zcopy", SdpWay::read_zcopy, ENOMEM},
                                                          Failing{"sdp.write_zcopy", SdpWay::write_zcopy, EFAULT}),
                                          testing::Values("local", "simulated")),
                         name_of);

// At whichever end the region goes that the other has been told of.
class SdpStaleKey : public testing::TestWithParam<std::tuple<SdpWay, std::string>> {};

std::string stale_name_of(const testing::TestParamInfo<std::tuple<SdpWay, std::string>>& info) {
  const auto& [way, link] = info.param;
  return (way == SdpWay::read_zcopy ? "read_" : "write_") + link;
}

TEST_P(SdpStaleKey, EndsBothEndsAndEverythingComesBack) {
  const auto& [way, link] = GetParam();
  const bool writes = way == SdpWay::write_zcopy;
  FaultyPair ends(writes ? "sdp.write_zcopy" : "sdp.read_zcopy", way, link);
  SdpPair& pair = ends.pair;
  FabricFaults& owner = writes ? ends.b_faults : ends.a_faults;
  const auto advertised = [&] {
    return writes ? pair.b.counter("messages_sink_avail") != 0 : pair.a.counter("messages_src_avail") != 0;
  };
  if (writes) {
    pair.offer(message_bytes);
  } else {
    ASSERT_NE(pair.send(message_bytes), 0u);
  }
  ASSERT_TRUE(pair.run_until(advertised, SdpPair::fault_bound_ns));
  ASSERT_FALSE(owner.deregister_first());
  if (writes) {
    ASSERT_NE(pair.send(message_bytes), 0u);
  } else {
    pair.offer(message_bytes);
  }
  ASSERT_TRUE(ends.both_close());
  EXPECT_TRUE(pair.a.first(Moment::closed)->failure);
  EXPECT_TRUE(pair.b.first(Moment::closed)->failure);
  EXPECT_EQ(pair.a.count(Moment::released), 1u);
  EXPECT_TRUE(pair.a.first(Moment::released)->failure);
  EXPECT_EQ(pair.b.count(Moment::received), 1u);
  EXPECT_LT(pair.arrived_bytes(), message_bytes);
  EXPECT_TRUE(pair.intact());
  ends.expect_nothing_registered();
}

INSTANTIATE_TEST_SUITE_P(Ways, SdpStaleKey,
                         testing::Combine(testing::Values(SdpWay::read_zcopy, SdpWay::write_zcopy),
                                          testing::Values("local", "simulated")),
                         stale_name_of);

}  // namespace
}  // namespace xover
