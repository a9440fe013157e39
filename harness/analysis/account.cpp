// Counters by their names, summed over the accepted rounds.
#include "harness/analysis/account.h"

#include <algorithm>
#include <array>
#include <map>

namespace xover {
namespace {

constexpr std::string_view phase_prefix = "account_", phase_suffix = "_ns", because_prefix = "bcopy_because_";
constexpr std::array<std::string_view, 9> phase_names{
    "lookup",  "register", "advert_wait", "wire", "completion_message", "advert_round_trip",
    "wake_up", "copy",     "deregister"};
constexpr std::array<std::string_view, 7> count_names{"wasted_pins",          "cancels",      "unread_timeouts",
                                                      "credit_stalls",        "stage_stalls", "queue_full_stalls",
                                                      "refused_registrations"};

using Counters = std::map<std::string, std::uint64_t>;

struct SideTotals {
  Counters counters;
  std::uint64_t messages = 0, peak_pinned_bytes = 0;
  double connection_ns = 0;

  std::uint64_t operator[](const std::string& name) const {
    const auto found = counters.find(name);
    return found == counters.end() ? 0 : found->second;
  }
};

void add(SideTotals& totals, const SideReport& side, double connection_ns) {
  for (const auto& [name, value] : side.counters) totals.counters[name] += value;
  const auto pinned = side.counters.find("peak_pinned_bytes");
  if (pinned != side.counters.end()) totals.peak_pinned_bytes = std::max(totals.peak_pinned_bytes, pinned->second);
  totals.messages += side.messages;
  totals.connection_ns += connection_ns;
}

SideAccount side_account(const SideTotals& totals) {
  SideAccount account;
  account.transfers = totals["account_transfers"];
  for (const std::string_view name : phase_names) {
    const auto ns = static_cast<double>(totals[std::string(phase_prefix).append(name).append(phase_suffix)]);
    account.phases.push_back({name, totals.messages > 0 ? ns / static_cast<double>(totals.messages) : 0,
                              totals.connection_ns > 0 ? ns / totals.connection_ns : 0});
  }
  const std::uint64_t hits = totals["registration_hits"], lookups = hits + totals["registration_misses"];
  if (lookups > 0) account.hit_rate = static_cast<double>(hits) / static_cast<double>(lookups);
  account.peak_pinned_bytes = totals.peak_pinned_bytes;
  for (const std::string_view name : count_names)
    account.counts.push_back({std::string(name), totals[std::string(name)]});
  for (const auto& [name, value] : totals.counters) {
    if (value > 0 && name.starts_with(because_prefix))
      account.bcopy_because.push_back({name.substr(because_prefix.size()), value});
  }
  return account;
}

}  // namespace

std::optional<Account> account_of(const CellResult& cell, const Point& point) {
  SideTotals sender, receiver;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    const double connection_ns = static_cast<double>(round.sample.window_ns()) * point.connections;
    add(sender, round.sample.sender, connection_ns);
    add(receiver, round.sample.receiver, connection_ns);
  }
  if (!sender.counters.contains("account_transfers")) return std::nullopt;
  return Account{side_account(sender), side_account(receiver)};
}

}  // namespace xover
