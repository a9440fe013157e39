// The terminal table: one row for each cell, grouped by point. What varies stands in columns, what does not is said
// once above. Rows that must not be ranked together (another workload, another substrate, no receiver) get a table
// of their own.
#pragma once

#include <string>

#include "harness/experiment/result.h"
#include "harness/reports/terminal.h"

namespace xover {

// All tables of the document, each with its heading and the meaning of its marks. At 100 columns nothing breaks;
// narrower terminals lose the least important columns first.
std::string table_text(const ResultDocument& document, const Terminal& terminal);

}  // namespace xover
