// `xover report RESULT.json`: the HTML report of a run of the past.
#pragma once

#include <optional>
#include <string>

namespace xover {

struct ReportFlags {
  std::string result_file;
  std::optional<std::string> report_file;  // "-": standard output; nothing: beside the result, ending in .html
};

// Returns the exit code: bad input when the file is no result or the report cannot be written where it is to go.
int report_command(const ReportFlags& flags);

}  // namespace xover
