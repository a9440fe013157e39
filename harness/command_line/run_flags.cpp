// From the tables to CLI11, and from what CLI11 read to text with places.
#include "harness/command_line/run_flags.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/experiment/axes.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/presets.h"
#include "harness/experiment/settings.h"

namespace xover {

namespace {

constexpr std::string_view default_preset = "quick";
constexpr std::string_view transports_flag = "--transports";

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

// "--size,--sizes", "--congestion-control,--congestion_control": every form that files have is also a flag.
std::string flags_of(const FieldFacts& field) {
  std::string flags = flag_of(field.name);
  if (const std::string as_in_files = "--" + std::string(field.name); as_in_files != flags) flags += "," + as_in_files;
  if (!field.plural.empty()) flags += "," + flag_of(field.plural);
  return flags;
}

std::string value_name(FieldKind kind) {
  switch (kind) {
    case FieldKind::count: return "N";
    case FieldKind::size: return "SIZE";
    case FieldKind::duration: return "DURATION";
    default: return "NAME";
  }
}

std::string help_of(const FieldFacts& field, const std::string& default_value) {
  const std::string range = field.range();
  return fmt::format("{}{}{} [{}]", field.help, range.empty() ? "" : "; ", range, default_value);
}

// What a file says of itself is no flag.
bool is_flag(const Setting& setting) { return setting.kind != FieldKind::text || setting.name == "peer"; }

Result<void> append_list(const std::string& flag, const std::vector<std::string>& given, std::vector<Placed>& list) {
  for (const std::string& one : given) {
    auto parts = split_list(flag, one);
    if (!parts) return tl::make_unexpected(std::move(parts.error()));
    for (std::string& part : *parts) list.push_back({std::move(part), flag});
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> split_list(const std::string& flag, const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  for (const std::string& part : parts) {
    if (!part.empty()) continue;
    return bad_input(flag, text.empty() ? "empty" : in_quotes(text) + " has an empty element",
                     "expected values, with commas between");
  }
  return parts;
}

void RunFlags::add_to(CLI::App& run) {
  run.add_option("experiment", experiment_, "a preset or a TOML file; `quick` when neither it nor transports are given")
      ->type_name("PRESET|FILE.toml");
  run.add_option(std::string(transports_flag), transports_,
                 "as tcp.send,tcp.zerocopy or tcp.*; the first is the baseline")
      ->allow_extra_args(false)
      ->type_name("ID[OPTION=VALUE,..]@LINK=LABEL,..")
      ->group("What is compared");
  add_axes(run);
  add_settings(run);
  add_outputs(run);
  add_assertions(run);
}

void RunFlags::add_axes(CLI::App& run) {
  for (const Axis& axis : axes()) {
    run.add_option(flags_of(axis), axes_[std::string(axis.name)], help_of(axis, axis.get(Point{})))
        ->allow_extra_args(false)
        ->type_name(value_name(axis.kind) + ",..")
        ->group("Axes: each may be a list, and every combination is measured");
  }
}

void RunFlags::add_settings(CLI::App& run) {
  constexpr auto group = "How it is measured";
  const Plan defaults;
  for (const Setting& setting : settings()) {
    if (!is_flag(setting)) continue;
    const std::string name(setting.name);
    if (setting.kind == FieldKind::boolean) {
      const bool on = setting.read_number(defaults) != 0;
      run.add_flag(on ? "--no-" + flag_of(name).substr(2) : flag_of(name), switches_[name],
                   on ? fmt::format("do not {}", setting.help) : std::string(setting.help))
          ->disable_flag_override()
          ->group(group);
    } else {
      run.add_option(flags_of(setting), settings_[name], help_of(setting, setting.get(defaults)))
          ->type_name(value_name(setting.kind))
          ->group(group);
    }
  }
  run.add_option("--key-file", key_file_, "the key that --peer wants: `xover serve --new-key FILE` makes one")
      ->type_name("FILE")
      ->group(group);
}

void RunFlags::add_outputs(CLI::App& run) {
  constexpr auto group = "Results";
  run.add_option("-o,--output", outputs_.folder,
                 "a folder for result.json, rounds.csv and report.html; made if need be")
      ->type_name("DIR")
      ->group(group);
  run.add_option("--json", outputs_.json_file,
                 "everything that was found; - for standard output, and nothing else there")
      ->type_name("FILE")
      ->group(group);
  run.add_option("--csv", outputs_.csv_file, "a line for each cell and round")->type_name("FILE")->group(group);
  CLI::Option* report =
      run.add_option("--report", outputs_.report_file, "the HTML report [a dated file in ~/.local/state/xover/reports]")
          ->type_name("FILE.html")
          ->group(group);
  run.add_flag("--no-report", outputs_.no_report, "write no HTML report")
      ->disable_flag_override()
      ->excludes(report)
      ->group(group);
}

void RunFlags::add_assertions(CLI::App& run) {
  constexpr auto group = "Claims: exit code 1 when one does not hold, beyond the noise";
  run.add_option("--assert", assertions_, "as 'tcp.zerocopy/tcp.sendmsg goodput > 1.1 @ 64K'; may be given again")
      ->allow_extra_args(false)
      ->type_name("EXPRESSION")
      ->group(group);
  run.add_flag("--assert-strictly", assert_strictly_, "what the noise leaves undecided does not hold")
      ->disable_flag_override()
      ->group(group);
}

Result<std::vector<Assertion>> RunFlags::assertions(const Plan& plan) const {
  std::vector<Assertion> all;
  for (const std::string& text : assertions_) {
    auto assertion = parse_assertion(text);
    if (!assertion) return tl::make_unexpected(std::move(assertion.error()));
    if (auto checked = check_assertion(*assertion, plan); !checked)
      return tl::make_unexpected(std::move(checked.error()));
    all.push_back(std::move(*assertion));
  }
  return all;
}

void RunFlags::append_settings(PlanText& text) const {
  const Plan defaults;
  for (const Setting& setting : settings()) {
    const std::string name(setting.name), flag = flag_of(name);
    if (const auto given = switches_.find(name); given != switches_.end() && given->second) {
      text.settings.emplace_back(name, Placed{setting.read_number(defaults) != 0 ? "false" : "true", flag});
    }
    if (const auto given = settings_.find(name); given != settings_.end() && given->second.has_value()) {
      text.settings.emplace_back(name, Placed{*given->second, flag});
    }
  }
}

Result<PlanText> RunFlags::flags() const {
  PlanText text;
  append_settings(text);
  ExperimentText& experiment = text.experiments.emplace_back(ExperimentText{"command line", {}, {}});
  auto appended = append_list(std::string(transports_flag), transports_, experiment.transports);
  for (const auto& [name, given] : axes_) {
    if (appended && !given.empty()) appended = append_list(flag_of(name), given, experiment.axes[name]);
  }
  if (!appended) return tl::make_unexpected(std::move(appended.error()));
  return text;
}

Result<PlanText> RunFlags::plan_text() const {
  auto given = flags();
  if (!given) return given;
  PlanText text;
  if (!experiment_ && !given->experiments.front().transports.empty()) {
    text.name = "command line";
  } else {
    auto loaded = load_experiment(experiment_ ? std::string_view(*experiment_) : default_preset);
    if (!loaded) return loaded;
    text = std::move(*loaded);
  }
  override_with(text, *given);
  return text;
}

}  // namespace xover
