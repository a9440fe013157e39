// The words that every report uses for the same thing, so that the JSON, the CSV and the table can be read together.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/ledger.h"
#include "harness/experiment/result.h"
#include "harness/reports/terminal.h"

namespace xover {

std::string_view name_of(CellStatus status);         // "ok", "skipped", "failed"
std::string_view name_of(Metric metric);             // "goodput", "cpu", "latency_p50", "latency_p99"
std::string_view cost_unit_of(Metric metric);        // of what a message costs by it: "ns", "cycles"
std::string_view name_of(Verdict verdict);           // "faster", ...
std::string_view name_of(CrossoverVerdict verdict);  // "at", ...
std::string_view name_of(CpuSource source);          // "pmu", "tsc", "cpu_time"

std::string_view clock_name(bool virtual_time);  // "virtual", "wall"
// In front of every sentence about figures in virtual time: who quotes it must not lose what they are.
inline constexpr std::string_view virtual_time_mark = "[virtual time] ";

// The link that the cell ran on: its variant's, else its point's.
const Link& link_of(const CellResult& cell, const Point& point);
const Point& point_of(const CellResult& cell, const ResultDocument& document);
// Null: no such cell.
const CellResult* find_cell(const ResultDocument& document, std::size_t point_index, std::string_view variant_name);

// A ledger in words, the greatest share first: "kernel, by design", "user space ×1, kernel, by design", "nobody".
// `brief` has at most about 20 columns. Empty when no byte completed.
std::string copied_by(const Ledger& ledger, const Terminal& terminal, bool brief);
// Share of the completed bytes in this class, 0 to 1; 0 when no byte completed.
double share(const Ledger& ledger, Handover handover);

std::string_view words_of(Substrate substrate);  // "memory of one host"
// "mtu 9000, tso off (receiver on), 1 queue": what tells links of one name apart; the JSON file has the rest.
std::string words_of_link_facts(const std::map<std::string, std::string>& facts);
std::string_view words_of(Placement placement);  // "one core"; empty for automatic

// "bbr without fq (detail): what to do".
std::string warning_text(WarningKind kind, std::string_view detail);

std::string format_count(double value);       // "950", "12.3k", "1.24M": three digits, decimal
std::string format_figure(double value);      // three digits: "0.951", "12.3", "1740"
std::string format_about(double size_bytes);  // "640 bytes", "9.12K", "1.50M": three digits, binary
// How far the interval reaches from its median: "±1.3" where both arms round alike, else "49.0 to 54.1".
std::string format_spread(const Interval& interval, const Terminal& terminal);

}  // namespace xover
