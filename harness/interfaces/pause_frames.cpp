// The names are those of the drivers in linux/drivers/net/ethernet.
#include "harness/interfaces/pause_frames.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace xover {

namespace {

// Frames that stop the sender, and where they are counted apart those that let it go on: both are pause frames. A
// driver with several pairs counts the same frames in each, so that only the first pair is taken.
struct Names {
  std::string_view frames, others;
};
constexpr std::array<Names, 12> rx_names{{{"rx_pause_ctrl_phy", ""},                        // mlx5
                                          {"rx_pause_frames", ""},                          // bnxt, be2net, qede, cxgb4
                                          {"rx_pause", ""},                                 // mlx4
                                          {"rx_flow_control_xoff", "rx_flow_control_xon"},  // e1000e, igb, igc, ixgbe
                                          {"port.link_xoff_rx", "port.link_xon_rx"},        // i40e
                                          {"link_xoff_rx.nic", "link_xon_rx.nic"},          // ice
                                          {"rx_xoff_pause_rcvd", "rx_xon_pause_rcvd"},      // tg3
                                          {"rx_xoff_frames", "rx_xon_frames"},              // bnx2
                                          {"port_rx_pause", ""},                            // sfc
                                          {"mac_rx_mac_pause_num", ""},                     // hns3
                                          {"mmc_rx_pause_frames", ""},                      // stmmac
                                          {"rx_global_pause", ""}}};                        // mlx5, older ones
constexpr std::array<Names, 13> tx_names{{{"tx_pause_ctrl_phy", ""},
                                          {"tx_pause_frames", ""},
                                          {"tx_pauseframes", ""},  // be2net
                                          {"tx_pause", ""},
                                          {"tx_flow_control_xoff", "tx_flow_control_xon"},
                                          {"port.link_xoff_tx", "port.link_xon_tx"},
                                          {"link_xoff_tx.nic", "link_xon_tx.nic"},
                                          {"tx_xoff_sent", "tx_xon_sent"},
                                          {"tx_xoff_frames", "tx_xon_frames"},
                                          {"port_tx_pause", ""},
                                          {"mac_tx_mac_pause_num", ""},
                                          {"mmc_tx_pause_frame", ""},
                                          {"tx_global_pause", ""}}};

template <typename Table>
std::optional<std::uint64_t> first_of(const Table& table, const std::map<std::string, std::uint64_t>& counters) {
  for (const Names& names : table) {
    const auto frames = counters.find(std::string(names.frames));
    if (frames == counters.end()) continue;
    const auto others = counters.find(std::string(names.others));
    return frames->second + (others == counters.end() ? 0 : others->second);
  }
  return std::nullopt;
}

}  // namespace

PauseFrames pause_frames(const std::map<std::string, std::uint64_t>& driver_counters) {
  return {first_of(rx_names, driver_counters), first_of(tx_names, driver_counters)};
}

bool counts_pause_frames(const std::string& name) {
  const auto is_it = [&](const Names& names) { return name == names.frames || name == names.others; };
  return !name.empty() &&
         (std::any_of(rx_names.begin(), rx_names.end(), is_it) || std::any_of(tx_names.begin(), tx_names.end(), is_it));
}

}  // namespace xover
