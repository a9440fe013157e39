// What `xover list` shows: every transport and link, usable here or not, why, and what would make it usable.
#pragma once

#include <cstdio>
#include <string>

#include "harness/agents/probe.h"
#include "harness/reports/terminal.h"

namespace xover {

void print_list(const Probed& probed, std::FILE* stream);
std::string list_text(const Probed& probed, const Terminal& terminal);

// {"transports": [{id, status, cause, remedy, family, path, summary, links, options}], "links": [{name, status, ...}]}.
// A transport is as usable as the best of its links; each link's own answer stands in `links`. Ends with a line break.
std::string list_json(const Probed& probed);

}  // namespace xover
