// Words about sections.
#include "harness/reports/section_words.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/reports/words.h"

namespace xover {

namespace {

std::string cores_text(const std::vector<unsigned>& cores) {
  std::set<unsigned> sorted(cores.begin(), cores.end());
  return fmt::format("{}", fmt::join(sorted, ","));
}

}  // namespace

bool has_figures(const CellResult& cell) {
  return cell.status == CellStatus::ok &&
         std::any_of(cell.rounds.begin(), cell.rounds.end(), [](const RoundRecord& round) { return round.accepted; });
}

bool has_reference_cycles(const CellResult& cell) {
  return !cell.rounds.empty() && cell.rounds.front().sample.sender.cpu.source == CpuSource::tsc;
}

const Interval& throughput_of(const CellResult& cell) {
  return cell.has_receiver ? cell.goodput_gbps : cell.handed_over_gbps;
}

double lost_share(const CellResult& cell) {
  std::uint64_t lost = 0, received = 0;
  for (const RoundRecord& round : cell.rounds) {
    if (!round.accepted) continue;
    lost += round.sample.receiver.lost_messages;
    received += round.sample.receiver.messages;
  }
  return lost == 0 ? 0 : static_cast<double>(lost) / static_cast<double>(lost + received);
}

std::string_view latency_title(Workload workload) {
  switch (workload) {
    case Workload::stream: return "lent";
    case Workload::pingpong: return "round trip";
    case Workload::paced: return "one way";
    case Workload::file: return "answered";
    case Workload::fanout: return "lent";
  }
  return {};
}

std::string name_of_section(const Section& section, const ResultDocument& document) {
  std::set<std::string> links;
  for (const CellResult* cell : section.cells) links.insert(link_of(*cell, point_of(*cell, document)).text());
  return fmt::format("{} over {} ({})", find_axis("workload")->get(point_of(*section.cells.front(), document)),
                     fmt::join(links, ", "), words_of(section.substrate));
}

std::string_view method_of(const Section& section) {
  switch (section.workload) {
    case Workload::stream:
      return section.has_receiver ? "messages back to back; goodput is what the receiver got"
                                  : "messages back to back; nobody receives, so only the handing over is measured";
    case Workload::pingpong: return "a message there, the same back; the whole round trip";
    case Workload::paced: return "messages by the clock; one way, from when each should have been sent";
    case Workload::file: return "a file's contents for each request, timed to the last byte; goodput is of contents";
    case Workload::fanout: return "every message to all connections; goodput is that of all receivers together";
  }
  return {};
}

std::string heading_of(const Section& section, const ResultDocument& document) {
  return fmt::format("{}: {}", name_of_section(section, document), method_of(section));
}

std::string whereabouts(const Section& section) {
  std::vector<const CellResult*> measured;
  std::copy_if(section.cells.begin(), section.cells.end(), std::back_inserter(measured),
               [](const CellResult* cell) { return has_figures(*cell); });
  if (measured.empty()) return {};
  const CellResult& first = *measured.front();
  const bool same = std::all_of(measured.begin(), measured.end(), [&](const CellResult* cell) {
    return cell->form == first.form && cell->sender_cores == first.sender_cores &&
           cell->receiver_cores == first.receiver_cores;
  });
  if (!same) return {};
  std::string text = first.form;
  const auto append = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const bool one_host = first.form != "two hosts";
  if (one_host && !first.sender_cores.empty() && first.sender_cores == first.receiver_cores) {
    append("both sides on CPU " + cores_text(first.sender_cores));
    return text;
  }
  if (!first.sender_cores.empty()) append("sender on CPU " + cores_text(first.sender_cores));
  if (!first.receiver_cores.empty()) append("receiver on CPU " + cores_text(first.receiver_cores));
  return text;
}

std::vector<std::string> notes_of(const ResultDocument& document) {
  std::map<std::string, std::set<std::string>> links_by_copies;
  bool waits_for_peer = false;
  for (const CellResult& cell : document.cells) {
    if (!has_figures(cell)) continue;
    const Point& point = point_of(cell, document);
    const Ledger& ledger = cell.sender_ledger;
    const bool lent =
        cell.has_receiver && (ledger[Handover::zero_copied] > 0 || ledger[Handover::kernel_after_request] > 0);
    waits_for_peer = waits_for_peer || (lent && point.depth == 1 && is_bulk(point.workload));
    if (!cell.copies_after.empty() && !cell.copies_after.starts_with("nothing")) {
      links_by_copies[cell.copies_after].insert(link_of(cell, point).text());
    }
  }
  std::vector<std::string> notes;
  for (const auto& [copies, links] : links_by_copies) {
    notes.push_back(fmt::format("Still copied after the handover on {} ({}).", fmt::join(links, ", "), copies));
  }
  if (waits_for_peer) {
    notes.emplace_back("At depth 1 a zero-copy send must be let go by the other side before the next one starts.");
  }
  return notes;
}

std::vector<std::string> made_links_of(const ResultDocument& document) {
  std::set<std::string> lines;
  for (const CellResult& cell : document.cells) {
    const std::string facts = words_of_link_facts(cell.link_facts);
    if (!facts.empty() && has_figures(cell))
      lines.insert(fmt::format("{}: {}", link_of(cell, point_of(cell, document)).text(), facts));
  }
  return {lines.begin(), lines.end()};
}

}  // namespace xover
