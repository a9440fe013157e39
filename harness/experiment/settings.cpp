// The rows of the settings table.
#include "harness/experiment/settings.h"

#include <algorithm>
#include <array>

#include "harness/experiment/bad_input.h"
#include "harness/remote/peer_address.h"

namespace xover {

namespace {

constexpr std::int64_t millisecond_ns = 1'000'000, second_ns = 1000 * millisecond_ns, hour_ns = 3600 * second_ns;
constexpr std::int64_t most_rounds = 10'000, most_refined = 16;
constexpr std::array<std::string_view, 5> tables_of_findings{"pa02", "uvm", "ladder", "page_pinning", "sdp2006"};

template <auto member>
constexpr Setting number(FieldFacts facts) {
  return number_field<Plan, member>(facts);
}

constexpr Setting summary() {
  Setting setting{FieldFacts{.name = "summary", .kind = FieldKind::text, .help = "the question, in one line"}};
  setting.read_text = [](const Plan& plan) { return plan.summary; };
  setting.write_text = [](Plan& plan, std::string_view text) -> Result<void> {
    if (text.find('\n') != std::string_view::npos) return bad_input({}, "has several lines", "expected one");
    plan.summary = text;
    return {};
  };
  return setting;
}

constexpr Setting peer() {
  Setting setting{FieldFacts{.name = "peer",
                             .kind = FieldKind::text,
                             .help = "HOST or HOST:PORT of a `xover serve`: one end of links that leave this host"}};
  setting.read_text = [](const Plan& plan) { return plan.peer; };
  setting.write_text = [](Plan& plan, std::string_view text) -> Result<void> {
    if (auto address = parse_peer(std::string(text)); !address) {
      address.error().operation.clear();
      return tl::make_unexpected(address.error());
    }
    plan.peer = text;
    return {};
  };
  return setting;
}

constexpr Setting rounds() {
  auto setting = number<&Plan::rounds>({.name = "rounds",
                                        .kind = FieldKind::count,
                                        .least = 1,
                                        .greatest = most_rounds,
                                        .help = "rounds of each point"});
  setting.write_number = [](Plan& plan, std::int64_t number) {
    plan.rounds = plan.max_rounds = static_cast<std::uint32_t>(number);
  };
  return setting;
}

constexpr Setting findings() {
  Setting setting{
      FieldFacts{.name = "findings", .kind = FieldKind::text, .help = "claims to hold against the result afterwards"}};
  setting.read_text = [](const Plan& plan) { return plan.findings; };
  setting.write_text = [](Plan& plan, std::string_view text) -> Result<void> {
    if (std::find(tables_of_findings.begin(), tables_of_findings.end(), text) == tables_of_findings.end()) {
      return bad_input({}, in_quotes(text) + " is unknown", suggestion(text, tables_of_findings));
    }
    plan.findings = text;
    return {};
  };
  return setting;
}

constexpr std::array table{
    summary(),
    peer(),
    rounds(),
    number<&Plan::max_rounds>({.name = "max_rounds",
                               .kind = FieldKind::count,
                               .least = 1,
                               .greatest = most_rounds,
                               .help = "go on to so many rounds while intervals are wider than stop_width"}),
    number<&Plan::stop_width_percent>(
        {.name = "stop_width", .kind = FieldKind::count, .least = 1, .greatest = 100, .help = "percent of the ratio"}),
    number<&Plan::restarts>({.name = "restarts",
                             .kind = FieldKind::count,
                             .least = 1,
                             .greatest = 1000,
                             .help = "how often agents start afresh within the run, at most once a round"}),
    number<&Plan::duration_ns>({.name = "duration",
                                .kind = FieldKind::duration,
                                .least = millisecond_ns,
                                .greatest = hour_ns,
                                .help = "of the timed part of a sample"}),
    number<&Plan::warmup_ns>({.name = "warmup",
                              .kind = FieldKind::duration,
                              .least = 0,
                              .greatest = 60 * second_ns,
                              .help = "before the timed part of a sample"}),
    number<&Plan::budget_ns>({.name = "budget",
                              .kind = FieldKind::duration,
                              .least = 0,
                              .greatest = 24 * hour_ns,
                              .help = "the run ends by then: where time is short, few sizes come first, then those "
                                      "where two are close; 0s: no limit"}),
    number<&Plan::refine>({.name = "refine",
                           .kind = FieldKind::count,
                           .least = 0,
                           .greatest = most_refined,
                           .help = "sizes to add, each half-way between the two where one overtakes the other"}),
    number<&Plan::seed>({.name = "seed",
                         .kind = FieldKind::count,
                         .least = 0,
                         .greatest = INT64_MAX,
                         .help = "of the order of the transports in each round"}),
    number<&Plan::clocks_agree_within_ns>(
        {.name = "clocks_agree_within",
         .kind = FieldKind::duration,
         .least = 0,
         .greatest = second_ns,
         .help = "between two hosts: how well PTP keeps their clocks, which one-way latency needs; 0: not known"}),
    number<&Plan::gate>(
        {.name = "gate", .kind = FieldKind::boolean, .help = "take a round again when the cores were not all ours"}),
    number<&Plan::soakers>({.name = "soakers",
                            .kind = FieldKind::boolean,
                            .help = "count the CPU time of softirq and kernel threads, too"}),
    number<&Plan::kernel_symbols>({.name = "kernel_symbols",
                                   .kind = FieldKind::boolean,
                                   .help = "sample where the kernel spends the sender's time"}),
    findings(),
};

}  // namespace

std::span<const Setting> settings() { return table; }

const Setting* find_setting(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Setting& s) { return s.name == name; });
  return found == table.end() ? nullptr : &*found;
}

}  // namespace xover
