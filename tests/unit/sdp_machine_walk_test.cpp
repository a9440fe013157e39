// Random walks of two machines: whatever happens in whatever order, the streams arrive whole and everything ends.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/sdp_machine_rig.h"

namespace xover::sdp {
namespace {

struct Walk {
  std::mt19937 random;
  Rig rig;
  bool cancels;
  std::uint64_t cancelled = 0;

  Walk(unsigned seed, const Settings& a, const Settings& b, bool with_cancels)
      : random(seed), rig(a, b), cancels(with_cancels) {}

  std::size_t below(std::size_t bound) { return random() % bound; }

  void step(RigEnd& end) {
    constexpr std::size_t sizes[]{1, 60, 100, 150, 250, 700, 1000, 2500, 4001};
    switch (below(12)) {
      case 0:
      case 1: {
        const std::size_t size_bytes = sizes[below(9)];
        end.send(size_bytes, below(3) == 0 ? 333 : SIZE_MAX);
        break;
      }
      case 2:
      case 3: end.offer(sizes[1 + below(8)]); break;
      case 4:
      case 5:
      case 6: end.deliver_one(); break;
      case 7:
        if (end.finish_read()) end.pump();
        break;
      case 8: end.answer_registrations(); break;
      case 9: end.hold_reads = below(2) == 0, end.hold_registrations = below(2) == 0; break;
      case 10: end.tick(now += 100'000'000); break;
      case 11:
        if (cancels && below(8) == 0) end.machine.withdraw_receives();
        if (cancels && below(8) == 0) {
          const bool of_sending = below(2) == 0;
          end.machine.change_mode(of_sending, static_cast<Mode>(below(3)));
        }
        end.pump();
    }
  }

  // Receives enough for everything, and lets the time go on.
  void finish() {
    for (RigEnd* end : {&rig.a, &rig.b}) {
      end->hold_reads = end->hold_registrations = false;
      end->machine.shutdown();
    }
    for (int i = 0; i < 600 && !(rig.a.machine.finished() && rig.b.machine.finished()); ++i) {
      for (RigEnd* end : {&rig.a, &rig.b}) {
        end->answer_registrations();
        end->finish_read();
        end->offer(900);
        end->tick(now);
      }
      now += 100'000'000;
      ASSERT_TRUE(rig.settle());
    }
  }

  MonotonicNs now = 1;
};

void walk(Way a_way, Way b_way, std::uint16_t receives, unsigned seed, bool with_cancels, bool refuse) {
  SCOPED_TRACE(testing::Message() << "ways " << int(a_way) << " " << int(b_way) << " receives " << receives << " seed "
                                  << seed);
  Settings a = rig_settings(a_way);
  a.own.receives = a.peer.receives = receives;
  a.first_sequence = 0xfffffff0u;  // wraps on the way
  a.delayed_registration = seed % 2 == 0;
  Settings b = a;
  b.way = b_way;
  Walk walk(seed, a, b, with_cancels);
  if (refuse) walk.rig.a.refuse_registration = 3 + static_cast<int>(seed % 5);
  if (refuse) walk.rig.b.refuse_registration = 2 + static_cast<int>(seed % 3);
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) {
    walk.step(walk.below(2) == 0 ? walk.rig.a : walk.rig.b);
  }
  walk.finish();
  walk.rig.expect_stream(walk.rig.a, walk.rig.b);
  walk.rig.expect_stream(walk.rig.b, walk.rig.a);
  walk.rig.expect_quiet();
  EXPECT_TRUE(walk.rig.a.machine.finished() && walk.rig.b.machine.finished());
}

TEST(SdpMachineWalk, EveryStreamArrivesWholeWhateverTheOrderOfEvents) {
  for (unsigned seed = 0; seed < 60 && !HasFailure(); ++seed) {
    for (int ways = 0; ways < 16 && !HasFailure(); ++ways) {
      const std::uint16_t receives = seed % 3 == 0 ? 5 : seed % 3 == 1 ? 6 : 8;
      walk(static_cast<Way>(ways / 4), static_cast<Way>(ways % 4), receives, seed, seed % 4 >= 2, seed % 5 == 4);
    }
  }
}

}  // namespace
}  // namespace xover::sdp
