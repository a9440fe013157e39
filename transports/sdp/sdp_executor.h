// Does what the protocol machine of a connection asks for: posts to the queue pair, copies, registers; and tells the
// machine what came of it.
//
// Owns the private memory of the connection and its queue pair. What the machine has registered stays so until the
// machine says Release, or until the queue pair has gone: nobody else can reach the memory then.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/ledger.h"
#include "transports/rdma/fabric.h"
#include "transports/rdma/registered_memory.h"
#include "transports/sdp/actions.h"
#include "transports/sdp/advert_times.h"
#include "transports/sdp/machine.h"
#include "transports/sdp/private_buffers.h"
#include "transports/sdp/request_queue.h"
#include "transports/sdp/sdp_shared.h"

namespace xover {

class SdpExecutor {
 public:
  SdpExecutor(SdpShared& shared, Ledger& ledger) : shared_(shared), ledger_(ledger) {}
  ~SdpExecutor();
  SdpExecutor(const SdpExecutor&) = delete;
  SdpExecutor& operator=(const SdpExecutor&) = delete;

  // Control plane, in this order: memory, receives, the machine. Receives may be posted again on another queue pair,
  // where the one before came to nothing.
  Result<void> allocate();
  Result<void> post_receives(QueuePair& queue_pair);
  void start(std::unique_ptr<QueuePair> queue_pair, sdp::Machine& machine);

  // Data plane.
  void take(const WorkResult& result) noexcept;
  void execute(const sdp::Carry& action) noexcept;
  void execute(const sdp::PostMessage& action) noexcept;
  void execute(const sdp::PostRead& action) noexcept;
  void execute(const sdp::PostWrite& action) noexcept;
  void execute(const sdp::Register& action) noexcept;
  void execute(const sdp::Release& action) noexcept;
  void execute(const sdp::Copy& action) noexcept;
  void execute(const sdp::PostReceive& action) noexcept;
  void execute(const sdp::Abort& action) noexcept;

  const QueuePair& queue_pair() const noexcept { return *queue_pair_; }
  void signal_all_messages() noexcept { signal_all_ = true; }
  // True once: executing actions has told the machine something.
  bool told_machine() noexcept { return std::exchange(told_machine_, false); }
  // In order when the protocol has ended so, else as a failure; the peer hears of it. Nothing is reached any more.
  void end(bool in_order) noexcept;

 private:
  using Pieces = std::vector<LocalPiece>;

  void gather(const sdp::Gather& payload) noexcept;
  std::size_t stage(std::byte* to, const sdp::Gather& payload) noexcept;
  bool post(WorkRequest& request) noexcept;
  void lost() noexcept;
  void release(std::optional<RegisteredMemory::Place>& place) noexcept;
  void take_message(std::uint16_t slot, std::size_t size_bytes) noexcept;
  void note_received(const sdp::Message& message) noexcept;
  void note_posted(const sdp::Message& message) noexcept;

  SdpShared& shared_;
  Ledger& ledger_;
  PrivateBuffers receives_;
  PrivateBuffers stages_;                 // where a post does not take all that a message may have
  PrivateBuffers read_stage_;             // for receives that nobody registers
  std::unique_ptr<std::byte[]> scratch_;  // a message of more pieces than a post takes
  std::unique_ptr<QueuePair> queue_pair_;
  sdp::Machine* machine_ = nullptr;
  std::optional<RequestQueue> requests_;
  std::optional<AdvertTimes> adverts_;
  std::vector<std::optional<RegisteredMemory::Place>> places_;  // by ticket
  std::array<sdp::Gather, sdp::Actions::capacity> payload_;     // of the message that is being posted
  std::size_t payload_runs_ = 0;
  Pieces pieces_;  // of its post
  std::size_t piece_count_ = 0;
  bool all_inline_ = false;
  bool signal_all_ = false;
  bool ended_ = false;
  bool lost_ = false;
  bool told_machine_ = false;
  AccountTime last_moved_at_ = 0;  // when the last read or write ended that no completion message was sent for
};

}  // namespace xover
