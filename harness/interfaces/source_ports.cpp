// Ports of the range in a drawn order; each connection takes the first that leads to its queue and is still free.
#include "harness/interfaces/source_ports.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace xover {

namespace {

constexpr const char* operation = "choose source ports by RX queue";

// std::shuffle may differ from library to library; the order is part of what a seed says.
std::vector<std::uint16_t> drawn_order(PortRange range, std::uint64_t seed) {
  std::vector<std::uint16_t> ports(std::size_t{1} + range.last - range.first);
  std::iota(ports.begin(), ports.end(), range.first);
  std::mt19937_64 random(seed);
  for (std::size_t left = ports.size(); left > 1; --left) std::swap(ports[left - 1], ports[random() % left]);
  return ports;
}

Result<void> check(const WantedPorts& wanted) {
  if (wanted.range.first > wanted.range.last || wanted.range.first == 0)
    return make_error(ErrorCode::bad_input, operation,
                      fmt::format("ports {} to {}", wanted.range.first, wanted.range.last),
                      "expected a range like 20000 to 32767");
  if (wanted.destination_ports.empty())
    return make_error(ErrorCode::bad_input, operation, "no connections", "expected at least one");
  return {};
}

// The queues that connections shall arrive at, in turn.
Result<std::vector<std::uint32_t>> queues_for(const Rss& rss, const WantedPorts& wanted) {
  // Says why where it cannot be known. The lowest queue of a device that does not hash ports is the only one.
  const Flow flow{wanted.source, wanted.destination, 1, wanted.destination_ports.front(), wanted.udp};
  const auto any = queue_of(rss, flow);
  if (!any) return tl::make_unexpected(any.error());
  const std::vector<std::uint32_t> used = rss.queues == 1 ? std::vector<std::uint32_t>{0} : rss.used_queues();
  const bool ports_hashed = rss.queues != 1 && rss.fields_of(kind_of(flow))->ports;
  if (wanted.choice == QueueChoice::one) return std::vector{ports_hashed ? used.front() : *any};
  if (used.size() < 2) {
    return make_error(ErrorCode::unsupported, operation, "the interface receives on one queue only",
                      "ethtool -L INTERFACE combined N, or leave the RX queues as they fall");
  }
  if (!ports_hashed) {
    return make_error(ErrorCode::unsupported, operation, "the device hashes addresses without ports",
                      "ethtool -N INTERFACE rx-flow-hash tcp4 sdfn (or udp4, tcp6, udp6)");
  }
  return used;
}

}  // namespace

Result<SourcePorts> source_ports_for(const Rss& rss, const WantedPorts& wanted) {
  if (auto fit = check(wanted); !fit) return tl::make_unexpected(fit.error());
  const auto queues = queues_for(rss, wanted);
  if (!queues) return tl::make_unexpected(queues.error());
  std::vector<std::uint16_t> free = drawn_order(wanted.range, wanted.seed);
  SourcePorts chosen;
  for (std::size_t connection = 0; connection < wanted.destination_ports.size(); ++connection) {
    const std::uint32_t queue = (*queues)[connection % queues->size()];
    const auto leads_there = [&](std::uint16_t port) {
      const Flow flow{wanted.source, wanted.destination, port, wanted.destination_ports[connection], wanted.udp};
      const auto there = queue_of(rss, flow);
      return there && *there == queue;
    };
    const auto found = std::find_if(free.begin(), free.end(), leads_there);
    if (found == free.end()) {
      return make_error(ErrorCode::unsupported, operation,
                        fmt::format("no port of {} to {} is left that leads connection {} to queue {}",
                                    wanted.range.first, wanted.range.last, connection, queue),
                        "use a wider range of ports, or fewer connections");
    }
    chosen.ports.push_back(*found);
    chosen.queues.push_back(queue);
    free.erase(found);
  }
  return chosen;
}

}  // namespace xover
