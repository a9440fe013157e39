// Names are for programs and never change; words are for people.
#include "harness/reports/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace xover {

std::string_view name_of(CellStatus status) {
  switch (status) {
    case CellStatus::ok: return "ok";
    case CellStatus::skipped: return "skipped";
    case CellStatus::failed: return "failed";
  }
  return "failed";
}

std::string_view name_of(Metric metric) {
  switch (metric) {
    case Metric::goodput: return "goodput";
    case Metric::cpu: return "cpu";
    case Metric::latency_p50: return "latency_p50";
    case Metric::latency_p99: return "latency_p99";
  }
  return "goodput";
}

std::string_view cost_unit_of(Metric metric) { return metric == Metric::cpu ? "cycles" : "ns"; }

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::faster: return "faster";
    case Verdict::slower: return "slower";
    case Verdict::indistinguishable: return "indistinguishable";
    case Verdict::too_few_rounds: return "too_few_rounds";
  }
  return "too_few_rounds";
}

std::string_view name_of(CrossoverVerdict verdict) {
  switch (verdict) {
    case CrossoverVerdict::at: return "at";
    case CrossoverVerdict::below_tested: return "below_tested";
    case CrossoverVerdict::above_tested: return "above_tested";
    case CrossoverVerdict::none: return "none";
    case CrossoverVerdict::not_separable: return "not_separable";
  }
  return "not_separable";
}

std::string_view name_of(CpuSource source) {
  switch (source) {
    case CpuSource::pmu: return "pmu";
    case CpuSource::tsc: return "tsc";
    case CpuSource::cpu_time: return "cpu_time";
  }
  return "cpu_time";
}

std::string_view clock_name(bool virtual_time) { return virtual_time ? "virtual" : "wall"; }

const Link& link_of(const CellResult& cell, const Point& point) {
  return cell.variant.link.name.empty() ? point.link : cell.variant.link;
}

const Point& point_of(const CellResult& cell, const ResultDocument& document) {
  return document.plan.points.at(cell.point_index).point;
}

const CellResult* find_cell(const ResultDocument& document, std::size_t point_index, std::string_view variant_name) {
  const auto found = std::find_if(document.cells.begin(), document.cells.end(), [&](const CellResult& cell) {
    return cell.point_index == point_index && cell.variant.name() == variant_name;
  });
  return found == document.cells.end() ? nullptr : &*found;
}

namespace {

std::string_view copier(Handover handover, bool brief) {
  switch (handover) {
    case Handover::kernel_by_design: return brief ? "kernel" : "kernel, by design";
    case Handover::kernel_after_request: return brief ? "kernel after all" : "kernel, after zero-copy was asked";
    case Handover::driver: return brief ? "driver" : "the link's driver";
    case Handover::zero_copied: return "nobody";
    case Handover::unverified: return brief ? "unknown" : "unknown: no evidence";
  }
  return "unknown";
}

// Never "100 %" or "0 %" for a share that is neither all nor nothing.
std::string format_percent(double share) { return fmt::format("{}%", std::clamp(std::lround(share * 100), 1L, 99L)); }

}  // namespace

double share(const Ledger& ledger, Handover handover) {
  if (ledger.completed_bytes == 0) return 0;
  return static_cast<double>(ledger[handover]) / static_cast<double>(ledger.completed_bytes);
}

std::string copied_by(const Ledger& ledger, const Terminal& terminal, bool brief) {
  if (ledger.completed_bytes == 0) return {};
  std::vector<std::pair<double, Handover>> shares;
  for (std::size_t i = 0; i < handover_classes; ++i) {
    const auto handover = static_cast<Handover>(i);
    if (ledger[handover] > 0) shares.emplace_back(share(ledger, handover), handover);
  }
  std::stable_sort(shares.begin(), shares.end(), [](const auto& a, const auto& b) { return a.first > b.first; });

  std::string text;
  if (ledger.user_copied_bytes > 0) {
    const double times = static_cast<double>(ledger.user_copied_bytes) / static_cast<double>(ledger.completed_bytes);
    text = fmt::format("{} {}{}", brief ? "user" : "user space", terminal.times(), fmt::format("{:.2g}", times));
    // What nobody else copied needs no mention beside the copy that was made.
    if (shares.size() == 1 && shares.front().second == Handover::zero_copied) return text;
    text += brief ? "+" : " + ";
  }
  const bool mixed = shares.size() > 1;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if (i > 0) text += brief ? "," : ", ";
    text += copier(shares[i].second, brief || mixed);
    if (mixed) text += ' ' + format_percent(shares[i].first);
  }
  return text;
}

