// The completion queue of one end: of all its queue pairs, for both directions. It has room for everything that they
// can have posted, so it cannot overflow.
//
// What must be taken out before its turn (because a queue pair goes, or the end is about to sleep) waits in a backlog
// in front of the queue.
#pragma once

#include <memory>
#include <span>

#include "transports/common/ring.h"
#include "transports/rdma/verbs/verbs_device.h"

namespace xover {

// What comes back in ibv_wc::wr_id: whose request it was, and which.
struct VerbsWorkId {
  bool receive = false;
  std::uint32_t queue_pair = 0;  // below 2^31
  std::uint32_t sequence = 0;    // of this queue, counted up for ever

  std::uint64_t packed() const noexcept {
    return std::uint64_t{receive} << 63 | std::uint64_t{queue_pair} << 32 | sequence;
  }
  static VerbsWorkId of(std::uint64_t packed) noexcept {
    return {(packed >> 63) != 0, static_cast<std::uint32_t>(packed >> 32) & 0x7fff'ffffu,
            static_cast<std::uint32_t>(packed)};
  }
};

// A send with an immediate: there is none in the seam, so it is the word of this fabric itself that it will
// disconnect in order.
bool is_farewell(const ibv_wc& completion) noexcept;

class VerbsCompletions {
 public:
  // The device must outlive this.
  static Result<std::unique_ptr<VerbsCompletions>> open(const VerbsDevice& device, std::size_t entries, bool sleeps);
  ~VerbsCompletions();
  VerbsCompletions(const VerbsCompletions&) = delete;
  VerbsCompletions& operator=(const VerbsCompletions&) = delete;

  ibv_cq* queue() const noexcept { return queue_.get(); }
  std::size_t take(std::span<ibv_wc> out) noexcept;

  void set_aside() noexcept;                       // all that is there now goes to the backlog
  void forget(std::uint32_t queue_pair) noexcept;  // drops what is there of a queue pair that has gone
  bool has_set_aside(std::uint64_t work_id) const noexcept;
  bool has_farewell_for(std::uint32_t queue_pair) const noexcept;

  bool sleeps() const noexcept { return channel_ != nullptr; }
  int event_fd() const noexcept { return channel_ != nullptr ? channel_->fd : -1; }
  // Asks for an event at the next completion. True: one is there already, and there may be no event.
  bool arm() noexcept;
  void take_events() noexcept;  // whose only use is that they end a sleep

 private:
  explicit VerbsCompletions(std::size_t entries) : backlog_(entries) {}
  template <typename Keep>
  void fill_backlog(Keep&& keep) noexcept;

  VerbsHandle<ibv_comp_channel> channel_;
  VerbsHandle<ibv_cq> queue_;
  Ring<ibv_wc> backlog_;
  unsigned unacknowledged_events_ = 0;
};

}  // namespace xover
