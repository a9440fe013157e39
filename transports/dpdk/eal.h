// DPDK's environment (EAL): started once in a process, when the first DPDK link is opened, and never ended, because it
// cannot be started again. Whatever goes wrong on the way is an error with what DPDK said, never the end of the
// process.
#pragma once

#include <string>

#include "core/link.h"
#include "core/transport.h"

namespace xover {

// Control plane. The first call starts it: on huge pages where enough of them are free, on ordinary pages elsewhere;
// without telemetry, files and other processes; virtual addresses as I/O addresses; on the cores that the calling
// thread may run on. PCI is looked at only when `link` is pci, and then for this role's device alone; a process
// that started without cannot have it later, which is an error. The calling thread's cores stay as they were.
Result<void> start_eal(const Link& link, LinkRole role);

// "huge pages" or "ordinary pages"; empty before it was started.
std::string eal_memory();

// What DPDK printed when it started well: why it could not start the PCI device, if it could not.
std::string eal_start_messages();

// Gives the calling thread a number of its own among DPDK's threads (rte_thread_register), which it keeps until it
// ends: without one, each mbuf would be taken from and given to the pool's shared part. Once per thread is enough.
void register_with_eal() noexcept;

// What DPDK printed last, for the context of an error; at most a few lines, and forgotten by this call.
std::string take_eal_messages();

}  // namespace xover
