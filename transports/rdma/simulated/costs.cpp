// From the link's options.
#include "transports/rdma/simulated/costs.h"

#include <array>

#include "transports/rdma/rdma_links.h"

namespace xover {

namespace {

constexpr std::int64_t us = 1000, ms = 1'000'000;

SimulatedFault fault_of(const std::string& word) {
  if (word == "kill") return SimulatedFault::kill;
  if (word == "drop") return SimulatedFault::drop;
  if (word == "delay") return SimulatedFault::delay;
  if (word == "rnr") return SimulatedFault::rnr;
  if (word == "registration") return SimulatedFault::registration;
  return SimulatedFault::none;
}

}  // namespace

Result<SimulationCosts> simulation_costs(const Link& link) {
  const auto options = resolve_rdma_link(link);
  if (!options) return tl::make_unexpected(options.error());
  SimulationCosts costs;
  costs.seed = static_cast<std::uint64_t>(options->integer("seed"));
  costs.jitter_ns = options->integer("jitter_ns");
  costs.link_mbps = options->integer("link_mbps");
  costs.latency_ns = options->integer("latency_ns");
  costs.copy_mbps = options->integer("copy_mbps");
  costs.cpus = options->integer("cpus");
  costs.post_ns = options->integer("post_ns");
  costs.result_ns = options->integer("result_ns");
  costs.wake_ns = options->integer("wake_ns");
  costs.pin_ns = options->integer("pin_ns");
  costs.pin_page_ns = options->integer("pin_page_ns");
  costs.unpin_ns = options->integer("unpin_ns");
  costs.unpin_page_ns = options->integer("unpin_page_ns");
  costs.map_ns = options->integer("map_ns");
  costs.rnr_wait_ns = options->integer("rnr_wait_us") * us;
  costs.rnr_retries = options->integer("rnr_retries");
  costs.lost_ns = options->integer("lost_ms") * ms;
  costs.fault = fault_of(options->choice("fault"));
  costs.fault_end = options->choice("fault_end") == "sender" ? LinkRole::sender : LinkRole::receiver;
  costs.fault_at = options->integer("fault_at");
  costs.fault_by = options->integer("fault_by");
  return costs;
}

std::vector<Fact> simulation_facts(const Link& link) {
  const auto options = resolve_rdma_link(link);
  std::vector<Fact> facts{{"clock", "virtual"}, {"memory", "moved by the model's cards, uncopied by any CPU"}};
  if (!options) return facts;
  for (const OptionSpec& option : simulated_options) {
    const bool word = option.kind == OptionKind::choice;
    facts.push_back({std::string(option.name),
                     word ? options->choice(option.name) : std::to_string(options->integer(option.name))});
  }
  return facts;
}

}  // namespace xover
