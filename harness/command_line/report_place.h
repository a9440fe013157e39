// Where a run's report goes when nobody says where: among the user's state files, under a dated name, so that a run
// leaves nothing in the folder it is started in and costs no report of an earlier one (docs/decisions/0024).
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace xover {

// $XDG_STATE_HOME/xover/reports/DATE-TIME-NAME.html, or under ~/.local/state; the folder is made if need be. Error: the
// folder cannot be made, neither variable is set, or this is a lab guest, with which the file would be lost.
Result<std::string> new_report_path(std::string_view experiment);

}  // namespace xover
