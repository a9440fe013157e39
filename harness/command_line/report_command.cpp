// Reads, lays out, writes.
#include "harness/command_line/report_command.h"

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "harness/command_line/complaint.h"
#include "harness/experiment/bad_input.h"
#include "harness/reports/atomic_file.h"
#include "harness/reports/html/html_report.h"
#include "harness/reports/read_result.h"

namespace xover {

namespace {

// RESULT.json -> RESULT.html; a result called .html is not to be written over.
Result<std::string> path_of(const ReportFlags& flags) {
  if (flags.report_file) {
    if (flags.report_file->empty()) return bad_input("-o", "empty", "expected the name of a file");
    return *flags.report_file;
  }
  const std::filesystem::path beside = std::filesystem::path(flags.result_file).replace_extension(".html");
  if (beside == flags.result_file)
    return bad_input(flags.result_file, "the report would take its place", "name another file with -o");
  return beside.string();
}

}  // namespace

int report_command(const ReportFlags& flags) {
  const auto path = path_of(flags);
  if (!path) return complain(path.error());
  const auto document = read_result(flags.result_file);
  if (!document) return complain(document.error());
  if (*path != "-") {
    if (auto writable = check_file_writable(*path); !writable) {
      writable.error().code = ErrorCode::bad_input;
      return complain(writable.error());
    }
  }
  std::signal(SIGPIPE, SIG_IGN);
  const std::string page = html_report(*document);
  if (!report_has_charts()) complain(std::string("the report has no charts: ") + charts_remedy);
  if (*path == "-") return std::fputs(page.c_str(), stdout) < 0 || std::fflush(stdout) != 0 ? exit_failed : exit_done;
  if (auto written = write_file_whole(*path, page); !written) return complain(written.error());
  std::printf("Report: %s\n", path->c_str());
  return exit_done;
}

}  // namespace xover
