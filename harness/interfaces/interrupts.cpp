// Documentation/ABI/testing/sysfs-bus-pci (msi_irqs), Documentation/core-api/irq/irq-affinity.rst.
#include "harness/interfaces/interrupts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "core/units.h"
#include "harness/interfaces/cpu_list.h"
#include "harness/measurement/system_file.h"

namespace xover {

namespace {

// A virtio device has them in the PCI device above. One without message signalled interrupts has a single line.
std::set<unsigned> numbers_of(const std::string& folder) {
  for (const std::string device : {"/device", "/device/.."}) {
    std::set<unsigned> numbers;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder + device + "/msi_irqs", none)) {
      if (const auto number = parse_integer(entry.path().filename().string()))
        numbers.insert(static_cast<unsigned>(*number));
    }
    if (numbers.empty()) {
      if (const auto line = read_number(folder + device + "/irq"); line && *line != 0)
        numbers.insert(static_cast<unsigned>(*line));
    }
    if (!numbers.empty()) return numbers;
  }
  return {};
}

// The last word of a line of /proc/interrupts is what the driver has registered.
std::map<unsigned, std::string> names_by_number(const std::string& proc) {
  std::map<unsigned, std::string> names;
  std::ifstream file(proc + "/interrupts");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':'), first = line.find_first_not_of(' '), last = line.find_last_not_of(' ');
    if (colon == std::string::npos || first >= colon) continue;
    const auto number = parse_integer(std::string_view(line).substr(first, colon - first));
    const std::size_t before_name = line.find_last_of(' ', last);
    if (!number || before_name == std::string::npos || before_name < colon) continue;
    names[static_cast<unsigned>(*number)] = line.substr(before_name + 1, last - before_name);
  }
  return names;
}

// Where the interrupt goes, not where it might.
std::vector<unsigned> cpus_of(unsigned irq, const std::string& proc) {
  const std::string folder = proc + "/irq/" + std::to_string(irq);
  for (const char* file : {"/effective_affinity_list", "/smp_affinity_list"}) {
    if (auto cpus = parse_cpu_list(read_first_line(folder + file).value_or("")); !cpus.empty()) return cpus;
  }
  return {};
}

}  // namespace

std::vector<Interrupt> interrupts_of(const std::string& interface, const SystemTree& tree) {
  const auto folder = interface_folder(interface, tree);
  if (!folder) return {};
  const auto names = names_by_number(tree.proc);
  std::vector<Interrupt> interrupts;
  for (const unsigned number : numbers_of(*folder)) {
    const auto name = names.find(number);
    interrupts.push_back({number, name == names.end() ? "" : name->second, cpus_of(number, tree.proc)});
  }
  return interrupts;
}

std::optional<std::uint32_t> rx_queue_named(const std::string& interrupt, const std::string& interface) {
  const std::string name = interrupt.substr(0, interrupt.find('@'));
  const std::size_t last_other = name.find_last_not_of("0123456789");
  if (last_other == std::string::npos || last_other + 1 == name.size()) return std::nullopt;
  const auto number = parse_integer(std::string_view(name).substr(last_other + 1));
  std::string before = name.substr(0, last_other + 1);
  while (before.ends_with('-') || before.ends_with('.') || before.ends_with('_')) before.pop_back();
  const bool has_mark = before.size() <= last_other;
  if (!number || before.empty()) return std::nullopt;
  if (before == interface && has_mark) return static_cast<std::uint32_t>(*number);
  std::transform(before.begin(), before.end(), before.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::array<std::string_view, 7> receives{"rx", "rxtx", "rx-tx", "input", "comp", "-fp", "-q"};
  const bool is_rx = std::any_of(receives.begin(), receives.end(), [&](auto end) { return before.ends_with(end); });
  return is_rx ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

}  // namespace xover
