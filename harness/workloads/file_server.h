// The sending side of workload `file`: takes requests from a connection and answers each with the contents of a file.
// Its phase ends when the client has said that there is no more, and every answer is released.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/workloads/end.h"
#include "harness/workloads/endpoint.h"
#include "harness/workloads/file_request.h"
#include "harness/workloads/receive_buffers.h"

namespace xover {

class FileServer final : public End {
 public:
  static Result<std::unique_ptr<End>> open(const SampleSpec& spec, unsigned connection, FileSet& files);

  Result<std::string> listen() override { return endpoint_.listen(); }
  Result<void> accept(MonotonicNs deadline) override;
  Result<void> connect(std::span<const std::string> addresses, MonotonicNs deadline) override;
  Result<void> run_phase(const PhaseOrder& order, const Expectation& expected) override;
  std::uint64_t sent_messages() const override { return sent_messages_; }
  void add_to(SideReport& report) const override;

 private:
  struct Asked {
    std::uint32_t file = 0;
    bool dropped = false;  // from the page cache, for this answer
  };

  FileServer(const SampleSpec& spec, FileSet& files, Endpoint endpoint);
  Result<void> prepare();
  void begin_phase();
  // Data plane.
  void serve_until_finished() noexcept;
  void answer() noexcept;
  void drop_from_cache(Asked& asked) noexcept;
  void take(std::span<Completion> completions) noexcept;
  void take_bytes(std::span<const std::byte> bytes) noexcept;
  void take_request(const FileRequest& request) noexcept;
  void take_release(const Completion& completion) noexcept;
  Asked& asked(std::uint64_t request) { return asked_[request % asked_.size()]; }
  bool done() const { return finished_ && answered_ == received_ && in_flight_ == 0; }

  static constexpr std::size_t burst = 32;

  SampleSpec spec_;
  FileSet& files_;
  Endpoint endpoint_;
  ReceiveBuffers buffers_;

  FileRequest partial_;  // the request that is arriving
  std::size_t partial_bytes_ = 0;
  std::vector<Asked> asked_;                   // by request, as many as can be waiting or in flight
  std::uint64_t received_ = 0, answered_ = 0;  // requests of this connection; answered: lent to the transport
  std::size_t in_flight_ = 0;
  bool finished_ = false;
  std::uint32_t failed_file_ = 0;

  std::uint64_t sent_messages_ = 0, sent_bytes_ = 0, busy_ = 0, drops_ = 0, drops_in_vain_ = 0;
  Ledger requests_;  // what the phase's requests were booked as: no part of what is compared
  MonotonicNs first_ns_ = 0, last_ns_ = 0;
};

}  // namespace xover
