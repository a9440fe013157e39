// Two sides on two threads, and the memory and messages that the cases send.
#pragma once

#include <functional>

#include "tests/conformance/script.h"
#include "tests/conformance/side.h"

namespace xover::conformance {

struct PairSetup {
  SideSetup sender, receiver;

  static PairSetup with_depth(std::size_t depth) { return {.sender = {.depth = depth}, .receiver = {.depth = depth}}; }
  static PairSetup with_channels(std::size_t channels) {
    return {.sender = {.channels = channels}, .receiver = {.channels = channels}};
  }
};

using Body = std::function<void(Side&)>;

// Runs both bodies, each on its own thread with a connected side, or each in its own process, finishes both sides, and
// reports every problem as a failure of the running test. Where the link has no receiver, only the sender's body runs.
void run_pair(const Subject& subject, const PairSetup& setup, const Body& sender, const Body& receiver);

// One side alone, not connected. In a test of two processes it belongs to the suite's.
void run_alone(const Subject& subject, const SideSetup& setup, const Body& body);

// Of a session of this subject, found out once for each process; an error where it cannot be opened or, when its link
// has a receiver, cannot listen.
Result<SubjectFacts> facts_of(const Subject& subject);
Result<Limits> limits_of(const Subject& subject);

enum class Placement : std::uint8_t {
  packed,
  before_page_end,  // each message begins one byte before the end of a page
};

// The messages of a script in memory of the session's arena, filled with their payload. `fields` segments each, of
// which some in the middle and at the end are empty.
std::vector<Message> messages_in_arena(Side& side, const Script& script, std::size_t fields = 1,
                                       Placement placement = Placement::packed);
// The same in memory that did not come from the arena, which must live as long as the messages.
std::vector<Message> messages_in(std::span<std::byte> memory, const Script& script);

}  // namespace xover::conformance
