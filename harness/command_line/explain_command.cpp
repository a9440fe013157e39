// The explanation first, so that a person can read while the proof is measured.
#include "harness/command_line/explain_command.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "core/transport.h"
#include "harness/agents/run_experiment.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/explanation.h"
#include "harness/command_line/interrupt.h"
#include "harness/command_line/run_command.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/feasible.h"
#include "harness/experiment/plan_from.h"
#include "harness/experiment/variants_at.h"
#include "harness/reports/terminal.h"

namespace xover {

namespace {

constexpr std::uint64_t proof_size_bytes = 64 << 10;
constexpr std::string_view place = "explain";
constexpr std::pair<std::string_view, std::string_view> proof_settings[] = {
    {"rounds", "3"},    {"restarts", "1"}, {"duration", "100ms"},
    {"warmup", "20ms"}, {"gate", "false"}, {"soakers", "false"},
};

// A proof takes half a second: no bar for that, but trouble is told.
class QuietObserver : public RunObserver {
 public:
  void progress(const RunProgress&) override {}
  void note(const std::string& line) override { std::fprintf(stderr, "%s\n", line.c_str()); }
  bool stop_requested() override { return interrupt_.requested(); }

 private:
  InterruptGuard interrupt_;
};

Result<const Descriptor*> find(const std::string& transport) {
  const auto variant = parse_variant(transport);
  if (!variant) return at(place, variant.error());
  const std::vector<Placed> id{{variant->id, std::string(place)}};
  const Descriptor* row = find_transport(variant->id);
  if (row == nullptr) return tl::make_unexpected(parse_variants(id).error());
  return row;
}

Result<Plan> proof_plan(const std::string& transport) {
  const Variant variant = parse_variant(transport).value();
  const std::string where(place);
  PlanText text;
  text.name = where;
  for (const auto& [name, value] : proof_settings) text.settings.emplace_back(name, Placed{std::string(value), where});
  ExperimentText& experiment = text.experiments.emplace_back(ExperimentText{where, {{transport, where}}, {}});
  experiment.axes["size"] = {{std::to_string(std::min(proof_size_bytes, largest_message_bytes(variant))), where}};
  // Who copied is the same whether or not anybody looks at the bytes, and some receivers show none. Frames past the
  // kernel are read all the same, and polled for, as they are wherever they are measured.
  const bool past_the_kernel = find_transport(variant.id)->path == Path::bypass;
  experiment.axes["touch"] = {{past_the_kernel ? "read" : "none", where}};
  if (past_the_kernel) experiment.axes["wait"] = {{"spin", where}};
  return make_plan(text);
}

}  // namespace

int explain_command(const std::string& transport) {
  const auto row = find(transport);
  if (!row) return complain(row.error());
  const Terminal terminal = terminal_of(stdout);
  const auto plan = proof_plan(transport);
  if (!plan) return complain(plan.error());
  std::fputs(explanation_text(**row, terminal).c_str(), stdout);
  std::fflush(stdout);

  QuietObserver observer;
  const ResultDocument document = run_experiment(*plan, observer);
  std::fputs(proof_text(document, terminal).c_str(), stdout);
  return exit_code_of(document);
}

}  // namespace xover
