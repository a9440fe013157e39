// Collecting the facts, each from the file or call that knows it best.
#include "harness/measurement/environment.h"

#include <fmt/ranges.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/clock.h"
#include "harness/measurement/cpu_facts.h"
#include "harness/measurement/hardware_counters.h"
#include "harness/measurement/lab_guest.h"
#include "harness/measurement/system_file.h"
#include "harness/placement/topology.h"

namespace xover {

namespace {

using Facts = std::map<std::string, std::string>;

void add(Facts& facts, const std::string& name, const std::optional<std::string>& value) {
  if (value && !value->empty()) facts[name] = *value;
}

void add_system(Facts& facts) {
  utsname system{};
  if (uname(&system) == 0) {
    facts["kernel"] = fmt::format("{} {}", system.sysname, system.release);
    facts["architecture"] = system.machine;
  }
  add(facts, "distribution", read_field("/etc/os-release", "PRETTY_NAME"));
  add(facts, "memory", read_field("/proc/meminfo", "MemTotal"));
  if (const auto guest = lab_guest()) {
    facts["lab_guest"] = guest->scenario;
    add(facts, "lab_guest_accel", guest->accelerator);
  }
}

// The hypervisor's signature in CPUID; other architectures tell through the device tree or not at all.
std::optional<std::string> hypervisor() {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned running_on_one = 1U << 31;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & running_on_one) == 0) return "none";
  std::array<unsigned, 3> signature{};
  __cpuid(0x40000000, a, signature[0], signature[1], signature[2]);
  std::array<char, sizeof signature + 1> text{};
  std::memcpy(text.data(), signature.data(), sizeof signature);
  return text[0] == 0 ? "unnamed" : text.data();
#else
  return read_first_line("/sys/hypervisor/type");
#endif
}

unsigned allowed_cpus() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 0;
}

void add_processor(Facts& facts) {
  add(facts, "cpu_model", read_field("/proc/cpuinfo", "model name"));
  facts["cpus_online"] = fmt::format("{}", sysconf(_SC_NPROCESSORS_ONLN));
  if (const unsigned allowed = allowed_cpus(); allowed > 0) facts["cpus_allowed"] = fmt::format("{}", allowed);
  if (const auto topology = Topology::of_this_machine()) facts["topology"] = topology->summary();
  add(facts, "hypervisor", hypervisor());
  facts.merge(cpu_facts());
  const auto counters = HardwareCounters::open();
  facts["pmu"] = counters ? "available" : "unavailable: " + counters.error().message();
}

void add_clocks(Facts& facts) {
  facts["tick_source"] = tick_source();
  facts["tick_rate_ghz"] = fmt::format("{:.3f}", ticks_per_second() * 1e-9);
  add(facts, "clocksource", read_first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
}

// Named as sysctl names them.
void add_sysctls(Facts& facts) {
  constexpr std::array names{"net.ipv4.tcp_congestion_control",
                             "net.core.default_qdisc",
                             "net.core.optmem_max",
                             "net.core.rmem_max",
                             "net.core.wmem_max",
                             "net.ipv4.tcp_rmem",
                             "net.ipv4.tcp_wmem",
                             "kernel.perf_event_paranoid",
                             "kernel.kptr_restrict"};
  for (const std::string name : names) {
    std::string path = "/proc/sys/" + name;
    std::replace(path.begin() + std::strlen("/proc/sys/"), path.end(), '.', '/');
    auto value = read_first_line(path);
    if (value) std::replace(value->begin(), value->end(), '\t', ' ');
    add(facts, name, value);
  }
}

// By the effective capabilities in /proc/self/status: with CAP_IPC_LOCK the limit is not asked (mlock(2)).
bool may_lock_any_memory() {
  constexpr int cap_ipc_lock = 14;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) return std::stoull(line.substr(7), nullptr, 16) >> cap_ipc_lock & 1;
  return false;
}

void add_limits(Facts& facts) {
  rlimit locked{};
  if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0) return;
  if (may_lock_any_memory())
    facts["rlimit_memlock_bytes"] = "unlimited (CAP_IPC_LOCK)";
  else
    facts["rlimit_memlock_bytes"] = locked.rlim_cur == RLIM_INFINITY ? "unlimited" : fmt::format("{}", locked.rlim_cur);
}

// "always [madvise] never" becomes "madvise".
std::optional<std::string> transparent_huge_pages() {
  const auto line = read_first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  if (!line) return std::nullopt;
  const auto open = line->find('['), close = line->find(']');
  return open < close && close != std::string::npos ? line->substr(open + 1, close - open - 1) : *line;
}

// The names of the weaknesses by what the kernel does about them; those that do not concern this CPU are left out.
void add_mitigations(Facts& facts) {
  std::vector<std::string> mitigated, vulnerable;
  std::error_code unreadable;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/devices/system/cpu/vulnerabilities", unreadable)) {
    const std::string state = read_first_line(entry.path()).value_or("");
    if (state.starts_with("Mitigation")) mitigated.push_back(entry.path().filename());
    if (state.starts_with("Vulnerable")) vulnerable.push_back(entry.path().filename());
  }
  std::sort(mitigated.begin(), mitigated.end());
  std::sort(vulnerable.begin(), vulnerable.end());
  add(facts, "mitigated", fmt::format("{}", fmt::join(mitigated, " ")));
  add(facts, "vulnerable", fmt::format("{}", fmt::join(vulnerable, " ")));
}

}  // namespace

Environment environment() {
  Environment result;
  add_system(result.facts);
  add_processor(result.facts);
  add_clocks(result.facts);
  add_sysctls(result.facts);
  add_limits(result.facts);
  add(result.facts, "transparent_huge_pages", transparent_huge_pages());
  add_mitigations(result.facts);
  return result;
}

}  // namespace xover
