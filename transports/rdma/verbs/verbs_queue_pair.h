// One reliable connection: a queue pair and the connection manager's id that it hangs on.
//
//   preparing --established()--> live --disconnect()--> parting --> ended
//                                  `------ any failure ---------------^
//
// Each request that was posted and not yet spoken for stands in a ring of its queue, because a completion that failed
// says neither what kind of request it was nor, here, whose id it had. Whatever is left in the rings of an ended
// connection comes back as flushed: from the device, or from here if the device is silent for too long.
//
// The end in order is told by a last message, for the connection manager says the same of a peer that was killed.
#pragma once

#include <cstdint>

#include "transports/common/ring.h"
#include "transports/rdma/verbs/verbs_completions.h"

namespace xover {

struct VerbsCounters {
  std::uint64_t completions = 0;
  std::uint64_t posted = 0;
  std::uint64_t full = 0;
  std::uint64_t receiver_not_ready = 0;  // connections that failed so
  std::uint64_t retries_exhausted = 0;   // likewise, the watchdog's included
  std::uint64_t watchdog = 0;            // connections that it ended
  std::uint64_t async_events = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t strangers = 0;  // who asked for a connection and were turned away
};

class VerbsEnd;

class VerbsQueuePair final : public QueuePair {
 public:
  struct Sizes {
    std::size_t max_requests = 0, max_receives = 0, max_pieces = 0, max_inline_bytes = 0;
  };

  static constexpr std::size_t most_pieces = 16;
  static constexpr std::uint32_t farewell_requests = 1;  // beside those of the caller

  // The id has its queue pair. `end` must outlive this.
  VerbsQueuePair(VerbsEnd& end, std::uint32_t index, VerbsHandle<rdma_event_channel> events, VerbsHandle<rdma_cm_id> id,
                 const Sizes& sizes);
  ~VerbsQueuePair() override;

  std::uint32_t index() const noexcept override { return index_; }
  Posted post(const WorkRequest& request) noexcept override;
  Posted post_receive(std::uint64_t id, const LocalPiece& piece) noexcept override;
  void disconnect() noexcept override;
  void fail() noexcept override;
  Failure failure() const noexcept override { return failure_; }

  // For the end. The connection stands.
  void established() noexcept;
  rdma_cm_id* id() const noexcept { return id_.get(); }
  int event_fd() const noexcept { return state_ == State::live || state_ == State::parting ? events_->fd : -1; }
  rdma_event_channel* events() const noexcept { return events_.get(); }
  // A completion of this queue pair; true: it is worth a result.
  bool take(const ibv_wc& completion, WorkResult& result) noexcept;
  // The connection manager has news, and of an established connection it has none but its end.
  void peer_left() noexcept;
  // So much time has passed, and what was complete has been taken.
  void time_passed(std::int64_t ns) noexcept;
  // What the device will not give back any more; false: nothing.
  bool give_up(WorkResult& result) noexcept;
  bool is_given_up() const noexcept { return given_up_ && outstanding() > 0; }

 private:
  enum class State : std::uint8_t { preparing, live, parting, ended };

  struct Request {
    std::uint64_t id = 0;
    Work work = Work::send;
    bool signalled = false;  // by the caller's wish: its success is a result
    bool farewell = false;   // the fabric's own
  };

  VerbsWorkId next_send() const noexcept {
    return {false, index_, first_request_ + static_cast<std::uint32_t>(requests_.size())};
  }
  std::size_t outstanding() const noexcept { return requests_.size() + receives_.size(); }
  bool take_request(std::uint32_t sequence, WorkResult& result) noexcept;
  bool take_receive(std::uint32_t sequence, const ibv_wc& completion, WorkResult& result) noexcept;
  Posted refused(int error) noexcept;
  void die(Failure failure) noexcept;

  VerbsEnd& end_;
  std::uint32_t index_;
  Sizes sizes_;
  VerbsHandle<rdma_event_channel> events_;
  VerbsHandle<rdma_cm_id> id_;  // goes before its channel
  State state_ = State::preparing;
  bool given_up_ = false;
  Failure failure_;
  Ring<Request> requests_;
  Ring<std::uint64_t> receives_;
  std::uint32_t first_request_ = 0, first_receive_ = 0;  // sequence numbers of the rings' fronts
  std::size_t unsignalled_ = 0;                          // in a row
  std::uint64_t farewell_ = 0;                           // its work id
  std::uint64_t taken_ = 0, taken_before_ = 0;           // completions
  std::int64_t silent_ns_ = 0;                           // since one came, or since there is one to wait for
};

}  // namespace xover
