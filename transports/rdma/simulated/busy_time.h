// What is busy, and until when: the things of a host that only so many can use at a time. Times are virtual, in ns.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace xover {

// The logical CPUs of a host. A thread that goes on at once keeps its CPU.
class BusyCpus {
 public:
  explicit BusyCpus(std::size_t count) : free_ns_(count, 0) {}

  // The CPU that is free soonest, and of those that are free by then the one that was idle for the shortest time.
  std::size_t choose(std::int64_t earliest_ns) const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < free_ns_.size(); ++i) {
      const bool fits = free_ns_[i] <= earliest_ns, best_fits = free_ns_[best] <= earliest_ns;
      if (fits && best_fits ? free_ns_[i] > free_ns_[best] : free_ns_[i] < free_ns_[best]) best = i;
    }
    return best;
  }
  std::int64_t free_ns(std::size_t cpu) const { return free_ns_[cpu]; }
  void hold(std::size_t cpu, std::int64_t until_ns) { free_ns_[cpu] = until_ns; }

 private:
  std::vector<std::int64_t> free_ns_;
};

// One user at a time, as the memory of a host is for copies. Who asks for a later time leaves what lies before to
// others.
class BusyMemory {
 public:
  // Returns when it begins: in the first gap that is long enough. `now_ns` never goes back; what lies before is
  // forgotten.
  std::int64_t reserve(std::int64_t now_ns, std::int64_t earliest_ns, std::int64_t duration_ns) {
    std::erase_if(spans_, [&](const Span& span) { return span.end_ns <= now_ns; });
    std::int64_t start_ns = earliest_ns;
    auto place = spans_.begin();
    for (; place != spans_.end() && start_ns + duration_ns > place->start_ns; ++place)
      start_ns = std::max(start_ns, place->end_ns);
    spans_.insert(place, {start_ns, start_ns + duration_ns});
    return start_ns;
  }

 private:
  struct Span {
    std::int64_t start_ns, end_ns;
  };
  std::vector<Span> spans_;  // in order, without overlap
};

}  // namespace xover
