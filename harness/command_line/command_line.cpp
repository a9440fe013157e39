// Commands, their help, and what is said about arguments that fit none of them.
#include "harness/command_line/command_line.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "harness/agents/agent_main.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/diff_command.h"
#include "harness/command_line/explain_command.h"
#include "harness/command_line/list_command.h"
#include "harness/command_line/report_command.h"
#include "harness/command_line/run_command.h"
#include "harness/command_line/serve_command.h"
#include "harness/command_line/threshold_command.h"
#include "harness/command_line/version.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/presets.h"
#include "harness/server/client_host.h"

namespace xover {

namespace {

constexpr auto main_help = R"(Examples:
  xover run                              the preset `quick`, about a minute
  xover run --transports tcp.send,tcp.zerocopy --sizes 4K,64K,1M
  xover threshold --connections 1,2,4    from which message size on sdp.auto should not copy
  xover explain tcp.zerocopy             who copies a byte, with a measured proof
  xover diff before.json after.json      what changed between two runs, and whether it is real
  xover report result.json               the HTML report of a run of the past, to result.html
  xover list                             what can run here, and what would make the rest run
  xover serve                            this host as the far side of a run on another one

Exit codes: 0 done, 1 a cell failed or an assertion does not hold, 2 wrong usage or configuration, 3 nothing could run
here.
)";

constexpr auto run_examples = R"(Examples:
  xover run quick --budget 20s
  xover run pa02 --rounds 6 --duration 300ms --json pa02.json
  xover run --transports 'tcp.*' --sizes 4K,64K --connections 1,2 --congestion-control cubic
  xover run --transports tcp.send@lo=a,tcp.send@lo=b --placement same_core    the same against itself: how noisy is it?
  xover run --transports udp.send --sizes 1K --json -
  xover run --transports tcp.sendmsg,tcp.zerocopy --sizes 64K --assert 'tcp.zerocopy/tcp.sendmsg goodput > 1.1'
  xover run --transports tcp.send --workload pingpong --sizes 64 --assert 'tcp.send latency_p99 < 50us @ 64'
)";

constexpr auto diff_examples = R"(Examples:
  xover run pa02 --restarts 6 --rounds 12 --json before.json      and again after the change, to after.json
  xover diff before.json after.json
  xover diff before.json after.json --fail-on-slower --json diff.json

A change is real when it is greater than the least difference beyond what restarts of the same thing differ by,
corrected for the number of figures. Exit code 0, too, when something changed; 1 with --fail-on-slower when
something is slower for real; 2 when a file is no result, or nothing in them matches.
)";

constexpr auto threshold_examples = R"(Examples:
  xover threshold --connections 1,2,4 --budget 120s -o thresholds.toml
  xover run thresholds.toml                                           sdp.auto with them against both
  xover threshold --copy tcp.sendmsg --zerocopy tcp.zerocopy --depth 8
  xover threshold --memory foreign --json -
  xover threshold --peer 192.0.2.2 --key-file xover.key               between this host and another's xover serve

Most of the budget sweeps over the sizes, coarsely first and then round the crossing; a fifth shows what moves it
(nothing registered, a late receiver, memory of the application's own); the rest is fresh rounds at what was found.
)";

// Everything that parsing fills in.
struct Arguments {
  RunFlags run;
  DiffFlags diff;
  ReportFlags report;
  ThresholdFlags threshold;
  ServeFlags serve;
  ListFlags list;
  std::string explained;
  int control_fd = -1, line_fd = -1, client_fd = -1;
};

std::string run_help() {
  std::string text = "Presets:";
  for (const Preset& preset : presets()) text += " " + std::string(preset.name);
  return text + "\n\n" + run_examples;
}

void add_diff_flags(CLI::App& diff, DiffFlags& flags) {
  diff.add_option("A", flags.a, "a result, from before")->required()->type_name("A.json");
  diff.add_option("B", flags.b, "a result, from after")->required()->type_name("B.json");
  diff.add_option("--json", flags.json_file, "for programs; - for standard output, and nothing else there")
      ->type_name("FILE");
  diff.add_option("--least-difference", flags.least_percent, "no smaller change is called real")
      ->type_name("PERCENT")
      ->capture_default_str();
  diff.add_flag("--as-measured", flags.as_measured, "do not correct for how fast the machine was in each run")
      ->disable_flag_override();
  diff.add_flag("--fail-on-slower", flags.fail_on_slower, "exit code 1 when something is slower for real")
      ->disable_flag_override();
  diff.footer(diff_examples);
}

