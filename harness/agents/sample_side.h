// One side of one sample inside an agent: its ends, each on a worker of its own, taken through the steps that the
// coordinator asks for. Used from the agent's main thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/agents/sample.h"
#include "harness/agents/worker.h"
#include "harness/interfaces/interface_counters.h"
#include "harness/measurement/soakers.h"
#include "harness/workloads/end.h"

namespace xover {

class SampleSide {
 public:
  SampleSide(const SampleSpec& spec, Role role);
  ~SampleSide();

  // Receiver: opens, listens, and goes on to accept on the workers. One address for each connection.
  Result<std::vector<std::string>> open_receiver();
  // Sender: writes what it will serve, opens and connects. Transports whose link has no receiver get addresses that
  // mean nothing.
  Result<void> open_sender(std::vector<std::string> addresses);

  // Receiver: begins a phase; returns when every worker has its connection and its buffers.
  Result<void> start_phase(const PhaseOrder& order);
  // Receiver: waits until what the sender says it sent on each connection has arrived.
  Result<void> finish_phase(const std::vector<std::uint64_t>& messages);
  // Sender: runs a phase; the messages sent on each connection.
  Result<std::vector<std::uint64_t>> run_phase(const PhaseOrder& order);

  SideReport report() const;  // of the last phase

 private:
  struct Place;

  template <typename Step>
  Result<void> on_every_worker(Step step);
  template <typename Step>
  void start_on_every_worker(Step step);
  Result<void> wait_for_workers();
  void begin_counting();
  void end_counting();
  void begin_soaking();
  void end_soaking();

  SampleSpec spec_;
  Role role_;
  EndShape shape_;
  std::unique_ptr<FileSet> files_;  // of a sender of workload `file`; outlives the ends
  std::unique_ptr<Soakers> soakers_;
  std::optional<std::int64_t> not_soaked_ns_;   // in the last phase, of all soaked cores
  InterfaceCounters counted_before_, counted_;  // of the interface in the last phase, with two hosts
  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace xover
