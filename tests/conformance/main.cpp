// The conformance suite, and the peer process that some of its cases start from the same binary.
#include <gtest/gtest.h>

#include "tests/conformance/link_end.h"
#include "tests/conformance/peer_process.h"
#include "tests/conformance/watchdog.h"

int main(int argc, char** argv) {
  if (const auto exit_code = xover::conformance::run_as_peer(argc, argv)) return *exit_code;
  if (const auto exit_code = xover::conformance::run_as_link_maker(argc, argv)) return *exit_code;
  testing::InitGoogleTest(&argc, argv);
  xover::conformance::make_links();
  testing::UnitTest::GetInstance()->listeners().Append(xover::conformance::new_watchdog());
  return RUN_ALL_TESTS();
}
