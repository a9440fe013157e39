// Documentation/admin-guide/pm/cpufreq.rst, intel_pstate.rst; Documentation/ABI/testing/sysfs-devices-system-cpu.
#include "harness/measurement/cpu_facts.h"

#include <fmt/ranges.h>

#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "harness/measurement/system_file.h"

namespace xover {

namespace {

std::optional<std::string> turbo(const std::string& cpus) {
  if (const auto off = read_first_line(cpus + "/intel_pstate/no_turbo")) return *off == "0" ? "on" : "off";
  if (const auto on = read_first_line(cpus + "/cpufreq/boost")) return *on == "1" ? "on" : "off";
  return std::nullopt;
}

// A policy is what CPUs that change their speed together have in common.
std::set<std::string> governors(const std::string& cpus) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(cpus + "/cpufreq", none)) {
    if (const auto name = read_first_line(entry.path() / "scaling_governor")) names.insert(*name);
  }
  return names;
}

}  // namespace

std::map<std::string, std::string> cpu_facts(const std::string& sys) {
  const std::string cpus = sys + "/devices/system/cpu";
  std::map<std::string, std::string> facts;
  if (const auto smt = read_first_line(cpus + "/smt/control")) facts["smt"] = *smt;
  if (const auto names = governors(cpus); !names.empty()) facts["governor"] = fmt::format("{}", fmt::join(names, ", "));
  if (const auto state = turbo(cpus)) facts["turbo"] = *state;
  return facts;
}

}  // namespace xover
