// Documentation/ABI/testing/sysfs-class-net-queues; the interrupts by their names.
#include "harness/interfaces/receive_queues.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "core/quote.h"
#include "core/units.h"
#include "harness/interfaces/cpu_list.h"
#include "harness/interfaces/interrupts.h"
#include "harness/measurement/system_file.h"

namespace xover {

namespace {

std::vector<ReceiveQueue> numbered_queues(const std::string& folder) {
  std::vector<ReceiveQueue> queues;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder + "/queues", none)) {
    const std::string name = entry.path().filename().string();
    const auto number = name.starts_with("rx-") ? parse_integer(name.substr(3)) : Result<std::int64_t>(-1);
    if (!number || *number < 0) continue;
    ReceiveQueue queue;
    queue.number = static_cast<std::uint32_t>(*number);
    queue.rps_cpus = parse_cpu_mask(read_first_line(entry.path() / "rps_cpus").value_or(""));
    queues.push_back(std::move(queue));
  }
  std::sort(queues.begin(), queues.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return queues;
}

// Some drivers count from 1, as vector 0 is not of a queue: then none has number 0, and one more is the last.
std::map<std::uint32_t, Interrupt> by_queue(const std::vector<Interrupt>& interrupts, const std::string& interface,
                                            std::size_t queues) {
  std::map<std::uint32_t, Interrupt> named;
  for (const Interrupt& interrupt : interrupts) {
    if (const auto queue = rx_queue_named(interrupt.name, interface)) named.emplace(*queue, interrupt);
  }
  // One interrupt for everything.
  if (named.empty() && queues == 1 && interrupts.size() == 1) named.emplace(0, interrupts.front());
  if (named.size() != queues || named.empty() || named.begin()->first != 1 || named.rbegin()->first != queues)
    return named;
  std::map<std::uint32_t, Interrupt> from_0;
  for (const auto& [queue, interrupt] : named) from_0.emplace(queue - 1, interrupt);
  return from_0;
}

tl::unexpected<Error> unknown(const std::string& interface, const std::string& because, const std::string& remedy) {
  return make_error(ErrorCode::unsupported, "find the CPU that serves an RX queue of " + interface, because, remedy);
}

Result<unsigned> serving_cpu(const std::string& interface, const ReceiveQueue& queue) {
  const std::string which = fmt::format("queue {}", queue.number);
  if (!queue.irq) return unknown(interface, "the driver does not tell which interrupt is of " + which, "");
  if (!queue.rps_cpus.empty()) {
    return unknown(interface,
                   fmt::format("the kernel hands packets of {} on to {} (RPS)", which, words_of_cpus(queue.rps_cpus)),
                   fmt::format("echo 0 > /sys/class/net/{}/queues/rx-{}/rps_cpus", interface, queue.number));
  }
  if (queue.cpus.size() == 1) return queue.cpus.front();
  const std::string served = queue.cpus.empty() ? "an unknown CPU" : "any of " + words_of_cpus(queue.cpus);
  return unknown(interface, fmt::format("interrupt {} of {} is served by {}", *queue.irq, which, served),
                 fmt::format("stop irqbalance, and echo CPU > /proc/irq/{}/smp_affinity_list", *queue.irq));
}

}  // namespace

Result<std::vector<ReceiveQueue>> receive_queues(const std::string& interface, const SystemTree& tree) {
  const auto folder = interface_folder(interface, tree);
  if (!folder) {
    return make_error(ErrorCode::no_device, "find the RX queues of interface " + in_quotes(interface),
                      "there is none of this name in " + tree.sys + "/class/net",
                      "`ip link` lists those of this network namespace; its own sysfs must be mounted");
  }
  std::vector<ReceiveQueue> queues = numbered_queues(*folder);
  const auto interrupts = by_queue(interrupts_of(interface, tree), interface, queues.size());
  for (ReceiveQueue& queue : queues) {
    const auto found = interrupts.find(queue.number);
    if (found == interrupts.end()) continue;
    queue.irq = found->second.irq;
    queue.cpus = found->second.cpus;
  }
  return queues;
}

Result<std::vector<unsigned>> serving_cpus(const std::string& interface, const std::vector<ReceiveQueue>& queues,
                                           const std::vector<std::uint32_t>& queue_by_connection) {
  std::vector<unsigned> cpus;
  for (const std::uint32_t number : queue_by_connection) {
    const auto queue =
        std::find_if(queues.begin(), queues.end(), [&](const ReceiveQueue& one) { return one.number == number; });
    if (queue == queues.end()) return unknown(interface, fmt::format("it has no queue {}", number), "");
    const auto cpu = serving_cpu(interface, *queue);
    if (!cpu) return tl::make_unexpected(cpu.error());
    cpus.push_back(*cpu);
  }
  return cpus;
}

}  // namespace xover
