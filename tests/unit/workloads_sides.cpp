// The conversation of a sample without a coordinator.
#include "tests/unit/workloads_sides.h"

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "harness/agents/sample_side.h"

namespace xover::test {

namespace {

constexpr std::int64_t lead_ns = 20 * millisecond_ns;

// Runs one phase on both sides; false when one of them failed.
bool run_phase(SampleSide& sender, SampleSide& receiver, std::uint32_t number, std::int64_t duration_ns,
               SidesResult& result) {
  const PhaseOrder order{number, monotonic_now_ns() + lead_ns, duration_ns};
  if (auto started = receiver.start_phase(order); !started) {
    result.receiver_error = started.error();
    return false;
  }
  const auto sent = sender.run_phase(order);
  if (!sent) result.sender_error = sent.error();
  const auto finished = receiver.finish_phase(sent ? *sent : std::vector<std::uint64_t>());
  if (!finished) result.receiver_error = finished.error();
  return sent && finished;
}

}  // namespace

SampleSpec short_sample(const std::string& variant, const Point& point, std::int64_t duration_ns) {
  SampleSpec spec;
  spec.variant = parse_variant(variant).value();
  spec.variant.link.name = find_transport(spec.variant.id)->links.front();
  spec.point = point;
  spec.warmup_ns = 10 * millisecond_ns;
  spec.duration_ns = duration_ns;
  return spec;
}

SidesResult run_sides(const SampleSpec& spec, const std::function<void()>& meanwhile) {
  SidesResult result;
  SampleSide sender(spec, Role::sender), receiver(spec, Role::receiver);
  const auto addresses = receiver.open_receiver();
  if (!addresses) {
    result.receiver_error = addresses.error();
    return result;
  }
  if (auto opened = sender.open_sender(*addresses); !opened) {
    result.sender_error = opened.error();
    return result;
  }
  if (!run_phase(sender, receiver, 1, spec.warmup_ns, result)) return result;
  std::thread beside([&] {
    if (!meanwhile) return;
    std::this_thread::sleep_for(std::chrono::nanoseconds(lead_ns + spec.duration_ns / 4));
    meanwhile();
  });
  const bool done = run_phase(sender, receiver, 2, spec.duration_ns, result);
  beside.join();
  if (!done) return result;
  result.sample.sender = sender.report();
  result.sample.receiver = receiver.report();
  return result;
}

std::uint64_t counter(const SideReport& report, const std::string& name) {
  const auto found = report.counters.find(name);
  return found == report.counters.end() ? 0 : found->second;
}

Folder::Folder() : path_("/var/tmp/xover-test-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp " + path_);
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace xover::test
