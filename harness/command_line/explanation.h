// What `xover explain` says: from the tables, and from a run that was just made. Nothing is said here that is neither
// in a table nor measured.
#pragma once

#include <string>

#include "core/transport.h"
#include "harness/experiment/result.h"
#include "harness/reports/terminal.h"

namespace xover {

// What it is, the way of a byte, options and links.
std::string explanation_text(const Descriptor& transport, const Terminal& terminal);

// Who copied the bytes of the document's only cell, with the counters that show it; or why there is none.
std::string proof_text(const ResultDocument& document, const Terminal& terminal);

}  // namespace xover
