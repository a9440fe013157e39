// How long a round of each point takes: at first a guess, then what rounds really took. Pure: it is told every time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xover {

class RoundTimes {
 public:
  // The next point; `guess_ns` is for one of its rounds.
  void add_point(std::int64_t guess_ns) { points_.push_back({guess_ns, 0, 0}); }

  // A round of this point has taken so long, and counts or does not.
  void took(std::size_t point, std::int64_t round_ns, bool accepted);

  // One round, whether it will count or not. A point without rounds: its guess, by what the guesses of the others were
  // off on the whole.
  std::int64_t round_ns(std::size_t point) const;
  // One that counts: with its share of those that do not.
  std::int64_t accepted_round_ns(std::size_t point) const;

 private:
  static constexpr double weight = 1.0 / 8;  // of a new round in the mean: machines become slower and faster

  struct Times {
    std::int64_t guess_ns = 0;
    double mean_ns = 0;
    std::uint32_t rounds = 0;
  };

  std::vector<Times> points_;
  double taken_ns_ = 0, guessed_ns_ = 0;  // of all rounds
  std::uint64_t rounds_ = 0, accepted_ = 0;
};

}  // namespace xover
