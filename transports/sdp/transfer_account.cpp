// Ticks become nanoseconds here, once, when somebody asks.
#include "transports/sdp/transfer_account.h"

#include <algorithm>
#include <string_view>

namespace xover {

namespace {

constexpr std::array<std::string_view, transfer_phases> names{
    "account_lookup_ns",
    "account_register_ns",
    "account_advert_wait_ns",
    "account_wire_ns",
    "account_completion_message_ns",
    "account_advert_round_trip_ns",
    "account_wake_up_ns",
    "account_copy_ns",
    "account_deregister_ns",
};

}  // namespace

// The ticks of two cores may differ by a few, which no sum should fall below zero for.
std::int64_t TransferAccount::spent_ns(TransferPhase phase) const noexcept {
  const AccountTime spent = std::max<AccountTime>(spent_[static_cast<std::size_t>(phase)], 0);
  return virtual_ ? spent : ticks_to_ns(static_cast<Ticks>(spent));
}

void TransferAccount::append_to(std::vector<Counter>& counters) const {
  if (!on_) return;
  for (std::size_t i = 0; i < transfer_phases; ++i) {
    counters.push_back({names[i], static_cast<std::uint64_t>(spent_ns(static_cast<TransferPhase>(i)))});
  }
  counters.push_back({"account_transfers", transfers_});
}

}  // namespace xover
