// Lab guests: machines that `./dev guest` boots in an emulator. Drivers, system calls and evidence in there are real,
// speeds are not, and neither are the devices hardware.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/link.h"
#include "harness/experiment/result.h"

namespace xover {

struct LabGuest {
  std::string scenario;     // "wire"
  std::string accelerator;  // "tcg", "kvm"; empty where the kernel was not told
};

// By the words xover.lab_guest=SCENARIO and xover.lab_guest_accel=NAME of a kernel's command line.
std::optional<LabGuest> lab_guest_of(std::string_view kernel_command_line);
// Of this machine, from /proc/cmdline: it stays the same as long as the machine runs.
std::optional<LabGuest> lab_guest();

// What a link is made of once the machine is a guest: no hardware, and no memory of a host, but what an emulator makes.
Substrate substrate_in_lab_guest(Substrate substrate);

// What emulates the machine of a result, by its facts: "lab guest wire, accelerator tcg", "hypervisor
// TCGTCGTCGTCG"; nothing on any other machine, virtual ones included.
std::optional<std::string> emulator_of(const Environment& environment);

}  // namespace xover
