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
#include "harness/command_line/explain_command.h"
#include "harness/command_line/list_command.h"
#include "harness/command_line/run_command.h"
#include "harness/command_line/version.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/presets.h"

namespace xover {

namespace {

constexpr auto main_help = R"(Examples:
  xover run                              the preset `quick`, about a minute
  xover run --transports tcp.send,tcp.zerocopy --sizes 4K,64K,1M
  xover explain tcp.zerocopy             who copies a byte, with a measured proof
  xover list                             what can run here, and what would make the rest run

Exit codes: 0 done, 1 a cell failed, 2 wrong usage or configuration, 3 nothing could run here.
)";

constexpr auto run_examples = R"(Examples:
  xover run quick --budget 20s
  xover run pa02 --rounds 6 --duration 300ms --json pa02.json
  xover run --transports 'tcp.*' --sizes 4K,64K --connections 1,2 --congestion-control cubic
  xover run --transports tcp.send@lo=a,tcp.send@lo=b --placement same_core    the same against itself: how noisy is it?
  xover run --transports udp.send --sizes 1K --json -
)";

// Everything that parsing fills in.
struct Arguments {
  RunFlags run;
  bool list_json = false;
  std::string explained;
  int control_fd = -1;
};

std::string run_help() {
  std::string text = "Presets:";
  for (const Preset& preset : presets()) text += " " + std::string(preset.name);
  return text + "\n\n" + run_examples;
}

void describe(CLI::App& app, Arguments& arguments) {
  app.require_subcommand(0, 1);
  app.allow_extras();
  app.set_version_flag("--version", "xover " XOVER_VERSION);
  app.footer(main_help);

  CLI::App* run = app.add_subcommand("run", "measure and compare transports");
  arguments.run.add_to(*run);
  run->footer(run_help());

  CLI::App* list = app.add_subcommand("list", "every transport and link: usable here or not, why, and what would help");
  list->add_flag("--json", arguments.list_json, "for programs")->disable_flag_override();

  CLI::App* explain = app.add_subcommand("explain", "the way of a byte, who copies it, and a short measured proof");
  explain->add_option("transport", arguments.explained, "as in `xover list`")->required()->type_name("TRANSPORT");

  CLI::App* agent = app.add_subcommand("agent", "")->group("");
  agent->add_option("--control-fd", arguments.control_fd)->required();
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
                     nearest(strangers.front(), {"run", "list", "explain"}));
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
  if (command == "list") return list_command(arguments.list_json);
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
