// Registration that fails, once, at each single point: the bytes go by copy instead, the reason is counted, and nothing
// stays registered.
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <tuple>

#include "tests/unit/failing_fabric.h"
#include "tests/unit/sdp_pair.h"
#include "transports/sdp/sdp_session.h"

namespace xover {
namespace {

using test::FailingFabric;
using test::SdpPair;

constexpr std::size_t message_bytes = 400'000;  // four chunks
constexpr int messages = 4;

struct OpenedEnd {
  std::unique_ptr<Session> session;
  FailingFabric* fabric = nullptr;
};

OpenedEnd open_end(std::string_view id, SdpWay way) {
  const Descriptor& row = *find_transport(id);
  OpenParameters parameters{.link = test::sdp_link("local"), .depth = 4};
  parameters.options = Options::resolve(id, row.options, {{"registration", "none"}}).value();
  const FabricShape shape{
      .max_requests = 64, .max_receives = 16, .max_inline_bytes = std::size_t{64} << 10, .sleeps = true};
  auto fabric = std::make_unique<FailingFabric>(open_fabric(parameters, shape).value());
  FailingFabric* const seen = fabric.get();
  return {SdpSession::open_over(std::move(fabric), parameters, way).value(), seen};
}

using Parameters = std::tuple<std::string, SdpWay, int>;

class SdpRegistrationFault : public testing::TestWithParam<Parameters> {};

TEST_P(SdpRegistrationFault, AtEachSinglePointTheBytesStillArriveAndItIsCounted) {
  const auto& [id, way, errno_value] = GetParam();
  for (const bool at_source : {true, false}) {
    std::size_t points = 0;
    for (std::size_t fail_at = 1;; ++fail_at) {
      OpenedEnd a = open_end(id, way), b = open_end(id, way);
      FailingFabric& failing = at_source ? *a.fabric : *b.fabric;
      failing.fail_at = fail_at;
      failing.errno_value = errno_value;
      SdpPair pair(std::move(a.session), std::move(b.session));
      for (int i = 0; i < messages; ++i) {
        ASSERT_NE(pair.send(message_bytes), 0u);
        ASSERT_TRUE(pair.receive(pair.sent_bytes(), 100'000)) << "point " << fail_at;
      }
      ASSERT_TRUE(pair.run_until([&] { return pair.a.count(Moment::released) == messages; })) << "point " << fail_at;
      EXPECT_TRUE(pair.intact());
      EXPECT_EQ(pair.a.last(Moment::released)->failure.code, ErrorCode::none);
      const bool reached = failing.failed == 1;
      test::SessionEnd& end = at_source ? pair.a : pair.b;
      if (reached) {
        EXPECT_EQ(end.counter("refused_registrations"), 1u) << "point " << fail_at;
      }
      if (reached && at_source && way == SdpWay::read_zcopy) {
        EXPECT_EQ(pair.a.counter("bcopy_because_registration_refused"), 1u);
      }
      pair.a.channel->shutdown_send();
      pair.b.channel->shutdown_send();
      ASSERT_TRUE(
          pair.run_until([&] { return pair.a.count(Moment::closed) == 1 && pair.b.count(Moment::closed) == 1; }));
      EXPECT_EQ(a.fabric->registered_now, 0u) << "point " << fail_at;
      EXPECT_EQ(b.fabric->registered_now, 0u) << "point " << fail_at;
      if (!reached) break;
      points = fail_at;
    }
    EXPECT_GE(points, 4u) << (at_source ? "at the source" : "at the sink");
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, SdpRegistrationFault,
                         testing::Values(Parameters{"sdp.read_zcopy", SdpWay::read_zcopy, EFAULT},
                                         Parameters{"sdp.read_zcopy", SdpWay::read_zcopy, ENOMEM},
                                         Parameters{"sdp.write_zcopy", SdpWay::write_zcopy, EFAULT}));

}  // namespace
}  // namespace xover
