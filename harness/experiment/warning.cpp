// What each warning is called, and what its reader should do.
#include "harness/experiment/warning.h"

namespace xover {

std::string_view to_string(WarningKind kind) {
  switch (kind) {
    case WarningKind::oversubscribed: return "oversubscribed";
    case WarningKind::noisy: return "noisy";
    case WarningKind::cores_not_ours: return "cores_not_ours";
    case WarningKind::gate_biased: return "gate_biased";
    case WarningKind::short_samples: return "short_samples";
    case WarningKind::memlock_low: return "memlock_low";
    case WarningKind::optmem_low: return "optmem_low";
    case WarningKind::bbr_without_fq: return "bbr_without_fq";
    case WarningKind::copied_after_request: return "copied_after_request";
    case WarningKind::delayed_ack: return "delayed_ack";
    case WarningKind::losses: return "losses";
    case WarningKind::reference_cycles: return "reference_cycles";
    case WarningKind::unpinned: return "unpinned";
    case WarningKind::emulated_speeds: return "emulated_speeds";
    case WarningKind::link_saturated: return "link_saturated";
    case WarningKind::network_interfered: return "network_interfered";
  }
  return "unknown";
}

std::string_view advice(WarningKind kind) {
  switch (kind) {
    case WarningKind::oversubscribed:
      return "There are more workers than cores, so figures include waiting for a core: lower connections, or read "
             "only what compares transports under the same load.";
    case WarningKind::noisy:
      return "The interval is wide: raise --rounds or --duration, quieten the machine, or use --placement same_core.";
    case WarningKind::cores_not_ours:
      return "Other work took the cores in so many rounds that some were kept all the same: stop it, or run again "
             "when the machine is idle.";
    case WarningKind::gate_biased:
      return "Rounds that the gate rejected differ from those it accepted, so the accepted ones may favour a "
             "transport: compare both in the JSON file before trusting the ratio.";
    case WarningKind::short_samples:
      return "Too few messages fit into a sample for its figures to mean much: raise --duration.";
    case WarningKind::memlock_low:
      return "Zero-copy sends stalled on the limit of locked memory: raise it (ulimit -l) or give CAP_IPC_LOCK.";
    case WarningKind::optmem_low:
      return "Zero-copy sends stalled on option memory for notifications: raise the sysctl net.core.optmem_max.";
    case WarningKind::bbr_without_fq:
      return "BBR paces a path that has no fq queue to a fraction of its speed: use --congestion-control cubic.";
    case WarningKind::copied_after_request:
      return "Zero-copy was asked for and the kernel copied every byte after all, as it does when the receiver is on "
             "the same host: this row shows what asking costs, not what zero-copy gains.";
    case WarningKind::delayed_ack:
      return "With less than a segment in flight, Nagle's algorithm waits for the receiver's acknowledgement, which "
             "TCP delays by 40 ms: this row measures that wait. Raise depth or size, or set the option nodelay=on.";
    case WarningKind::losses:
      return "Datagrams were lost: goodput counts only what arrived; lower the load or raise net.core.rmem_max.";
    case WarningKind::reference_cycles:
      return "There is no hardware counter here: cycles are CPU time multiplied by the rate of the time stamp "
             "counter, fit for ratios, not for comparison with measured cycles.";
    case WarningKind::unpinned:
      return "Workers could not be tied to cores, so the scheduler moved them as it liked: allow sched_setaffinity.";
    case WarningKind::emulated_speeds:
      return "This machine is emulated: drivers, system calls and evidence are real, speeds are those of the "
             "emulator. No figure, ratio or crossover here says anything about hardware.";
    case WarningKind::link_saturated:
      return "The link was full: goodput is what the line carries, whatever the transport. Compare CPU per byte, or "
             "take a faster link.";
    case WarningKind::network_interfered:
      return "The network or a host's card lost packets or held them back, so a difference to other rows may be luck: "
             "see to cable, switch and rings first. These figures are the hosts', other programs' traffic included.";
  }
  return "";
}

}  // namespace xover
