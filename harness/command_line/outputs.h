// Where the results of a run go: the files that were asked for, checked before anything is measured, because a run of
// an hour must not end with "no such folder".
#pragma once

#include <optional>
#include <string>

#include "core/error.h"

namespace xover {

struct ResultDocument;

struct Outputs {
  std::optional<std::string> folder;     // for all files under their usual names; made if need be
  std::optional<std::string> json_file;  // "-": standard output
  std::optional<std::string> csv_file;
  std::optional<std::string> report_file;
  bool no_report = false;

  // Makes the folder, and looks whether the files could be written. Error: bad_input.
  Result<void> check() const;
  Result<void> write(const ResultDocument& document) const;
  // The HTML report: in its file, in the folder, or where new_report_path() says. Returns its path; an empty one where
  // none is wanted: none was asked for, and nothing ran or a program reads standard output. The results do not depend
  // on it, so an error is a warning.
  Result<std::string> write_report(const ResultDocument& document) const;
  // Standard output belongs to the JSON text: everything for people goes to standard error.
  bool json_on_stdout() const { return json_file == "-"; }
};

}  // namespace xover
