// Probes, then prints.
#include "harness/command_line/list_command.h"

#include <cstdio>

#include "harness/agents/probe.h"
#include "harness/command_line/complaint.h"
#include "harness/reports/print_list.h"

namespace xover {

int list_command(bool json) {
  const Probed probed = probe_all();
  if (json) {
    std::fputs(list_json(probed).c_str(), stdout);
  } else {
    print_list(probed, stdout);
  }
  return exit_done;
}

}  // namespace xover
