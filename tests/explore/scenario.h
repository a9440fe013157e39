// What is explored: two ends with their settings, and all that their applications will do. The order in which they do
// it, between each other and with what happens in the world, is what a search chooses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "transports/sdp/settings.h"

namespace xover::explore {

struct ModeChange {
  bool send_half = true;
  sdp::Mode mode = sdp::Mode::buffered;
};

// Of one end's application. It submits all ops, offers its buffers one after the other and round again while the peer
// may send, and shuts its sending half down behind the last op. What is in `most_*` may happen or not. Each end has
// budgets of its own, so that what one end does takes nothing from the other.
struct Application {
  std::vector<std::uint32_t> op_bytes;       // at most 32 each, so that each byte of eight ops is another
  std::vector<std::uint32_t> receive_bytes;  // of its buffers
  bool scattered = false;                    // ops are in two segments
  std::vector<ModeChange> mode_changes;      // each may be asked for, while the budget lasts
  bool sends_promptly = false;               // ops and the end of sending as soon as possible, not at any time
  bool receives_promptly = false;            // likewise its buffers

  std::uint8_t most_cancels = 0;
  std::uint8_t most_mode_changes = 0;
  std::uint8_t most_hurries = 0;   // times that the clock goes on although something else could still happen
  std::uint8_t most_refusals = 0;  // registrations that fail
};

struct Scenario {
  std::string name;
  std::array<sdp::Settings, 2> settings;
  std::array<Application, 2> applications;

  bool in_short_run = true;      // else in the long one alone
  bool registers_later = false;  // the answer to a registration is an event of its own
  bool polls_later = false;      // a result may lie there while other things happen
};

}  // namespace xover::explore
