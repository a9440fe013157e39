// The claims of Goldenberg, Kagan, Ravid and Tsirkin, "Transparently Achieving Superior Socket Performance Using Zero
// Copy Socket Direct Protocol over 20Gb/s InfiniBand Links", held against a simulation with the paper's constants.
// Times are virtual throughout, and the figures say so: they show what the protocol makes of those constants, and
// nothing about this machine.
//
// The closed form beside the paper's crossovers: with n connections Read ZCopy moves n s / (T + s / W) as long as that
// is below the link's W, and BCopy C whatever n is, so they meet at s = T C / (n - C / W). T, what a message costs
// beside its bytes, is the one constant that the paper does not give; it follows from its crossover at 128K. The
// model's wake_ns was chosen by that figure as well, so with one connection a run shows what was put in. The crossovers
// of more connections follow from the same costs, and are what a run has to say.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/analysis/evidence.h"
#include "harness/analysis/findings.h"

namespace xover {
namespace {

constexpr std::string_view by_copy = "sdp.bcopy", by_read = "sdp.read_zcopy";
constexpr double copy_bound_mbps = 630, link_mbps = 1400, message_cost_us = 114;
constexpr double zcopy_claimed_mbps = 1360;
constexpr double grid_step = 2;    // the paper's sizes, and a claim about one is true to the next
constexpr double tolerance = 0.1;  // of a bandwidth read off a figure
constexpr std::string_view put_in = "set by the model's costs, of which wake_ns was chosen for this";
constexpr std::string_view follows = "follows from the same costs";

struct Sdp2006 : Evidence {
  explicit Sdp2006(const ResultDocument& the_document) : Evidence(the_document), document(the_document) {}

