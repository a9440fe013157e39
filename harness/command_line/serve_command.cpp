// The limits are a table of fields, as axes and settings are.
#include "harness/command_line/serve_command.h"

#include <array>
#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/command_line/complaint.h"
#include "harness/command_line/version.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/field.h"
#include "harness/remote/key_file.h"

namespace xover {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000, hour_ns = 3600 * second_ns;
constexpr std::int64_t kib = 1024, tib = kib * kib * kib * kib;

using Limit = Field<ServeOptions>;

template <auto member>
constexpr Limit limit(FieldFacts facts) {
  Limit field{facts};
  field.read_number = [](const ServeOptions& options) { return static_cast<std::int64_t>(options.limits.*member); };
  field.write_number = [](ServeOptions& options, std::int64_t number) {
    options.limits.*member = static_cast<std::remove_cvref_t<decltype(options.limits.*member)>>(number);
  };
  return field;
}

constexpr std::array table{
    number_field<ServeOptions, &ServeOptions::max_clients>(
        {.name = "--max-clients",
         .kind = FieldKind::count,
         .least = 1,
         .greatest = 256,
         .help = "that are here at the same time; one is served, the others wait"}),
    limit<&ClientLimits::max_duration_ns>({.name = "--max-duration",
                                           .kind = FieldKind::duration,
                                           .least = second_ns,
                                           .greatest = 1000 * hour_ns,
                                           .help = "of a client's turn"}),
    limit<&ClientLimits::idle_limit_ns>({.name = "--idle-limit",
                                         .kind = FieldKind::duration,
                                         .least = second_ns,
                                         .greatest = 1000 * hour_ns,
                                         .help = "a client that asks for nothing for so long loses its turn"}),
    limit<&ClientLimits::max_agents>({.name = "--max-agents",
                                      .kind = FieldKind::count,
                                      .least = 1,
                                      .greatest = 64,
                                      .help = "processes of a client at the same time"}),
    limit<&ClientLimits::max_sample_duration_ns>({.name = "--max-sample-duration",
                                                  .kind = FieldKind::duration,
                                                  .least = second_ns / 1000,
                                                  .greatest = hour_ns,
                                                  .help = "of the warm-up and of the timed part, each"}),
    limit<&ClientLimits::max_connections>(
        {.name = "--max-connections", .kind = FieldKind::count, .least = 1, .greatest = 65536, .help = "of a sample"}),
    limit<&ClientLimits::max_memory_bytes>({.name = "--max-memory",
                                            .kind = FieldKind::size,
                                            .least = 4 * kib,
                                            .greatest = 1024 * tib,
                                            .help = "of a sample's pools, and of its messages in flight"}),
    limit<&ClientLimits::max_rate_per_second>({.name = "--max-rate",
                                               .kind = FieldKind::count,
                                               .least = 1,
                                               .greatest = 1'000'000'000'000,
                                               .help = "messages a second of a paced sample, all connections "
                                                       "together"}),
};

const char* type_of(FieldKind kind) {
  return kind == FieldKind::duration ? "DURATION" : kind == FieldKind::size ? "SIZE" : "N";
}

constexpr auto examples = R"(Examples:
  xover serve                                       for programs on this host only, 127.0.0.1:7377
  xover serve --new-key xover.key                   makes a key; copy it to the other host by scp, say
  xover serve --listen 0.0.0.0 --key-file xover.key

and on the other host
  xover run nic --peer HOST --key-file xover.key

A client that holds the key may run whatever `xover run` can run here, within the limits. What the two say to each other
is protected against change, not hidden. Ctrl-C ends the server in order.

Exit codes: 0 ended by a signal, 1 it could not listen, 2 wrong usage, a key that is missing or not to be trusted.
)";

int make_key(const std::string& path) {
  if (auto made = make_key_file(path); !made) return complain(made.error());
  std::printf("%s\n",
              fmt::format("{} holds a new key. Copy it to the other host, then give it to both: `xover serve --listen "
                          "0.0.0.0 --key-file {}` here, `xover run nic --peer HOST --key-file {}` there.",
                          path, path, path)
                  .c_str());
  return exit_done;
}

}  // namespace

void ServeFlags::add_to(CLI::App& command) {
  const ServeOptions defaults;
  command
      .add_option(
          "--listen", listen_,
          fmt::format("where clients are waited for, in numbers; any other than this host's own loopback needs a "
                      "key [{}]",
                      defaults.listen))
      ->type_name("ADDRESS[:PORT]");
  CLI::Option* key_file =
      command.add_option("--key-file", key_file_, "clients must hold the same key")->type_name("FILE");
  command.add_option("--new-key", new_key_file_, "make a key in a new file, and end")
      ->type_name("FILE")
      ->excludes(key_file);
  for (const Limit& field : table) {
    command
        .add_option(std::string(field.name), limits_[std::string(field.name)],
                    fmt::format("{} [{}]", field.help, field.get(defaults)))
        ->type_name(type_of(field.kind))
        ->group("Limits");
  }
  command.footer(examples);
}

Result<ServeOptions> ServeFlags::options() const {
  ServeOptions options;
  options.program = XOVER_VERSION;
  if (listen_) options.listen = *listen_;
  options.key_file = key_file_;
  for (const Limit& field : table) {
    const auto given = limits_.find(field.name);
    if (given == limits_.end() || !given->second) continue;
    if (auto set = field.set(options, *given->second); !set) return at(field.name, std::move(set.error()));
  }
  return options;
}

int serve_command(const ServeFlags& flags) {
  if (flags.new_key_file()) return make_key(*flags.new_key_file());
  const auto served = flags.options().and_then(serve);
  if (!served) {
    complain(served.error().message());
    const bool of_the_key = served.error().operation == "read key file";
    return of_the_key || served.error().code == ErrorCode::bad_input ? exit_bad_input : exit_failed;
  }
  return exit_done;
}

}  // namespace xover