std::string_view words_of(Substrate substrate) {
  switch (substrate) {
    case Substrate::hardware: return "hardware";
    case Substrate::emulated_device: return "an emulated device";
    case Substrate::soft_device: return "a device made of software";
    case Substrate::same_host_memory: return "memory of one host";
    case Substrate::simulated: return "simulated, with a virtual clock";
  }
  return "unknown";
}

std::string words_of_link_facts(const std::map<std::string, std::string>& facts) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 7> shown{{{"mtu_bytes", "mtu"},
                                                                                {"tso", "tso"},
                                                                                {"gso", "gso"},
                                                                                {"gro", "gro"},
                                                                                {"scatter_gather", "scatter-gather"},
                                                                                {"xdp", "xdp"},
                                                                                {"tx_queues", "queues"}}};
  std::string text;
  for (const auto& [name, word] : shown) {
    const auto own = facts.find(std::string(name)), of_receiver = facts.find("receiver_" + std::string(name));
    if (own == facts.end()) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, own->second);
    if (of_receiver != facts.end()) text += fmt::format(" (receiver {})", of_receiver->second);
  }
  return text;
}

std::string_view words_of(Placement placement) {
  switch (placement) {
    case Placement::automatic: return "";
    case Placement::same_core: return "one core";
    case Placement::smt_sibling: return "two threads of one core";
    case Placement::same_l3: return "cores of one L3 cache";
    case Placement::same_package: return "cores of one package";
    case Placement::cross_package: return "cores of two packages";
    case Placement::near_nic: return "cores near the network card";
    case Placement::rx_cpu: return "receivers on the CPUs of their RX queues";
    case Placement::rx_sibling: return "receivers on siblings of their RX queues' CPUs";
    case Placement::rx_same_l3: return "receivers beside the CPUs of their RX queues";
  }
  return "";
}

std::string warning_text(WarningKind kind, std::string_view detail) {
  std::string name(to_string(kind));
  std::replace(name.begin(), name.end(), '_', ' ');
  return detail.empty() ? fmt::format("{}: {}", name, advice(kind))
                        : fmt::format("{} ({}): {}", name, detail, advice(kind));
}

std::string format_figure(double value) {
  if (!std::isfinite(value)) return {};
  if (value == 0) return "0";
  int decimals = 2 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  // 9.996 rounds to 10.0, not to 10.00.
  if (std::abs(value) * std::pow(10, decimals) >= 999.5) --decimals;
  return fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 6));
}

std::string format_count(double value) {
  constexpr std::array<std::pair<double, std::string_view>, 3> units{{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  if (!std::isfinite(value)) return {};
  for (const auto& [size, letter] : units) {
    if (value >= size * 0.9995) return format_figure(value / size) + std::string(letter);
  }
  return fmt::format("{:.0f}", value);
}

std::string format_about(double size_bytes) {
  constexpr std::array<std::pair<double, std::string_view>, 3> units{{{1 << 30, "G"}, {1 << 20, "M"}, {1 << 10, "K"}}};
  for (const auto& [size, letter] : units) {
    if (size_bytes >= size * 0.9995) return format_figure(size_bytes / size) + std::string(letter);
  }
  return fmt::format("{:.0f} bytes", size_bytes);
}

std::string format_spread(const Interval& interval, const Terminal& terminal) {
  const double above = interval.high - interval.median, below = interval.median - interval.low;
  if (!std::isfinite(above) || !std::isfinite(below) || above < 0 || below < 0) return {};
  if (above == 0 && below == 0) return {};  // one round has no spread
  if (std::max(above, below) <= 1.3 * std::min(above, below) || std::max(above, below) < 0.03 * interval.median) {
    const std::string median = format_figure(interval.median);
    const std::size_t point = median.find('.');
    const int decimals = point == std::string::npos ? 0 : static_cast<int>(median.size() - point - 1);
    // Rounded up: an interval is never shown narrower than it is.
    const double unit = std::pow(10, decimals);
    const double arm = std::ceil(std::max(above, below) * unit - 1e-6) / unit;
    return fmt::format("{}{:.{}f}", terminal.plus_minus(), arm, decimals);
  }
  return fmt::format("{} to {}", format_figure(interval.low), format_figure(interval.high));
}

}  // namespace xover
