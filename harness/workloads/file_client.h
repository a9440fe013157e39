// The receiving side of workload `file`: asks for files, `depth` requests in flight, and takes their contents. It
// knows from the point which file every byte belongs to. Its phase lasts until the sender's has ended, because it is
// what acknowledges the last answers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/histogram.h"
#include "harness/workloads/end.h"
#include "harness/workloads/endpoint.h"
#include "harness/workloads/file_mix.h"
#include "harness/workloads/file_request.h"
#include "harness/workloads/receive_buffers.h"

namespace xover {

// What both ends open their sessions with: a message may have arrived, and its sender not know yet, when the next is
// due; one more is for the word that the phase is over.
constexpr std::size_t file_session_depth(const Point& point) { return 2 * std::size_t{point.depth} + 1; }

class FileClient final : public End {
 public:
  static Result<std::unique_ptr<End>> open(const SampleSpec& spec, unsigned connection);

  Result<std::string> listen() override { return endpoint_.listen(); }
  Result<void> accept(MonotonicNs deadline) override;
  Result<void> connect(std::span<const std::string> addresses, MonotonicNs deadline) override;
  Result<void> run_phase(const PhaseOrder& order, const Expectation& expected) override;
  std::uint64_t sent_messages() const override { return 0; }
  void add_to(SideReport& report) const override;

 private:
  struct Slot {
    std::byte* memory = nullptr;
    Segment segment;
    bool on_loan = false;
  };

  FileClient(const SampleSpec& spec, unsigned connection, Endpoint endpoint);
  Result<void> prepare();
  void begin_phase();
  // Data plane.
  void ask_until(Ticks end, const Expectation& expected) noexcept;
  void finish(const Expectation& expected) noexcept;
  void ask() noexcept;
  bool send(const FileRequest& request) noexcept;
  void turn() noexcept;
  void take_answer(const Completion& completion) noexcept;
  std::uint64_t outstanding() const { return asked_ - answered_; }

  SampleSpec spec_;
  Endpoint endpoint_;
  std::vector<std::uint64_t> sizes_;
  RequestSequence sequence_;
  ReceiveBuffers buffers_;

  std::vector<Slot> slots_;
  std::uint64_t sends_ = 0;  // requests and finishes; each has the slot of its number
  std::vector<Ticks> asked_at_;
  std::uint64_t asked_ = 0, answered_ = 0;  // requests of this connection
  std::uint64_t position_ = 0;              // in the answer that is arriving
  Ticks last_progress_ = 0;
  std::uint32_t wrong_file_ = 0;

  std::uint64_t arrived_messages_ = 0, arrived_bytes_ = 0, busy_ = 0;
  std::uint64_t touched_ = 0;  // so that reading every byte has a use
  Ticks last_arrival_ = 0;
  MonotonicNs first_ns_ = 0, last_ns_ = 0;
  Histogram latency_;
};

}  // namespace xover
