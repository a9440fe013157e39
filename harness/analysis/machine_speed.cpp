// The slope by instrumental variables, weighed with what is known beforehand.
#include "harness/analysis/machine_speed.h"

#include <cmath>
#include <map>

namespace xover {

namespace {

constexpr double usual_slope = 0.75, usual_variance = 0.4 * 0.4;

// About the means of their run.
struct Centred {
  std::uint32_t restart = 0;
  double figure = 0, before = 0, after = 0;

  double speed() const { return (before + after) / 2; }
};

std::vector<Centred> centred(std::span<const SpeedRound> rounds) {
  std::vector<Centred> logs;
  Centred mean;
  for (const SpeedRound& round : rounds) {
    logs.push_back({round.observation.restart, std::log(round.observation.value), std::log(round.speed.before_gbps),
                    std::log(round.speed.after_gbps)});
    mean.figure += logs.back().figure / static_cast<double>(rounds.size());
    mean.before += logs.back().before / static_cast<double>(rounds.size());
    mean.after += logs.back().after / static_cast<double>(rounds.size());
  }
  for (Centred& each : logs) {
    each.figure -= mean.figure;
    each.before -= mean.before;
    each.after -= mean.after;
  }
  return logs;
}

}  // namespace

SpeedSlope speed_slope(std::span<const SpeedRound> a, std::span<const SpeedRound> b) {
  std::vector<std::vector<Centred>> runs{centred(a), centred(b)};
  double of_speed = 0, of_both = 0;
  for (const auto& run : runs) {
    for (const Centred& each : run) {
      of_speed += each.before * each.after;
      of_both += each.figure * each.speed();
    }
  }
  if (of_speed <= 0) return {usual_slope, usual_variance};
  const double learnt = of_both / of_speed;

  // Rounds of one restart may err together, so each restart counts as one (a sandwich estimate by clusters).
  double squares = 0;
  for (const auto& run : runs) {
    std::map<std::uint32_t, double> of_restart;
    for (const Centred& each : run) of_restart[each.restart] += each.speed() * (each.figure - learnt * each.speed());
    for (const auto& [restart, sum] : of_restart) squares += sum * sum;
  }
  const double variance = squares / (of_speed * of_speed);
  const double weight = usual_variance / (usual_variance + variance);  // of what was learnt
  return {weight * learnt + (1 - weight) * usual_slope, weight * variance};
}

double log_speed(std::span<const SpeedRound> rounds) {
  std::vector<double> logs;
  for (const SpeedRound& round : rounds)
    logs.push_back((std::log(round.speed.before_gbps) + std::log(round.speed.after_gbps)) / 2);
  return median(std::move(logs));
}

std::vector<Observation> at_one_speed(std::span<const SpeedRound> rounds, double slope, double at_log_speed) {
  std::vector<Observation> moved;
  for (const SpeedRound& round : rounds) {
    const double log = (std::log(round.speed.before_gbps) + std::log(round.speed.after_gbps)) / 2;
    moved.push_back({round.observation.restart, round.observation.value * std::exp(slope * (at_log_speed - log))});
  }
  return moved;
}

}  // namespace xover