  const ResultDocument& document;
};

constexpr double closed_form_bytes(double connections) {
  return message_cost_us * copy_bound_mbps / (connections - copy_bound_mbps / link_mbps);
}

std::string kilobytes(double size_bytes) { return words(size_bytes / 1024) + "K"; }

const Crossover* crossover_at(const Sdp2006& run, std::uint32_t connections) {
  const auto found = std::ranges::find_if(run.document.crossovers, [&](const Crossover& crossover) {
    return run.document.plan.points[crossover.point_index].point.connections == connections && crossover.virtual_time &&
           crossover.metric == Metric::goodput && crossover.baseline.starts_with(by_copy) &&
           crossover.candidate.starts_with(by_read);
  });
  return found == run.document.crossovers.end() ? nullptr : &*found;
}

// `claimed_bytes`: the paper's, on its grid of powers of two.
Answer crosses(const Sdp2006& run, std::uint32_t connections, double claimed_bytes, std::string_view origin) {
  const Crossover* found = crossover_at(run, connections);
  if (found == nullptr) return not_here(fmt::format("no crossover of {} over {} in this run", by_read, by_copy));
  const std::string beside = fmt::format("the paper {}, the closed form {}; {}", kilobytes(claimed_bytes),
                                         kilobytes(closed_form_bytes(connections)), origin);
  switch (found->verdict) {
    case CrossoverVerdict::at: break;
    case CrossoverVerdict::below_tested:
      return {found->sizes_tested.front() <= claimed_bytes / grid_step ? "no" : "not here",
              fmt::format("virtual time: ahead from the smallest size on, {}; {}",
                          format_size(found->sizes_tested.front()), beside)};
    default: return yes_if(false, fmt::format("virtual time: never ahead for good; {}", beside));
  }
  const double here = found->size_bytes.median;
  return yes_if(here >= claimed_bytes / grid_step && here <= claimed_bytes * grid_step,
                fmt::format("virtual time: {}, between the sizes {} and {}; {}", kilobytes(here),
                            format_size(static_cast<std::uint64_t>(found->size_bytes.low)),
                            format_size(static_cast<std::uint64_t>(found->size_bytes.high)), beside));
}

Answer crosses_with_one(const Sdp2006& run) { return crosses(run, 1, 128 << 10, put_in); }
Answer crosses_with_two(const Sdp2006& run) { return crosses(run, 2, 32 << 10, follows); }
Answer crosses_with_four(const Sdp2006& run) { return crosses(run, 4, 16 << 10, follows); }

// The paper has no size for it: "below 16KB, running just a handful of connections".
Answer crosses_with_eight(const Sdp2006& run) {
  const Crossover* found = crossover_at(run, 8);
  if (found == nullptr) return not_here("8 connections are not in this run");
  const std::string closed_form = fmt::format("the closed form {}; {}", kilobytes(closed_form_bytes(8)), follows);
  if (found->verdict == CrossoverVerdict::below_tested)
    return yes_if(found->sizes_tested.front() < 16 << 10,
                  fmt::format("virtual time: ahead from {} on, the smallest size; {}",
                              format_size(found->sizes_tested.front()), closed_form));
  if (found->verdict != CrossoverVerdict::at)
    return yes_if(false, fmt::format("virtual time: never ahead for good; {}", closed_form));
  return yes_if(found->size_bytes.median < 16 << 10,
                fmt::format("virtual time: {}; {}", kilobytes(found->size_bytes.median), closed_form));
}

// The greatest goodput at any size, in 10^6 bytes per second.
std::optional<double> peak_mbps(const Sdp2006& run, std::string_view transport, std::uint32_t connections) {
  double peak = 0;
  for (const std::uint64_t size_bytes : run.sizes()) {
    const CellResult* cell = run.cell(transport, {size_bytes, connections, 0});
    if (cell != nullptr && cell->virtual_time()) peak = std::max(peak, cell->goodput_gbps.median * 1000 / 8);
  }
  return peak > 0 ? std::optional(peak) : std::nullopt;
}

bool near(double figure, double claimed) {
  return figure >= claimed * (1 - tolerance) && figure <= claimed * (1 + tolerance);
}

Answer doubles_with_eight(const Sdp2006& run) {
  const auto copied = peak_mbps(run, by_copy, 8), read = peak_mbps(run, by_read, 8);
  if (!copied || !read) return not_here("8 connections are not in this run");
  constexpr double claimed = zcopy_claimed_mbps / copy_bound_mbps;
  return yes_if(near(*read / *copied, claimed),
                fmt::format("virtual time: {} times, {} over {} MB/s at most; the paper {} times, {} over {}",
                            words(*read / *copied), words(*read), words(*copied), words(claimed), zcopy_claimed_mbps,
                            copy_bound_mbps));
}

Answer one_connection_comes_near_the_link(const Sdp2006& run) {
  constexpr double claimed = 1100;
  const auto read = peak_mbps(run, by_read, 1);
  if (!read) return not_here("1 connection is not in this run");
  return yes_if(near(*read, claimed),
                fmt::format("virtual time: {} MB/s at most; the paper {}", words(*read), claimed));
}

// CPU time of both hosts for each byte received, in ns.
std::optional<double> cpu_ns_per_byte(const CellResult* cell) {
  if (cell == nullptr) return std::nullopt;
  double busy_ns = 0, bytes = 0;
  for (const RoundRecord& round : cell->rounds) {
    for (const SideReport* side : {&round.sample.sender, &round.sample.receiver}) {
      const auto found = side->counters.find("model_cpu_ns");
      if (found == side->counters.end()) return std::nullopt;
      busy_ns += static_cast<double>(found->second);
    }
    bytes += static_cast<double>(round.sample.receiver.bytes);
  }
  if (bytes == 0 || busy_ns == 0) return std::nullopt;
  return busy_ns / bytes;
}

Answer cpu_falls_tenfold(const Sdp2006& run) {
  const Place place{run.sizes().back(), 8, 0};
  const auto copied = cpu_ns_per_byte(run.cell(by_copy, place)), read = cpu_ns_per_byte(run.cell(by_read, place));
  if (!copied || !read) return not_here("no CPU time of 8 connections in this run");
  const double times = *copied / *read;
  return yes_if(times >= 10 * (1 - tolerance),
                fmt::format("virtual time: {} times less for each byte at {}, {} against {} ns", words(times),
                            format_size(place.size_bytes), words(*read), words(*copied)));
}

struct Claim {
  const char* text;
  const char* source;
  Answer (*answer)(const Sdp2006&);
};

constexpr Claim claims[] = {
    {"with 1 connection Read ZCopy overtakes BCopy at 128 KB", "figure 5", crosses_with_one},
    {"with 2 connections at 32 KB", "figure 6", crosses_with_two},
    {"with 4 connections at 16 KB", "section 4.2", crosses_with_four},
    {"with more it falls below 16 KB (here: 8)", "section 5", crosses_with_eight},
    {"8 connections: 1360 MB/s by Read ZCopy, 630 by BCopy", "figure 7", doubles_with_eight},
    {"1 connection: up to 1100 MB/s by Read ZCopy", "figure 5", one_connection_comes_near_the_link},
    {"8 connections: a tenth of the CPU for each byte", "figure 7", cpu_falls_tenfold},
};

}  // namespace

std::vector<Finding> sdp2006_findings(const ResultDocument& document) {
  std::vector<Finding> findings;
  if (document.plan.points.empty()) return findings;
  const Sdp2006 run(document);
  for (const Claim& claim : claims) {
    Answer answer = claim.answer(run);
    findings.push_back(
        {claim.text, std::string("Goldenberg et al., ") + claim.source, answer.holds, std::move(answer.figure)});
  }
  return findings;
}

}  // namespace xover
