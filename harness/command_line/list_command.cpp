// Probes, then prints.
#include "harness/command_line/list_command.h"

#include <cstdio>

#include "harness/agents/probe.h"
#include "harness/command_line/complaint.h"
#include "harness/command_line/reach_peer.h"
#include "harness/reports/print_list.h"

namespace xover {

int list_command(const ListFlags& flags) {
  const InterruptGuard interrupt;
  const auto far = reach_peer(flags.peer, flags.key_file, "list", interrupt);
  if (!far) return complain(far.error());
  const Probed probed = probe_all(far->get());
  if (flags.json) {
    std::fputs(list_json(probed).c_str(), stdout);
  } else {
    print_list(probed, stdout);
  }
  return exit_done;
}

}  // namespace xover