void describe(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(0, 1);
  app.allow_extras();
  app.set_version_flag("--version", "xover " XOVER_VERSION);
  app.footer(main_help);

  CLI::App* run = app.add_subcommand("run", "measure and compare transports");
  arguments.run.add_to(*run);
  run->footer(run_help());

  CLI::App* threshold = app.add_subcommand("threshold", "from which message size on not to copy, with an interval");
  arguments.threshold.add_to(*threshold);
  threshold->footer(threshold_examples);

  CLI::App* list = app.add_subcommand("list", "every transport and link: usable here or not, why, and what would help");
  list->add_flag("--json", arguments.list.json, "for programs")->disable_flag_override();
  list->add_option("--peer", arguments.list.peer, "also ask the `xover serve` there, of links that lead to it")
      ->type_name("HOST[:PORT]");
  list->add_option("--key-file", arguments.list.key_file, "the key that it wants")->type_name("FILE");

  CLI::App* diff = app.add_subcommand("diff", "what changed between two runs, and whether it is real");
  add_diff_flags(*diff, arguments.diff);

  CLI::App* report = app.add_subcommand("report", "the HTML report of a result: one file that opens offline");
  report->add_option("RESULT", arguments.report.result_file, "as `xover run --json` writes it")
      ->required()
      ->type_name("RESULT.json");
  report->add_option("-o,--output", arguments.report.report_file, "- for standard output [RESULT.html]")
      ->type_name("FILE.html");

  CLI::App* explain = app.add_subcommand("explain", "the way of a byte, who copies it, and a short measured proof");
  explain->add_option("transport", arguments.explained, "as in `xover list`")->required()->type_name("TRANSPORT");

  CLI::App* serve = app.add_subcommand("serve", "this host as the far side of runs on another one");
  arguments.serve.add_to(*serve);

  CLI::App* agent = app.add_subcommand("agent", "")->group("");
  agent->add_option("--control-fd", arguments.control_fd)->required();
  CLI::App* client_host = app.add_subcommand("client-host", "")->group("");
  client_host->add_option("--line-fd", arguments.line_fd)->required();
  client_host->add_option("--client-fd", arguments.client_fd)->required();
  for (CLI::App* command : app.get_subcommands({})) command->allow_extras();
}

// Flags of the command as a person writes them.
std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string nearest(std::string_view wrong, const std::vector<std::string>& known) {
  return suggestion(wrong, std::vector<std::string_view>(known.begin(), known.end()));
}

Result<void> check_command(const CLI::App& app) {
  const auto commands = app.get_subcommands();
  const auto strangers = app.remaining(false);
  if (!strangers.empty()) {
    if (strangers.front().starts_with('-')) {
      return bad_input("unknown flag " + in_quotes(strangers.front()) + " before the command", {},
                       "flags go behind it");
    }
    return bad_input("unknown command " + in_quotes(strangers.front()), {},
                     nearest(strangers.front(), {"run", "threshold", "report", "diff", "list", "explain", "serve"}));
  }
  if (commands.empty()) return bad_input("no command", {}, "try `xover run` or `xover --help`");
  const CLI::App& command = *commands.front();
  const auto extras = command.remaining(false);
  if (extras.empty()) return {};
  const std::string name = extras.front().substr(0, extras.front().find('='));
  if (!name.starts_with('-')) return bad_input(command.get_name(), "unexpected argument " + in_quotes(extras.front()));
  return bad_input(command.get_name(), "unknown flag " + in_quotes(name), nearest(name, flags_of(command)));
}

int dispatch(const CLI::App& app, const Arguments& arguments) {
  if (auto checked = check_command(app); !checked) return complain(checked.error());
  const std::string command = app.get_subcommands().front()->get_name();
  if (command == "agent") return agent_main(arguments.control_fd);
  if (command == "client-host") return client_host_main(arguments.line_fd, arguments.client_fd);
  if (command == "serve") return serve_command(arguments.serve);
  if (command == "list") return list_command(arguments.list);
  if (command == "report") return report_command(arguments.report);
  if (command == "diff") return diff_command(arguments.diff);
  if (command == "threshold") return threshold_command(arguments.threshold);
  if (command == "explain") return explain_command(arguments.explained);
  return run_command(arguments.run);
}

int parse_and_dispatch(int argument_count, char** argument_values) {
  CLI::App app{"xover finds where zero-copy and kernel bypass start to pay.", "xover"};
  Arguments arguments;
  describe(app, arguments);
  try {
    app.parse(argument_count, argument_values);
  } catch (const CLI::Success& help_or_version) {
    return app.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    // A misspelt flag is the cause more often than its consequence, which is what the library names.
    if (auto checked = check_command(app); !checked && !app.get_subcommands().empty()) return complain(checked.error());
    complain(error.what());
    return exit_bad_input;
  }
  return dispatch(app, arguments);
}

}  // namespace

int command_line(int argument_count, char** arguments) {
  try {
    return parse_and_dispatch(argument_count, arguments);
  } catch (const std::exception& error) {
    complain(std::string("unexpected: ") + error.what());
    return exit_failed;
  }
}

}  // namespace xover
