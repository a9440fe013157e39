// Result files: JSON has everything, CSV a line for each round, the report is for people.
#include "harness/command_line/outputs.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "harness/command_line/report_place.h"
#include "harness/experiment/bad_input.h"
#include "harness/experiment/result.h"
#include "harness/reports/atomic_file.h"
#include "harness/reports/csv.h"
#include "harness/reports/html/html_report.h"
#include "harness/reports/result_json.h"

namespace xover {

namespace {

constexpr auto json_name = "result.json", csv_name = "rounds.csv", report_name = "report.html";

std::string in_folder(const std::string& folder, const char* name) { return std::filesystem::path(folder) / name; }

Result<void> check_file(const std::string& flag, const std::string& path) {
  if (path.empty()) return bad_input(flag, "empty", "expected the name of a file");
  auto writable = check_file_writable(path);
  if (writable) return {};
  Error error = std::move(writable.error());
  error.code = ErrorCode::bad_input;
  return at(flag, std::move(error));
}

Result<void> make_folder(const std::string& folder) {
  if (folder.empty()) return bad_input("-o", "empty", "expected the name of a folder");
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return bad_input("-o", "cannot make folder " + in_quotes(folder) + ": " + failure.message());
  return {};
}

Result<void> write_to_stdout(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return system_error("write the result", "standard output");
}

}  // namespace

Result<void> Outputs::check() const {
  if (folder) {
    if (auto made = make_folder(*folder); !made) return made;
    if (auto checked = check_file("-o", in_folder(*folder, json_name)); !checked) return checked;
    if (auto checked = check_file("-o", in_folder(*folder, csv_name)); !checked) return checked;
    if (auto checked = check_file("-o", in_folder(*folder, report_name)); !checked) return checked;
  }
  if (json_file && !json_on_stdout()) {
    if (auto checked = check_file("--json", *json_file); !checked) return checked;
  }
  if (report_file) {
    if (auto checked = check_file("--report", *report_file); !checked) return checked;
  }
  return csv_file ? check_file("--csv", *csv_file) : Result<void>{};
}

Result<void> Outputs::write(const ResultDocument& document) const {
  Result<void> written;
  if (json_file || folder) {
    const std::string json = to_json_text(document);
    if (json_on_stdout()) written = write_to_stdout(json);
    if (json_file && !json_on_stdout()) written = write_file_whole(*json_file, json);
    if (written && folder) written = write_file_whole(in_folder(*folder, json_name), json);
  }
  if (written && csv_file) written = write_file_whole(*csv_file, to_csv(document));
  if (written && folder) written = write_file_whole(in_folder(*folder, csv_name), to_csv(document));
  return written;
}

Result<std::string> Outputs::write_report(const ResultDocument& document) const {
  const bool asked = report_file || folder;
  const bool anything =
      std::ranges::any_of(document.cells, [](const CellResult& cell) { return cell.status == CellStatus::ok; });
  if (no_report || (!asked && (json_on_stdout() || !anything))) return std::string{};
  const Result<std::string> path = report_file ? Result<std::string>(*report_file)
                                   : folder    ? Result<std::string>(in_folder(*folder, report_name))
                                               : new_report_path(document.plan.name);
  if (!path) return path;
  return write_file_whole(*path, html_report(document)).map([&] { return *path; });
}

}  // namespace xover
