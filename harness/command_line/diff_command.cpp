// Reads, compares, prints.
#include "harness/command_line/diff_command.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>

#include "harness/analysis/diff.h"
#include "harness/command_line/complaint.h"
#include "harness/experiment/bad_input.h"
#include "harness/reports/atomic_file.h"
#include "harness/reports/diff_text.h"
#include "harness/reports/read_result.h"

namespace xover {

namespace {

Result<void> check(const DiffFlags& flags) {
  if (!(flags.least_percent >= 0 && flags.least_percent <= 100))
    return bad_input("--least-difference", "out of range", "expected percent, from 0 to 100");
  if (!flags.json_file || flags.json_file == "-") return {};
  auto writable = check_file_writable(*flags.json_file);
  if (writable) return {};
  writable.error().code = ErrorCode::bad_input;
  return at("--json", std::move(writable.error()));
}

bool any_slower(const Diff& diff) {
  return std::ranges::any_of(diff.differences, [](const CellDifference& difference) {
    return difference.verdict == DiffVerdict::real && !difference.b_is_better();
  });
}

}  // namespace

int diff_command(const DiffFlags& flags) {
  if (auto checked = check(flags); !checked) return complain(checked.error());
  const auto a = read_result(flags.a);
  if (!a) return complain(a.error());
  const auto b = read_result(flags.b);
  if (!b) return complain(b.error());
  const Diff found = diff(*a, *b, flags.least_percent, !flags.as_measured);
  if (found.differences.empty())
    return complain(Error{ErrorCode::bad_input, 0, fmt::format("{}, {}", flags.a, flags.b),
                          "no cell with figures is in both", "they must have the same transports, links and axes"});
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away must not cost the file
  const DiffFiles files{flags.a, flags.b, *a, *b, flags.least_percent};
  const bool json_only = flags.json_file == "-";
  Result<void> written;
  if (json_only) {
    std::fputs(diff_json(found, files).c_str(), stdout);
  } else if (flags.json_file) {
    written = write_file_whole(*flags.json_file, diff_json(found, files));
  }
  std::FILE* const people = json_only ? stderr : stdout;
  std::fputs(diff_text(found, files, terminal_of(people)).c_str(), people);
  if (!written) return complain(written.error());
  return flags.fail_on_slower && any_slower(found) ? exit_failed : exit_done;
}

}  // namespace xover
