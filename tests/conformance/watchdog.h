// Ends the program with a message when a test does not end: the last resort behind the bounds of the sides, for calls
// that never return.
#pragma once

#include <gtest/gtest.h>

namespace xover::conformance {

// Owned by the unit test once it was added to its listeners.
testing::TestEventListener* new_watchdog();

}  // namespace xover::conformance
