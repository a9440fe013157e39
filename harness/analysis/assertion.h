// What a user claims about a run before it begins (`--assert`), as text and as parts:
//
//   tcp.zerocopy/tcp.sendmsg goodput > 1.1 @ 64K          a ratio, of two transports in the same rounds
//   tcp.send latency_p99 < 50us @ 64, workload=pingpong   a figure
//   crossover tcp.zerocopy/tcp.sendmsg goodput < 64K      a size: where the first starts to stay ahead of the second
//   tcp.zerocopy zero_copied > 0.9                        evidence: a share of the sender's bytes, 0 to 1
//
// [crossover] TRANSPORT[/TRANSPORT] FIGURE COMPARISON VALUE [@ PLACE], with blanks between. TRANSPORT is a label, an
// id, or an id with options and link; it stands for all variants that it fits. COMPARISON is one of < <= > >=. PLACE is
// a list of sizes and AXIS=VALUE with commas between: of a place only those points count that it names, without one
// all. FIGURE is goodput (VALUE in Gbit/s), cpu (cycles per byte), latency_p50, latency_p99 (durations), and, of one
// transport alone, messages_per_second, zero_copied, kernel_by_design, kernel_after_request, driver, unverified
// (shares) and user_copied (times each byte).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger.h"
#include "core/variant.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/result.h"

namespace xover {

enum class AssertedFigure : std::uint8_t { metric, messages_per_second, handover, user_copied };
enum class Comparator : std::uint8_t { less, less_or_equal, greater, greater_or_equal };

struct AssertedTransport {
  std::string text;
  Variant variant;         // the text as parts; a label looks like an id
  std::size_t column = 0;  // from 1, in bytes

  bool fits(const Variant& planned) const;
};

struct Assertion {
  struct AxisValue {
    const Axis* axis = nullptr;
    std::string value;  // as Axis::get() prints it
    std::size_t column = 0;
  };

  std::string text;
  bool crossover = false;
  AssertedTransport subject;
  std::optional<AssertedTransport> baseline;  // of a ratio or crossover
  AssertedFigure figure = AssertedFigure::metric;
  Metric metric = Metric::goodput;
  Handover handover = Handover::zero_copied;
  Comparator comparator = Comparator::less;
  double value = 0;  // ratio, Gbit/s, cycles, microseconds, messages, share, bytes: as the figure has it
  std::vector<std::uint64_t> sizes_bytes;
  std::vector<AxisValue> axes;
  std::size_t place_column = 0;

  bool asks_for_less() const { return comparator == Comparator::less || comparator == Comparator::less_or_equal; }
  bool true_of(double found) const;
  // Whether the place names this point; `link` is the one that the cell runs on.
  bool at(const Point& point, const Link& link) const;
};

inline constexpr std::size_t longest_assertion = 1000;  // bytes

// Takes any bytes. Error: bad_input, with the column, what was expected there, and the nearest known word.
Result<Assertion> parse_assertion(std::string_view text);

// Whether the plan has what is claimed about. Error: bad_input, with the column and what the plan has instead.
Result<void> check_assertion(const Assertion& assertion, const Plan& plan);

}  // namespace xover
