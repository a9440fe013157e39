// The account of a transfer: where the time of a message went, at either side, out of the counters that SDP sessions
// keep. Of the accepted rounds together.
//
// Phases lie over each other when several transfers are under way, and some are inside others (an advert's round trip
// holds all that the peer did): each says what it cost, and they do not sum to the whole. docs/decisions/0020 has the
// rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

struct AccountPhase {
  std::string_view name;  // "advert_wait"
  double ns_per_message = 0;
  double share = 0;  // of the connections' time, from the sample's first byte to its last; above 1 where phases of one
                     // kind lay over each other
};

struct AccountCount {
  std::string name;  // a counter's, or the reason of a fall-back
  std::uint64_t count = 0;
};

struct SideAccount {
  std::uint64_t transfers = 0;       // adverts that ended with their bytes moved; 0 where all was copied
  std::vector<AccountPhase> phases;  // in the order of a transfer; all of them
  std::optional<double> hit_rate;    // of the registration cache, 0 to 1; none where nothing was looked up
  std::uint64_t peak_pinned_bytes = 0;
  std::vector<AccountCount> counts;  // wasted_pins, cancels, credit_stalls, ...; all of them
  std::vector<AccountCount>
      bcopy_because;  // adverts or messages that were copied in the end, by reason; not those of 0
};

struct Account {
  SideAccount sender, receiver;
};

// None where the transport keeps no account, or was told not to.
std::optional<Account> account_of(const CellResult& cell, const Point& point);

}  // namespace xover
