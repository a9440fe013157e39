// Documentation/ABI/testing/sysfs-class-net-statistics; Documentation/networking/snmp_counter.rst.
#include "harness/interfaces/interface_counters.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "core/quote.h"
#include "core/units.h"
#include "harness/interfaces/ethtool.h"
#include "harness/interfaces/pause_frames.h"

namespace xover {

namespace {

using Values = std::map<std::string, std::uint64_t>;

struct Renamed {
  std::string_view theirs, ours;
};

// Below /sys/class/net/NAME.
constexpr std::array<Renamed, 10> interface_files{
    {{"statistics/rx_bytes", "interface_rx_bytes"},
     {"statistics/tx_bytes", "interface_tx_bytes"},
     {"statistics/rx_packets", "interface_rx_packets"},
     {"statistics/tx_packets", "interface_tx_packets"},
     {"statistics/rx_dropped", "interface_rx_dropped_packets"},
     {"statistics/tx_dropped", "interface_tx_dropped_packets"},
     {"statistics/rx_errors", "interface_rx_errors"},
     {"statistics/tx_errors", "interface_tx_errors"},
     {"statistics/rx_missed_errors", "interface_rx_missed_packets"},  // the device had no room for them
     {"carrier_changes", "interface_carrier_changes"}}};
constexpr std::array<Renamed, 2> tcp_names{{{"OutSegs", "host_tcp_sent_segments"},  // new ones, RFC 4022
                                            {"RetransSegs", "host_tcp_retransmitted_segments"}}};
constexpr std::array<Renamed, 2> tcp_extension_names{
    {{"TCPTimeouts", "host_tcp_timeouts"}, {"ListenDrops", "host_tcp_listen_drops"}}};

// /proc/net/snmp and netstat: a line of names and one of figures, both beginning with the protocol.
Values read_protocol(const std::string& path, const std::string& protocol) {
  std::ifstream file(path);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(protocol + ":")) continue;
    std::istringstream words(line);
    std::vector<std::string> row;
    for (std::string word; words >> word;) row.push_back(word);
    if (names.empty()) {
      names = row;
      continue;
    }
    Values values;
    for (std::size_t at = 1; at < std::min(names.size(), row.size()); ++at) {
      if (const auto value = parse_integer(row[at])) values[names[at]] = static_cast<std::uint64_t>(*value);
    }
    return values;
  }
  return {};
}

template <typename Table>
void add(Values& values, const Values& theirs, const Table& table) {
  for (const Renamed& name : table) {
    if (const auto found = theirs.find(std::string(name.theirs)); found != theirs.end())
      values[std::string(name.ours)] = found->second;
  }
}

Values driver_counters(const std::string& interface) {
  const auto socket = open_driver_socket();
  if (!socket) return {};
  const std::vector<std::string> names = driver_strings(socket->get(), interface, ETH_SS_STATS);
  // Reading them may take the driver some time.
  if (std::none_of(names.begin(), names.end(), counts_pause_frames)) return {};
  auto figures = with_room_for<ethtool_stats, std::uint64_t>(names.size());
  figures[0].cmd = ETHTOOL_GSTATS;
  figures[0].n_stats = static_cast<std::uint32_t>(names.size());
  if (!ask_driver(socket->get(), interface, figures.data()) || figures[0].n_stats != names.size()) return {};
  Values values;
  for (std::size_t at = 0; at < names.size(); ++at) {
    if (counts_pause_frames(names[at])) values[names[at]] = reinterpret_cast<const std::uint64_t*>(figures[0].data)[at];
  }
  return values;
}

}  // namespace

InterfaceCounters InterfaceCounters::since(const InterfaceCounters& earlier) const {
  InterfaceCounters difference;
  for (const auto& [name, value] : values) {
    const auto before = earlier.values.find(name);
    if (before != earlier.values.end() && before->second <= value) difference.values[name] = value - before->second;
  }
  return difference;
}

Result<InterfaceCounters> read_interface_counters(const std::string& name, const SystemTree& tree) {
  const auto folder = interface_folder(name, tree);
  if (!folder) {
    return make_error(ErrorCode::no_device, "read the counters of interface " + in_quotes(name),
                      "there is none of this name in " + tree.sys + "/class/net",
                      "`ip link` lists those of this network namespace; its own sysfs must be mounted");
  }
  InterfaceCounters counters;
  for (const Renamed& file : interface_files) {
    if (const auto value = read_number(*folder + "/" + std::string(file.theirs)))
      counters.values[std::string(file.ours)] = *value;
  }
  const PauseFrames pauses = pause_frames(driver_counters(name));
  if (pauses.rx) counters.values["interface_rx_pause_frames"] = *pauses.rx;
  if (pauses.tx) counters.values["interface_tx_pause_frames"] = *pauses.tx;
  add(counters.values, read_protocol(tree.proc + "/net/snmp", "Tcp"), tcp_names);
  add(counters.values, read_protocol(tree.proc + "/net/netstat", "TcpExt"), tcp_extension_names);
  return counters;
}

}  // namespace xover
