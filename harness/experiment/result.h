// What a run found: the model behind the JSON file, the CSV, the table and the sentences. It holds data, no judgement
// of its own: analysis/ fills in the aggregates and comparisons, reports/ writes them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/link.h"
#include "harness/agents/sample.h"
#include "harness/experiment/plan.h"
#include "harness/experiment/warning.h"
#include "harness/measurement/yardstick.h"

namespace xover {

struct Interval {
  double median = 0, low = 0, high = 0;  // low and high: 95 %
};

struct RoundRecord {
  std::uint32_t restart = 0;   // which start of the agents, from 0
  std::uint32_t round = 0;     // which round of the point, from 0; equal numbers pair the cells of a point
  bool accepted = true;        // the gate's word; figures of rejected rounds stay, and count nowhere
  double gate_efficiency = 1;  // the worse of before and after: 1 is cores that were all ours
  std::optional<MachineSpeed> speed;
  Sample sample;
};

enum class CellStatus : std::uint8_t { ok, skipped, failed };

struct LatencySummary {
  double p50_us = 0, p90_us = 0, p99_us = 0, p999_us = 0, max_us = 0;
  std::uint64_t count = 0;
};

struct CellResult {
  std::size_t point_index = 0;
  Variant variant;
  CellStatus status = CellStatus::ok;
  std::string reason, remedy;  // of skipped and failed
  Substrate substrate = Substrate::same_host_memory;
  std::string copies_after;                       // what the link copies after the handover
  bool has_receiver = true;                       // false: goodput is absent, handed_over_gbps stands instead
  std::map<std::string, std::string> link_facts;  // of a link that was made, as granted: "mtu_bytes", "tso", ...
  std::string form;                               // "two processes", "one process", "one thread"
  std::vector<unsigned> sender_cores, receiver_cores;
  std::vector<Warning> warnings;
  std::vector<RoundRecord> rounds;

  // Aggregates of the accepted rounds, by analysis/summarise.
  Interval goodput_gbps, handed_over_gbps, messages_per_second, cycles_per_byte;
  LatencySummary latency;
  Ledger sender_ledger, receiver_ledger;

