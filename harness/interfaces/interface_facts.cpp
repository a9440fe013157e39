// sysfs besides what the driver says: Documentation/ABI/testing/sysfs-class-net and -net-queues.
#include "harness/interfaces/interface_facts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "core/units.h"
#include "harness/interfaces/cpu_list.h"
#include "harness/interfaces/driver_facts.h"
#include "harness/interfaces/interrupts.h"
#include "harness/interfaces/link_speed.h"
#include "harness/interfaces/receive_queues.h"
#include "harness/measurement/cpu_facts.h"
#include "harness/measurement/system_file.h"

namespace xover {

namespace {

using Facts = std::map<std::string, std::string>;

void add(Facts& facts, const std::string& name, const std::optional<std::string>& value) {
  if (value && !value->empty()) facts[name] = *value;
}

void add_line(Facts& facts, const std::string& interface, const std::string& folder, const SystemTree& tree) {
  const Line line = line_of(interface, tree);
  if (line.mtu_bytes != 0) facts["mtu_bytes"] = std::to_string(line.mtu_bytes);
  if (line.speed_mbps == 0) return;
  facts["speed_mbps"] = std::to_string(line.speed_mbps);
  if (const auto duplex = read_first_line(folder + "/duplex"); duplex != "unknown") add(facts, "duplex", duplex);
}

std::string words_of(const ReceiveQueue& queue) {
  if (queue.cpus.empty()) return fmt::format("queue {}: irq {}", queue.number, *queue.irq);
  return fmt::format("queue {}: irq {} on {}", queue.number, *queue.irq, words_of_cpus(queue.cpus));
}

void add_queues(Facts& facts, const std::string& interface, const SystemTree& tree) {
  const auto queues = receive_queues(interface, tree);
  if (!queues || queues->empty()) return;
  facts.emplace("rx_queues", std::to_string(queues->size()));
  std::vector<std::string> interrupts, steering;
  for (const ReceiveQueue& queue : *queues) {
    if (queue.irq) interrupts.push_back(words_of(queue));
    if (!queue.rps_cpus.empty())
      steering.push_back(fmt::format("queue {}: {}", queue.number, words_of_cpus(queue.rps_cpus)));
  }
  add(facts, "rx_interrupts", fmt::format("{}", fmt::join(interrupts, "; ")));
  facts["rps"] = steering.empty() ? "off" : fmt::format("{}", fmt::join(steering, "; "));
}

// Which CPUs send through which queue. Empty where the kernel leaves it to a hash.
void add_xps(Facts& facts, const std::string& folder) {
  std::vector<std::pair<std::int64_t, std::string>> queues;
  bool told = false;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/queues", none)) {
    const std::string name = entry.path().filename().string();
    const auto number = name.starts_with("tx-") ? parse_integer(name.substr(3)) : Result<std::int64_t>(-1);
    const auto mask = read_first_line(entry.path() / "xps_cpus");
    if (!number || *number < 0 || !mask) continue;
    told = true;
    if (const auto cpus = parse_cpu_mask(*mask); !cpus.empty())
      queues.emplace_back(*number, fmt::format("queue {}: {}", *number, words_of_cpus(cpus)));
  }
  if (!told) return;
  std::sort(queues.begin(), queues.end());
  std::vector<std::string> words;
  for (auto& [number, text] : queues) words.push_back(std::move(text));
  facts["xps"] = words.empty() ? "off" : fmt::format("{}", fmt::join(words, "; "));
}

}  // namespace

std::map<std::string, std::string> interface_facts(const std::string& name, const SystemTree& tree) {
  Facts facts = driver_facts(name);
  if (const auto folder = interface_folder(name, tree)) {
    add(facts, "driver",
        facts.contains("driver") ? std::nullopt : std::optional(target_name(*folder + "/device/driver")));
    add_line(facts, name, *folder, tree);
    if (const auto node = numa_node_of(name, tree)) facts["numa_node"] = std::to_string(*node);
    add_queues(facts, name, tree);
    add_xps(facts, *folder);
    if (const auto threaded = read_number(*folder + "/threaded")) facts["napi_threads"] = *threaded == 0 ? "off" : "on";
  }
  if (facts.empty()) return facts;
  for (const auto& [fact, value] : cpu_facts(tree.sys)) facts["cpu_" + fact] = value;
  return facts;
}

// A virtio device has it in the PCI device above. Machines with a single node may say -1.
std::optional<int> numa_node_of(const std::string& interface, const SystemTree& tree) {
  const auto folder = interface_folder(interface, tree);
  if (!folder) return std::nullopt;
  for (const char* file : {"/device/numa_node", "/device/../numa_node"}) {
    if (const auto node = read_number(*folder + file)) return static_cast<int>(*node);
  }
  return std::nullopt;
}

}  // namespace xover
