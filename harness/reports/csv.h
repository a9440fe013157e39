// The tidy form of a result: one line for each cell and round, every axis a column, for spreadsheets and data frames.
#pragma once

#include <string>

#include "harness/experiment/result.h"

namespace xover {

// RFC 4180: CRLF at line ends, quotes where needed. The first line has the names. A cell without rounds (skipped,
// failed) has one line whose figures are empty, so that it cannot be overlooked. Absent figures are empty fields.
std::string to_csv(const ResultDocument& document);

}  // namespace xover
