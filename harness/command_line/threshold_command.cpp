// Flags are few: what is not asked for is as in any run.
#include "harness/command_line/threshold_command.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "core/units.h"
#include "harness/agents/find_threshold.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/interrupt.h"
#include "harness/command_line/reach_peer.h"
#include "harness/command_line/run_flags.h"
#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/settings.h"
#include "harness/reports/atomic_file.h"
#include "harness/reports/progress.h"
#include "harness/reports/threshold_json.h"
#include "harness/reports/threshold_snippet.h"
#include "harness/reports/threshold_text.h"

namespace xover {

namespace {

constexpr std::array<std::string_view, 12> offered_axes{"connections", "link", "size",      "workload",
                                                        "depth",       "wait", "touch",     "memory",
                                                        "pages",       "pool", "placement", "direction"};
constexpr std::int64_t default_budget_ns = 120'000'000'000;
constexpr std::int64_t least_budget_ns = 1'000'000'000, greatest_budget_ns = 86'400'000'000'000;

Result<std::int64_t> budget_of(const std::optional<std::string>& text) {
  if (!text) return default_budget_ns;
  auto budget_ns = parse_duration_ns(*text);
  if (!budget_ns) return at("--budget", std::move(budget_ns.error()));
  if (*budget_ns < least_budget_ns || *budget_ns > greatest_budget_ns)
    return bad_input("--budget", in_quotes(*text) + " is out of range", "expected a duration from 1s to 1440m");
  return budget_ns;
}

Result<ThresholdFound> carry_out(const ThresholdFlags& flags, const ThresholdQuestion& question, const Plan& plan) {
  const InterruptGuard interrupt;
  const auto far = reach_peer(plan.peer, flags.key_file(), plan.name, interrupt);
  if (!far) return tl::make_unexpected(far.error());
  Progress progress(stderr, [&] { return interrupt.requested(); });
  return find_threshold(question, plan, progress, far->get());
}

// The first cell that did not run, when none of its variant did.
const CellResult* variant_that_never_ran(const ResultDocument& document) {
  for (const Variant& variant : document.plan.points.front().variants) {
    const CellResult* last = nullptr;
    bool ran = false;
    for (const CellResult& cell : document.cells) {
      if (cell.variant != variant) continue;
      ran |= cell.status == CellStatus::ok;
      last = &cell;
    }
    if (!ran && last != nullptr) return last;
  }
  return nullptr;
}

int complain_of(const CellResult& cell) {
  complain(fmt::format("{} cannot run here: {}{}", cell.variant.name(), cell.reason,
                       cell.remedy.empty() ? std::string{} : "; " + cell.remedy));
  return cell.status == CellStatus::failed ? exit_failed : exit_nothing_ran;
}

Result<void> write_files(const ThresholdFlags& flags, const ThresholdFound& found) {
  if (flags.snippet_file())
    if (auto written = write_file_whole(*flags.snippet_file(), threshold_snippet(found)); !written) return written;
  if (!flags.json_file()) return {};
  if (*flags.json_file() != "-") return write_file_whole(*flags.json_file(), threshold_json_text(found));
  std::fputs(threshold_json_text(found).c_str(), stdout);
  std::fflush(stdout);
  return {};
}

int exit_code(const ThresholdFound& found) {
  const auto failed = [](const ResultDocument& document) {
    return std::ranges::any_of(document.cells,
                               [](const CellResult& cell) { return cell.status == CellStatus::failed; });
  };
  return !found.complete() || failed(found.sweep) || failed(found.fresh) ? exit_failed : exit_done;
}

int tell(const ThresholdFlags& flags, const ThresholdFound& found) {
  if (const CellResult* cell = variant_that_never_ran(found.sweep); cell != nullptr && found.sweep.complete)
    return complain_of(*cell);
  std::FILE* people = flags.json_file() == "-" ? stderr : stdout;
  if (found.advice.empty()) {
    complain(found.complete() ? "no size had a round of both in the budget: raise --budget"
                              : "broken off before any size had a round of both");
    return exit_failed;
  }
  const auto written = write_files(flags, found);
  std::fputs(threshold_text(found, terminal_of(people)).c_str(), people);
  if (!flags.snippet_file()) std::fprintf(people, "\n%s", threshold_snippet(found).c_str());
  std::fflush(people);
  if (!written) return complain(written.error());
  return exit_code(found);
}

}  // namespace

void ThresholdFlags::add_to(CLI::App& command) {
  command.add_option("--copy", copy_, "the variant that copies [sdp.bcopy]")->type_name("VARIANT");
  command.add_option("--zerocopy", zerocopy_, "the variant that does not [sdp.read_zcopy]")->type_name("VARIANT");
  command.add_option("--budget", budget_, "how long it may take [120s]")->type_name("DURATION");
  command.add_option("-o,--output", snippet_file_, "the thresholds as TOML, for sdp.auto, an application, `xover run`")
      ->type_name("FILE.toml");
  command.add_option("--json", json_file_, "everything that was found; - for standard output")->type_name("FILE");
  command.add_option("--seed", seed_, "of the order of the two in each round [1]")->type_name("N");
  command.add_flag("--no-gate", no_gate_, "do not take a round again when the cores were not all ours")
      ->disable_flag_override();
  command.add_option("--peer", peer_, std::string(find_setting("peer")->help))->type_name("HOST[:PORT]");
  command.add_option("--key-file", key_file_, "the key that --peer wants: `xover serve --new-key FILE` makes one")
      ->type_name("FILE");
  command
      .add_option("--clocks-agree-within", clocks_agree_within_, std::string(find_setting("clocks_agree_within")->help))
      ->type_name("DURATION");
  for (const std::string_view name : offered_axes) {
    const Axis& axis = *find_axis(name);
    std::string names = "--" + std::string(name);
    if (!axis.plural.empty()) names += ",--" + std::string(axis.plural);
    command
        .add_option(names, axes_[std::string(name)],
                    fmt::format("{} [{}]", axis.help, name == "size" ? "1K to 4M, and between" : axis.get(Point{})))
        ->allow_extra_args(false)
        ->type_name(name == "size" || name == "connections" ? "N,.." : "VALUE")
        ->group("Where and how, as for `xover run`; sizes and connections may be lists");
  }
}

Result<ThresholdQuestion> ThresholdFlags::question() const {
  ThresholdQuestion question;
  if (copy_) question.copy.text = *copy_;
  if (zerocopy_) question.zerocopy.text = *zerocopy_;
  if (peer_) question.peer = Placed{*peer_, "--peer"};
  if (clocks_agree_within_) question.clocks_agree_within = Placed{*clocks_agree_within_, "--clocks-agree-within"};
  question.gate = !no_gate_;
  const auto budget_ns = budget_of(budget_);
  if (!budget_ns) return tl::make_unexpected(budget_ns.error());
  question.budget_ns = *budget_ns;
  if (seed_) {
    const auto seed = parse_integer(*seed_);
    if (!seed || *seed < 0) return bad_input("--seed", in_quotes(*seed_) + " is no seed", "expected a whole number");
    question.seed = static_cast<std::uint64_t>(*seed);
  }
  for (const auto& [name, given] : axes_) {
    for (const std::string& one : given) {
      auto parts = split_list("--" + name, one);
      if (!parts) return tl::make_unexpected(std::move(parts.error()));
      for (std::string& part : *parts) question.axes[name].push_back({std::move(part), "--" + name});
    }
  }
  return question;
}

int threshold_command(const ThresholdFlags& flags) {
  const auto question = flags.question();
  if (!question) return complain(question.error());
  const auto plan =
      sweep_plan(*question, static_cast<std::int64_t>(sweep_share * static_cast<double>(question->budget_ns)));
  if (!plan) return complain(plan.error());
  for (const auto& file : {flags.snippet_file(), flags.json_file()}) {
    if (!file || file == "-") continue;
    if (auto writable = check_file_writable(*file); !writable) return complain(writable.error());
  }
  std::signal(SIGPIPE, SIG_IGN);
  const auto found = carry_out(flags, *question, *plan);
  return found ? tell(flags, *found) : complain(found.error());
}

}  // namespace xover
