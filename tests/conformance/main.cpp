// The conformance suite, and the processes that it starts from the same binary: a peer to be killed, the maker of a
// link, and the other end of a test in two processes.
#include <gtest/gtest.h>

#include "tests/conformance/link_end.h"
#include "tests/conformance/peer_process.h"
#include "tests/conformance/two_processes.h"
#include "tests/conformance/watchdog.h"

int main(int argc, char** argv) {
  using namespace xover::conformance;
  if (const auto exit_code = run_as_peer(argc, argv)) return *exit_code;
  if (const auto exit_code = run_as_link_maker(argc, argv)) return *exit_code;
  testing::InitGoogleTest(&argc, argv);
  if (!run_as_other_end(argc, argv)) make_links();
  testing::UnitTest::GetInstance()->listeners().Append(new_watchdog());
  return RUN_ALL_TESTS();
}
