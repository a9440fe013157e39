// Writes made-up results and their reports for the browser to open: NAME.json and NAME.html for each, into the folder
// that the first argument names.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "harness/reports/atomic_file.h"
#include "harness/reports/html/html_report.h"
#include "harness/reports/result_json.h"
#include "tests/unit/reports_document.h"

namespace xover {
namespace {

bool write(const std::string& path, const std::string& text) {
  const auto written = write_file_whole(path, text);
  if (!written) std::fprintf(stderr, "%s\n", written.error().message().c_str());
  return written.has_value();
}

int write_all(const std::string& folder) {
  const std::vector<std::pair<std::string, ResultDocument>> documents{{"empty", {}},
                                                                      {"sample", sample_document()},
                                                                      {"large", large_document()},
                                                                      {"sweep", sweep_document()},
                                                                      {"hostile", hostile_document()}};
  for (const auto& [name, document] : documents) {
    if (!write(folder + "/" + name + ".json", to_json_text(document))) return 1;
    if (!write(folder + "/" + name + ".html", html_report(document))) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace xover

int main(int argument_count, char** arguments) {
  if (argument_count == 2) return xover::write_all(arguments[1]);
  std::fprintf(stderr, "usage: browser_pages FOLDER\n");
  return 2;
}
