// Claims, as they stand behind --assert: what parses is judged without complaint, and parses again from its own text; a
// refusal names the column.
#include "harness/analysis/judge_assertions.h"
#include "tests/fuzz/fuzz_target.h"

using namespace xover;

namespace {

CellResult cell_of(std::size_t point, const char* transport, double goodput_gbps) {
  constexpr std::int64_t window_ns = 1'000'000;
  CellResult cell;
  cell.point_index = point;
  cell.variant.id = transport;
  cell.variant.link.name = "lo";
  for (std::uint32_t round = 0; round < 8; ++round) {
    RoundRecord record;
    record.round = round;
    SideReport& receiver = record.sample.receiver;
    receiver.bytes = static_cast<std::uint64_t>(goodput_gbps * (1 + 0.01 * round) * window_ns / 8);
    receiver.last_ns = window_ns;
    record.sample.sender = receiver;
    record.sample.sender.ledger.complete(Handover::zero_copied, receiver.bytes);
    cell.sender_ledger += record.sample.sender.ledger;
    cell.rounds.push_back(std::move(record));
  }
  return cell;
}

ResultDocument small_document() {
  ResultDocument document;
  for (const std::uint64_t size_bytes : {4096, 65536}) {
    PlannedPoint planned;
    planned.point.size_bytes = size_bytes;
    const std::size_t index = document.plan.points.size();
    document.cells.push_back(cell_of(index, "tcp.send", 10));
    document.cells.push_back(cell_of(index, "tcp.zerocopy", 12));
    planned.variants = {document.cells[2 * index].variant, document.cells[2 * index + 1].variant};
    document.plan.points.push_back(std::move(planned));
  }
  Crossover crossover;
  crossover.baseline = "tcp.send";
  crossover.candidate = "tcp.zerocopy";
  crossover.verdict = CrossoverVerdict::below_tested;
  crossover.sizes_tested = {4096, 65536};
  document.crossovers.push_back(std::move(crossover));
  return document;
}

void require_useful(const Error& error) {
  fuzz::require(error.code == ErrorCode::bad_input, "what is wrong with a claim is bad input");
  fuzz::require(error.message().find("column ") != std::string::npos, "a refusal names the column");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  static const ResultDocument document = small_document();
  const auto assertion = parse_assertion(fuzz::text_of(data, size_bytes));
  if (!assertion) {
    require_useful(assertion.error());
    return 0;
  }
  const auto again = parse_assertion(assertion->text);
  fuzz::require(again && again->value == assertion->value && again->comparator == assertion->comparator,
                "the text of a claim parses to the same claim");
  const auto checked = check_assertion(*assertion, document.plan);
  if (!checked) require_useful(checked.error());
  const auto judged = judge_assertions({&*assertion, 1}, document);
  fuzz::require(judged.size() == 1, "a claim has one verdict");
  if (judged[0].cases.empty()) {
    fuzz::require(judged[0].holds == Holds::undecided && !judged[0].because.empty(), "what has no case says why");
  } else if (!assertion->crossover) {
    fuzz::require(checked.has_value(), "what can be judged was not refused beforehand");
  }
  return 0;
}
