// What a run has to say about a claim: cells and comparisons found by what they measured, and the rules by which an
// answer is "yes", "no" or "not here".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/experiment/result.h"

namespace xover {

struct Answer {
  std::string holds;  // "yes", "no", "not here"
  std::string figure;
};

Answer yes_if(bool holds, std::string figure);
Answer not_here(std::string reason);

// The axes by which the papers tell their cells apart.
struct Place {
  std::uint64_t size_bytes = 0;
  std::uint32_t connections = 1;
  std::uint64_t alignment_bytes = 0;
};

class Evidence {
 public:
  explicit Evidence(const ResultDocument& document) : document_(document) {}  // keeps a reference

  // Every value that the plan has, ascending.
  std::vector<std::uint64_t> sizes() const;
  std::vector<std::uint32_t> connections() const;
  std::vector<std::uint64_t> alignments() const;

  // The first cell of this transport there that ran, and the comparison between two. Null: not in this run.
  const CellResult* cell(std::string_view transport, const Place& place) const;
  // The same, if it has rounds enough to judge by: for claims about figures, not about what is true of every byte.
  const CellResult* judged_cell(std::string_view transport, const Place& place) const;
  const Comparison* comparison(std::string_view baseline, std::string_view candidate, Metric metric,
                               const Place& place) const;
  const Point& point_of(const CellResult& cell) const { return document_.plan.points[cell.point_index].point; }
  std::string link_of(const CellResult& cell) const;

 private:
  const ResultDocument& document_;
};

// A comparison with the place where it was made.
struct Step {
  Place place;
  const Comparison* comparison = nullptr;
};

// The comparisons of two transports at all sizes of a place, smallest first; and at all sizes and connections.
std::vector<Step> ladder(const Evidence& evidence, std::string_view baseline, std::string_view candidate, Metric metric,
                         Place place);
std::vector<Step> everywhere(const Evidence& evidence, std::string_view baseline, std::string_view candidate,
                             Metric metric, std::uint64_t alignment_bytes);

// "The candidate is behind below `from_bytes` and ahead at `to_bytes` and above"; sizes between the two are not asked.
Answer starts_to_win(const std::vector<Step>& ladder, std::uint64_t from_bytes, std::uint64_t to_bytes);
// "The candidate is faster" or "slower", in one comparison.
Answer has_verdict(const Comparison* comparison, Verdict claimed);

// How far `interval` is above `base`: the ratio of two figures that are not paired, with the widest interval that
// theirs allow. Absent where either was not measured.
std::optional<Interval> factor(const Interval& interval, const Interval& base);
// "The factor is above the limit": no when all of it is below, not here when it reaches to both sides.
Answer is_above(const std::optional<Interval>& factor, double limit, const std::string& figure);
Answer is_below(const std::optional<Interval>& factor, double limit, const std::string& figure);

std::string words(const Interval& interval);         // "1.21 (1.18 to 1.24)"
std::string words(const Comparison& comparison);     // "1.21", "1.01 (not separable)"
std::string words(const std::vector<Step>& ladder);  // "256: 0.77, 1K: 0.98 (not separable)"
std::string words(double value);                     // three digits

}  // namespace xover
