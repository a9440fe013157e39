// One end of a connection. Whoever posts does the work: it copies into the peer's posted receives and to and from the
// peer's regions, a bounded number of bytes at a time, and goes on in poll(). The rules are in fabric.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "transports/rdma/fabric.h"
#include "transports/rdma/local/local_peer.h"
#include "transports/rdma/local/local_state.h"
#include "transports/rdma/local/meeting_line.h"
#include "transports/rdma/local/send_queue.h"

namespace xover {

// What is copied at a time: large enough that it is worth a system call, small enough that the peer, which may have to
// wait for its end, never waits long.
inline constexpr std::size_t copy_step_bytes = std::size_t{1} << 20;
inline constexpr std::size_t most_pieces = 16;  // of a request

class LocalQueuePair final : public QueuePair {
 public:
  static Result<std::unique_ptr<LocalQueuePair>> create(LocalState& state, std::uint32_t index);
  ~LocalQueuePair() override;

  std::uint32_t index() const noexcept override { return index_; }
  Posted post(const WorkRequest& request) noexcept override;
  Posted post_receive(std::uint64_t id, const LocalPiece& piece) noexcept override;
  void disconnect() noexcept override;
  void fail() noexcept override;
  Failure failure() const noexcept override { return failure_; }

  // --- for the fabric, control plane
  const SharedMemory& page() const noexcept { return *page_memory_; }
  std::uint32_t receive_slots() const noexcept { return receive_slots_; }
  void attach(MeetingLine line, LocalPeer peer) noexcept;
  bool in_one_process() const noexcept { return peer_ && peer_->same_process(); }
  bool listens_to_line() const noexcept { return peer_ && !peer_->same_process() && line_ && !failure_; }
  const MeetingLine& line() const noexcept { return line_; }

  // --- for the fabric, data plane
  void make_progress() noexcept;
  std::size_t take(std::span<WorkResult> out) noexcept;
  // Hears what the peer says on the line, and that it hung up.
  void look_at_line() noexcept;
  bool has_results() const noexcept;
  bool waits() const noexcept { return !failure_ && requests_.waiting(); }
  bool may_go_on() const noexcept { return waits() && !not_ready_since_; }  // with more of a long copy
  // Returns when the peer is in the middle of nothing that it had begun before, or is dead; a process that does not go
  // on for so long fails the connection. False: nothing was to wait for.
  bool await_quiet(MonotonicNs bound_ns) noexcept;

 private:
  enum class Step : std::uint8_t { ended, half_done, not_ready, peer_has_ended };

  LocalQueuePair(LocalState& state, std::uint32_t index) : state_(state), index_(index) {}

  Step run_first(std::span<const LocalPiece> pieces) noexcept;
  Step step(QueuedRequest& request, std::span<const LocalPiece> pieces, WorkStatus& status) noexcept;
  WorkStatus aim(const QueuedRequest& request, const PostedReceive* receive, LocalPeer::Target& target) noexcept;
  WorkStatus move(const QueuedRequest& request, const LocalPeer::Target& target, std::span<const iovec> pieces,
                  std::size_t size_bytes) noexcept;
  void arrive(const QueuedRequest& request) noexcept;
  bool waited_too_long() noexcept;
  void look_if_due() noexcept;
  void end(Failure why, Ending ending) noexcept;
  void notice_peers_end() noexcept;
  bool take_arrival(WorkResult& result) noexcept;
  bool take_flushed(WorkResult& result) noexcept;

  LocalState& state_;
  std::uint32_t index_;
  Failure failure_;
  EndPage page_;
  std::uint32_t receive_slots_ = 0;
  std::uint32_t posted_ = 0, taken_ = 0;    // receives, since the start
  std::vector<std::uint64_t> receive_ids_;  // of those posted and not taken
  SendQueue requests_;
  Ticks last_look_ = 0;
  std::optional<Ticks> not_ready_since_;  // the first request waits for a posted receive
  std::optional<LocalPeer> peer_;
  std::shared_ptr<SharedMemory> page_memory_;
  MeetingLine line_;
};
}  // namespace xover