  // Its figures are a model's, in virtual time: exact, and of no machine. Never beside others.
  bool virtual_time() const { return substrate == Substrate::simulated; }
};

enum class Metric : std::uint8_t { goodput, cpu, latency_p50, latency_p99 };
enum class Verdict : std::uint8_t { faster, slower, indistinguishable, too_few_rounds };

// The candidate against the baseline: ratio above 1 means the candidate's figure is larger. "faster" is always meant
// for the user: more goodput, or fewer cycles, or less latency.
struct Comparison {
  std::size_t point_index = 0;
  std::string baseline, candidate;  // Variant::name()
  Metric metric = Metric::goodput;
  std::uint32_t rounds = 0;                  // pairs
  Interval ratio;                            // 95 % of this one ratio
  double p_value = 1, adjusted_p_value = 1;  // adjusted by Holm over the comparisons of the run
  Verdict verdict = Verdict::too_few_rounds;
  bool virtual_time = false;  // the ratio is exact: one round is enough, and there is no p-value
};

// Where a candidate starts to pay, against the path that differs in nothing else: the smallest size from which on it
// stays ahead, all other axes being those of the point.
enum class CrossoverVerdict : std::uint8_t {
  at,             // `size_bytes` says where
  below_tested,   // ahead at every size tested
  above_tested,   // behind at every size tested
  none,           // ahead at some size, behind again at a larger one
  not_separable,  // some sizes that decide it cannot be told apart
};

// Why it crosses where it does: the candidate's cost of a message less the baseline's, in the units of CostModel, as a
// straight line over the sizes near the crossover, which is -fixed / per_byte.
struct CostDifference {
  Interval fixed;     // `median` is the estimate
  Interval per_byte;  // below 0: what each byte saves
};

// Fresh rounds at a size that the crossover chose: the rounds that chose it are not asked again whether they were
// right.
struct Confirmation {
  std::uint64_t size_bytes = 0;
  std::uint32_t rounds = 0;  // pairs
  Interval ratio;            // above 1 the candidate is ahead, whatever the metric
  bool agrees = false;       // the interval meets 0.95 to 1.05: as good as equal, as it must be at a crossover
};

struct Crossover {
  std::size_t point_index = 0;      // of the smallest size tested
  std::string baseline, candidate;  // Variant::name()
  Metric metric = Metric::goodput;
  CrossoverVerdict verdict = CrossoverVerdict::not_separable;
  Interval size_bytes;                      // 95 %; all zero unless `at`
  std::vector<std::uint64_t> sizes_tested;  // in bytes, ascending
  bool virtual_time = false;                // exact: size_bytes is between the neighbouring sizes tested, low and high
  std::optional<CostDifference> why;        // only `at`, and where a straight line fits
  std::optional<Confirmation> confirmation;
};

// t(s) = fixed + per_byte * s for messages of s bytes. Intervals are 95 %, `median` is the estimate.
struct CostLine {
  Interval fixed;  // of each message; may be below 0, where the line is not straight down to no bytes
  Interval per_byte;
};

// What a message costs a variant, over the sizes of points that differ in nothing else. By goodput: nanoseconds from
// one message to the next, all connections together; by latency: nanoseconds of a turn; by CPU: cycles of both sides.
struct CostModel {
  std::size_t point_index = 0;  // of the smallest size
  std::string variant;          // Variant::name()
  Metric metric = Metric::goodput;
  CostLine line;  // of all sizes, or of those below the knee
  // Where one line would lie: the size at which a second one takes over, as where a cache stops holding the message.
  struct Knee {
    Interval size_bytes;
    CostLine above;
  };
  std::optional<Knee> knee;
  double error_percent = 0;                 // root mean square of how far each size is from its line
  std::vector<std::uint64_t> sizes_tested;  // in bytes, ascending
  bool virtual_time = false;                // one exact figure for each size: intervals have no width
};

// Where the sender's time of a message goes, in the terms of Skevik, Plagemann, Goebel and Halvorsen, "Evaluation of a
// Zero-Copy Protocol Implementation" (2001), section 3.2: t_tot = t1 + t2, t1 spent moving the data, t2 on all else;
// R = s / t_tot (1), and R_max = s / t2 (2): the rate if the copy vanished. Time is the CPU time of the sender's
// workers, t1 its share in the kernel's copy routines.
struct CopyTime {
  std::size_t point_index = 0;
  std::string variant;                     // Variant::name()
  Interval t1_ns, t2_ns;                   // of one message
  Interval rate_gbps, greatest_rate_gbps;  // R, R_max
};

// One claim of a paper or assignment, held against this run.
struct Finding {
  std::string claim, source;  // "MT25067, question 1"
  std::string holds;          // "yes", "no", "not here"
  std::string figure;         // with the numbers
};

// A claim of the user's (`--assert`), held against this run: judge_assertions.h has the rules.
enum class Holds : std::uint8_t { yes, no, undecided };

struct AssertionCase {
  std::size_t point_index = 0;  // of a crossover: of the smallest size tested
  std::string subject;          // "tcp.zerocopy/tcp.sendmsg": by Variant::name()
  Interval figure;              // in the claim's unit: a ratio, Gbit/s, cycles, us, a share, bytes; all zero: none
  std::optional<double> p_value, adjusted_p_value;  // of "it is what is claimed to be surpassed"; none without noise
  Holds holds = Holds::undecided;
  std::string because;  // where the figure does not say it
};

struct AssertionResult {
  std::string expression;
  Holds holds = Holds::undecided;
  std::string because;  // why there is no case
  std::vector<AssertionCase> cases;
};

struct GateAccount {
  std::uint32_t rounds_taken = 0, rounds_rejected = 0;
  std::map<std::string, std::uint32_t> rejected_by_variant;       // samples thrown away with their rounds
  std::map<std::string, std::uint32_t> rounds_forced_by_variant;  // counted against the gate's word, its cap reached
};

struct Environment {
  std::map<std::string, std::string> facts;  // kernel, CPU model, cores, memory, sysctls that matter, clocks
};

// The other host of a run between two.
struct PeerHost {
  std::string address;  // as --peer has it
  Environment environment;
};

struct ResultDocument {
  Environment environment;
  std::optional<PeerHost> peer;
  Plan plan;
  bool complete = true;  // false: broken off; what was measured is here
  std::string broken_off_because;
  bool budget_spent = false;  // the plan's budget ended the run before all rounds were taken, as it is meant to
  std::vector<CellResult> cells;
  std::vector<Comparison> comparisons;
  std::vector<Crossover> crossovers;
  std::vector<CostModel> cost_models;
  std::vector<CopyTime> copy_times;  // of cells whose sender was sampled
  std::vector<Finding> findings;
  std::vector<AssertionResult> assertions;
  GateAccount gate;
  std::vector<Warning> warnings;  // of the whole run
};

}  // namespace xover
