// Words of the kernel's command line, and facts of a result.
#include "harness/measurement/lab_guest.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/measurement/system_file.h"

namespace xover {

namespace {

// QEMU's name for its own processor in software, in CPUID as a hypervisor's signature.
constexpr std::string_view software_processor = "TCGTCGTCGTCG";

// What stands behind `key` in a text of words with blanks between them.
std::optional<std::string> word_behind(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
    if (word.starts_with(key) && word.size() > key.size()) return std::string(word.substr(key.size()));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return std::nullopt;
}

}  // namespace

std::optional<LabGuest> lab_guest_of(std::string_view kernel_command_line) {
  const auto scenario = word_behind(kernel_command_line, "xover.lab_guest=");
  if (!scenario) return std::nullopt;
  return LabGuest{*scenario, word_behind(kernel_command_line, "xover.lab_guest_accel=").value_or("")};
}

std::optional<LabGuest> lab_guest() { return lab_guest_of(read_first_line("/proc/cmdline").value_or("")); }

Substrate substrate_in_lab_guest(Substrate substrate) {
  switch (substrate) {
    case Substrate::hardware: return Substrate::emulated_device;
    case Substrate::same_host_memory: return Substrate::soft_device;
    case Substrate::emulated_device:
    case Substrate::soft_device:
    case Substrate::simulated: break;
  }
  return substrate;
}

std::optional<std::string> emulator_of(const Environment& environment) {
  const auto fact = [&](const char* name) {
    const auto found = environment.facts.find(name);
    return found == environment.facts.end() ? std::string{} : found->second;
  };
  const std::string scenario = fact("lab_guest"), accelerator = fact("lab_guest_accel");
  if (!scenario.empty()) {
    return fmt::format("lab guest {}{}", scenario, accelerator.empty() ? "" : ", accelerator " + accelerator);
  }
  if (fact("hypervisor") == software_processor) return fmt::format("hypervisor {}", software_processor);
  return std::nullopt;
}

}  // namespace xover
