// Running iperf3, qperf, sockperf and ib_read_bw.
#include "tests/bench/peer_tools.h"

#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/support/child_process.h"

namespace xover::bench {

namespace {

using test::ChildProcess;
using test::ChildResult;

constexpr auto client_bound = std::chrono::seconds(15);
constexpr auto reading_bound = std::chrono::seconds(60);  // soft-RoCE in an emulated guest
constexpr auto listening_bound = std::chrono::seconds(15);

// Each run takes new ports, so that no connection of an earlier one is in the way.
unsigned next_port() {
  static unsigned port = 20000;
  return ++port;
}

bool listens(unsigned port) {
  const std::string wanted = fmt::format(":{:04X} ", port);
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream fields(line);
      std::string number, local, remote, state;
      fields >> number >> local >> remote >> state;
      if (state == "0A" && (local + " ").ends_with(wanted)) return true;
    }
  }
  return false;
}

Result<void> wait_until_listening(const char* tool, unsigned port) {
  const auto bound = std::chrono::steady_clock::now() + listening_bound;
  while (!listens(port)) {
    if (std::chrono::steady_clock::now() > bound)
      return make_error(ErrorCode::timed_out, tool, fmt::format("its server does not listen on port {}", port));
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

tl::unexpected<Error> not_understood(const char* tool, const ChildResult& result) {
  return make_error(
      ErrorCode::internal, tool,
      fmt::format("exit {}: {} {}", result.exit_code, result.out.substr(0, 300), result.err.substr(0, 300)));
}

// The number that stands behind a text.
Result<double> number_behind(const char* tool, const ChildResult& result, const std::string& text) {
  const auto at = result.out.find(text);
  if (at == std::string::npos) return not_understood(tool, result);
  return std::strtod(result.out.c_str() + at + text.size(), nullptr);
}

std::string pinned_to(unsigned core) { return std::to_string(core); }

}  // namespace

Result<double> iperf3_gbps(const PeerRun& run) {
  const unsigned port = next_port();
  const std::string port_text = std::to_string(port);
  ChildProcess server({"iperf3", "-s", "-1", "-p", port_text, "-A", pinned_to(run.receiver_core)});
  if (auto ready = wait_until_listening("iperf3", port); !ready) return tl::make_unexpected(ready.error());
  // Its file is made in TMPDIR. In memory, as ours is: a disk's file system hands pages to sendfile in larger batches.
  std::vector<std::string> client{"env", "TMPDIR=/dev/shm", "iperf3", "-c",    "127.0.0.1",
                                  "-p",  port_text,         "-C",     "cubic", "-l"};
  client.insert(client.end(), {std::to_string(run.size_bytes), "-t", "1", "-A", pinned_to(run.sender_core), "-J"});
  if (run.from_file) client.emplace_back("-Z");
  const ChildResult result = test::run_program(client, client_bound);
  const auto report = nlohmann::json::parse(result.out, nullptr, false);
  const nlohmann::json::json_pointer figure("/end/sum_received/bits_per_second");
  if (report.is_discarded() || !report.contains(figure)) return not_understood("iperf3", result);
  return report[figure].get<double>() * 1e-9;
}

Result<double> qperf_gbps(const PeerRun& run) {
  const unsigned port = next_port();
  const std::string port_text = std::to_string(port);
  ChildProcess server({"taskset", "-c", pinned_to(run.receiver_core), "qperf", "-lp", port_text});
  if (auto ready = wait_until_listening("qperf", port); !ready) return tl::make_unexpected(ready.error());
  const ChildResult result =
      test::run_program({"taskset", "-c", pinned_to(run.sender_core), "qperf", "-lp", port_text, "127.0.0.1", "-t", "1",
                         "-m", std::to_string(run.size_bytes), "-uu", "tcp_bw"},
                        client_bound);
  auto bytes_per_second = number_behind("qperf", result, "bw  =  ");  // -uu: no unit prefixes
  if (!bytes_per_second) return bytes_per_second;
  return *bytes_per_second * 8e-9;
}

Result<double> sockperf_half_round_trip_us(const PeerRun& run) {
  const unsigned port = next_port();
  const std::string port_text = std::to_string(port), size = std::to_string(run.size_bytes);
  std::vector<std::string> server_words{
      "taskset", "-c", pinned_to(run.receiver_core), "sockperf", "sr", "--tcp", "-i", "127.0.0.1", "-p", port_text};
  std::vector<std::string> client_words{"taskset",  "-c",        pinned_to(run.sender_core),
                                        "sockperf", "pp",        "--tcp",
                                        "-i",       "127.0.0.1", "-p",
                                        port_text,  "-t",        "1",
                                        "-m",       size};
  if (run.polling) {
    server_words.emplace_back("--nonblocked");
    client_words.emplace_back("--nonblocked");
  }
  ChildProcess server(server_words);
  if (auto ready = wait_until_listening("sockperf", port); !ready) return tl::make_unexpected(ready.error());
  const ChildResult result = test::run_program(client_words, client_bound);
  return number_behind("sockperf", result, "percentile 50.000 =");
}

// One row of figures, behind the row of their names: bytes, iterations, peak, average, messages.
Result<double> ib_read_bw_gbps(const ReadRun& run) {
  const unsigned port = next_port();
  const auto words = [&](unsigned core) {
    std::vector<std::string> all{"taskset", "-c", pinned_to(core), "ib_read_bw", "-F", "--report_gbits", "-R"};
    all.insert(all.end(), {"-d", run.device, "-p", std::to_string(port), "-s", std::to_string(run.size_bytes), "-o",
                           std::to_string(run.reads), "-n", "1000"});
    return all;
  };
  ChildProcess server(words(run.sender_core));
  std::this_thread::sleep_for(std::chrono::seconds(2));  // it listens by RDMA, of which no table tells
  std::vector<std::string> client = words(run.receiver_core);
  client.push_back(run.address);
  const ChildResult result = test::run_program(client, reading_bound);
  const auto names = result.out.rfind("#bytes");
  if (result.exit_code != 0 || names == std::string::npos) return not_understood("ib_read_bw", result);
  std::istringstream row(result.out.substr(std::min(result.out.find('\n', names), result.out.size())));
  double bytes = 0, iterations = 0, peak = 0, average = 0;
  if (!(row >> bytes >> iterations >> peak >> average)) return not_understood("ib_read_bw", result);
  return average;
}

Result<std::string> enter_own_network() {
  if (unshare(CLONE_NEWNET) != 0) return system_error("unshare", "network namespace", "run as root");
  const int any_socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof("lo"));
  request.ifr_flags = IFF_UP;
  const int problem = ioctl(any_socket, SIOCSIFFLAGS, &request);
  if (problem != 0) return system_error("bring lo up");
  close(any_socket);
  for (const char* name : {"cubic", "reno"}) {
    std::ofstream control("/proc/sys/net/ipv4/tcp_congestion_control");
    control << name << std::flush;
    if (control) return name;
  }
  return make_error(ErrorCode::not_permitted, "set the namespace's congestion control", "cubic or reno");
}

}  // namespace xover::bench
