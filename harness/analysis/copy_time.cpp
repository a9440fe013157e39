// From CPU time and drawn samples to t1, t2, R and R_max.
#include "harness/analysis/copy_time.h"

#include <cmath>

#include "harness/analysis/figures.h"

namespace xover {
namespace {

std::optional<double> cpu_ns_per_message(const CellResult&, const Sample& sample) {
  if (sample.sender.messages == 0 || sample.sender.cpu.worker_ns <= 0) return std::nullopt;
  return static_cast<double>(sample.sender.cpu.worker_ns) / static_cast<double>(sample.sender.messages);
}

// Wilson's interval of a share, which stays between 0 and 1 also for few samples.
Interval share_interval(const CopyShare& copy) {
  constexpr double z = 1.96;
  const double n = static_cast<double>(copy.samples), share = copy.share();
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double reach = z / (1 + z * z / n) * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  return {share, middle - reach, middle + reach};
}

Interval rate_over(std::uint64_t size_bytes, const Interval& ns) {
  const double bits = 8 * static_cast<double>(size_bytes);
  return {bits / ns.median, bits / ns.high, bits / ns.low};
}

}  // namespace

Interval SendTime::copy_ns() const {
  return {total_ns.median * share.median, total_ns.low * share.low, total_ns.high * share.high};
}

Interval SendTime::rest_ns() const {
  return {total_ns.median * (1 - share.median), total_ns.low * (1 - share.high), total_ns.high * (1 - share.low)};
}

Interval SendTime::rate_gbps() const { return rate_over(size_bytes, total_ns); }

Interval SendTime::greatest_rate_gbps() const { return rate_over(size_bytes, rest_ns()); }

std::optional<SendTime> send_time(const CellResult& cell, std::uint64_t size_bytes) {
  SendTime time;
  time.size_bytes = size_bytes;
  time.total_ns = estimate(observations(cell, cpu_ns_per_message)).interval;
  for (const RoundRecord& round : cell.rounds) {
    if (round.accepted) time.copy += round.sample.sender.copy_share;
  }
  if (time.copy.samples > 0) time.share = share_interval(time.copy);
  return time.total_ns.median > 0 ? std::optional(time) : std::nullopt;
}

void find_copy_times(ResultDocument& document) {
  document.copy_times.clear();
  for (const CellResult& cell : document.cells) {
    if (cell.status != CellStatus::ok) continue;
    const auto time = send_time(cell, document.plan.points[cell.point_index].point.size_bytes);
    if (!time || !time->knows_copy()) continue;
    document.copy_times.push_back({cell.point_index, cell.variant.name(), time->copy_ns(), time->rest_ns(),
                                   time->rate_gbps(), time->greatest_rate_gbps()});
  }
}

}  // namespace xover
