// One check for each kind of impossible combination.
#include "harness/experiment/feasible.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/experiment/bad_input.h"
#include "harness/links/links.h"
#include "harness/workloads/message_pool.h"

namespace xover {

namespace {

constexpr std::uint64_t largest_datagram_bytes = 65507;  // 65535 less the headers of IPv4 and UDP, udp(7)
constexpr std::uint64_t most_memory_bytes = 8ULL << 30;  // of all senders of a point

bool sends_datagrams(const Descriptor& transport) { return transport.family == "udp"; }

class Combination {
 public:
  Combination(const PlannedPoint& planned, const ExperimentText& experiment)
      : planned_(planned), point_(planned.point), experiment_(experiment) {}

  Result<void> check() const {
    if (point_.fields > point_.size_bytes) {
      return complain({"fields", "size"}, fmt::format("size {} cannot be split into {} fields",
                                                      format_size(point_.size_bytes), point_.fields));
    }
    if (point_.wait == Wait::spin && point_.placement == Placement::same_core) {
      return complain({"wait", "placement"},
                      "wait spin and placement same_core: the two sides would keep each other "
                      "from the core",
                      "use wait block, or placement auto");
    }
    const std::uint64_t each_bytes = std::max(point_.pool_bytes, point_.size_bytes * point_.depth);
    if (each_bytes > most_memory_bytes / point_.connections) {
      return complain(
          {"size", "pool", "depth", "connections"},
          fmt::format("size {}, pool {}, depth {} and {} connections need too much memory",
                      format_size(point_.size_bytes), format_size(point_.pool_bytes), point_.depth, point_.connections),
          fmt::format("senders get {} at most", format_size(most_memory_bytes)));
    }
    for (const Variant& variant : planned_.variants) {
      if (auto possible = check_variant(variant); !possible) return possible;
    }
    return {};
  }

 private:
  Result<void> check_variant(const Variant& variant) const {
    const Descriptor& transport = *find_transport(variant.id);
    const std::uint64_t least_bytes = sends_datagrams(transport) ? sequence_bytes : 1;
    if (point_.size_bytes < least_bytes || point_.size_bytes > largest_message_bytes(transport)) {
      return complain({"size"}, fmt::format("size {} does not fit {}", format_size(point_.size_bytes), variant.id),
                      fmt::format("its messages have {} to {} bytes", least_bytes, largest_message_bytes(transport)));
    }
    const LinkDescriptor* link = find_link(variant.link.name);
    if (link == nullptr) return complain({"link"}, "there is no link " + in_quotes(variant.link.name));
    if (link->takes_argument == variant.link.argument.empty()) {
      return complain({"link"}, fmt::format("link {} {}", link->name,
                                            link->takes_argument ? "needs something behind a colon"
                                                                 : "takes nothing "
                                                                   "behind a colon"));
    }
    if (point_.workload == Workload::pingpong && !link->has_receiver) {
      return complain({"workload"}, fmt::format("workload pingpong cannot run on {}: link {} has no receiver",
                                                variant.id, link->name));
    }
    return {};
  }

  // The place of the first of these axes that a person wrote, else that of the experiment. An axis with several values
  // is pointed at where its list begins: the message has the value.
  Result<void> complain(std::initializer_list<std::string_view> axes, std::string what, std::string remedy = {}) const {
    for (const std::string_view axis : axes) {
      const auto written = experiment_.axes.find(axis);
      if (written == experiment_.axes.end()) continue;
      return bad_input(written->second.front().place, std::move(what), std::move(remedy));
    }
    return bad_input(experiment_.place, std::move(what), std::move(remedy));
  }

  const PlannedPoint& planned_;
  const Point& point_;
  const ExperimentText& experiment_;
};

}  // namespace

std::uint64_t largest_message_bytes(const Descriptor& transport) {
  return sends_datagrams(transport) ? largest_datagram_bytes : UINT64_MAX;
}

Result<void> check_feasible(const PlannedPoint& planned, const ExperimentText& experiment) {
  return Combination(planned, experiment).check();
}

}  // namespace xover
