// The other host, as the coordinator has it: the connection to its `xover serve`, over which agents are spawned there
// and asked. Everything of the control plane between two hosts goes over this one connection; the texts are listed in
// harness/server/client_host.h.
//
// One thread. Every wait has a bound. Once the connection is lost it stays lost, and every call says why.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "core/link.h"
#include "harness/agents/agent.h"
#include "harness/remote/peer_address.h"
#include "harness/remote/sealed_frames.h"

namespace xover {

class RemoteHost {
 public:
  using StopRequested = std::function<bool()>;
  using Tell = std::function<void(const std::string& line)>;  // a line for people: "waiting: 2 are before this run"

  // Connects, proves the key and waits for this run's turn, however long the queue, unless a stop is requested.
  // `run_name` is what the far side shows of us.
  static Result<std::unique_ptr<RemoteHost>> connect(const PeerAddress& peer, const Key& key,
                                                     const std::string& run_name, StopRequested stop_requested,
                                                     const Tell& tell);
  ~RemoteHost();  // says goodbye
  RemoteHost(const RemoteHost&) = delete;
  RemoteHost& operator=(const RemoteHost&) = delete;

  const PeerAddress& address() const { return address_; }
  // Where the two hosts reach each other: the addresses of the control connection, for one version of IP.
  const HostAddresses& near() const { return near_; }
  const HostAddresses& far() const { return far_; }

  Result<std::unique_ptr<Agent>> start_agent(const std::string& name);

  // Why the connection is lost; nothing while it stands. Reads what has arrived; does not block.
  std::optional<Error> lost();

  // Asks for its clock a few times; the quickest answer bounds the uncertainty. A few round trips.
  Result<HostClock> clock();
  // How long the two clocks of real time (CLOCK_REALTIME) are known to agree: with PTP. 0: not known.
  void clocks_agree_within(std::int64_t ns) { clocks_agree_ns_ = ns; }

 private:
  friend class RemoteAgent;

  RemoteHost(PeerAddress address, FileDescriptor socket, StopRequested stop_requested);

  Result<void> shake_hands(const Key& key);
  Result<void> wait_for_turn(const std::string& run_name, const Tell& tell);
  Result<void> send_bytes(std::string_view bytes, MonotonicNs deadline);
  // Sends a request and waits for its reply; `interrupted` may end the wait. Replies to earlier requests are dropped.
  Result<nlohmann::json> ask(nlohmann::json request, MonotonicNs deadline,
                             const std::function<Result<void>()>& interrupted);
  // Whether something came from the socket, after a wait of up to 50 ms if asked to wait.
  Result<bool> receive(bool wait);
  Result<std::optional<nlohmann::json>> next_text();
  void take_event(const nlohmann::json& event);
  Error lose(Error why);
  std::optional<std::string> ending_of(std::uint64_t agent);
  bool stop_wanted() const { return stop_requested_ && stop_requested_(); }

  PeerAddress address_;
  FileDescriptor socket_;
  StopRequested stop_requested_;
  HostAddresses near_, far_;
  std::optional<SealedWriter> writer_;
  std::optional<SealedParser> parser_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, nlohmann::json> replies_;  // of the request that is waited for
  std::map<std::uint64_t, std::string> endings_;     // of agents there
  std::optional<std::string> closing_;               // why the far side said that it would go
  std::uint64_t place_ = 0;                          // in the queue
  bool our_turn_ = false;
  MonotonicNs last_heard_ns_ = 0;
  std::optional<Error> lost_;
  std::int64_t clocks_agree_ns_ = 0;
};

}  // namespace xover
