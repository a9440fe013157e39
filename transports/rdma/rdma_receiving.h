// The receiving half of a channel: owns the memory that messages arrive in, lends it to the application in order, and
// counts what the peer may be told of. How a message gets into that memory differs in a derived class.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/transport.h"
#include "transports/rdma/rdma_hello.h"
#include "transports/rdma/rdma_shared.h"
#include "transports/rdma/receive_slots.h"

namespace xover {

class RdmaReceiving : public LeaseOwner {
 public:
  // By the way of the settings: allocates, and posts receives for all that the peer may send.
  static Result<std::unique_ptr<RdmaReceiving>> make(RdmaShared& shared, std::uint32_t channel, Ledger& ledger,
                                                     QueuePair& queue_pair);
  virtual ~RdmaReceiving() = default;  // the queue pair is gone
  RdmaReceiving(const RdmaReceiving&) = delete;
  RdmaReceiving& operator=(const RdmaReceiving&) = delete;

  virtual void describe(RdmaHello&) const {}  // what the peer must know of this end's memory

  // A message, or word of one, in this slot. A failure means that the channel is to die of it.
  virtual Failure take(std::uint64_t slot, const WorkResult& result) noexcept = 0;
  virtual void take_read(std::uint64_t) noexcept {}
  virtual void progress() noexcept {}
  void repost(std::uint64_t slot) noexcept { slots_.post(slot); }  // of a word that is no message

  bool next_completion(Completion& out) noexcept;  // false: nothing to report
  // Everything that was announced is here, and was handed out.
  bool empty() const noexcept { return handed_ == arrived(); }
  virtual bool complete() const noexcept { return true; }  // what was announced is here
  std::uint64_t announced() const noexcept { return announced_; }
  void drop() noexcept { dropped_ = true; }  // nothing is handed out any more

  // What the peer may be told of now; none: not yet.
  std::optional<std::uint64_t> grant_due() const noexcept;
  void grant_was_told(std::uint64_t count) noexcept;

 protected:
  struct Arrived {
    std::uint64_t handle = 0;
    std::span<std::byte> bytes;
  };

  RdmaReceiving(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, ReceiveSlots slots);

  virtual std::uint64_t arrived() const noexcept = 0;
  virtual Arrived message(std::uint64_t number) const noexcept = 0;
  virtual std::uint64_t grantable() const noexcept = 0;
  virtual bool is_enough(std::uint64_t untold) const noexcept;
  virtual void note_told() noexcept {}

  std::uint64_t unacknowledged() const noexcept { return announced_ - told_; }

  RdmaShared& shared_;
  ReceiveSlots slots_;
  std::uint64_t announced_ = 0;  // messages

 private:
  const std::uint32_t channel_;
  Ledger& ledger_;
  std::uint64_t handed_ = 0, told_ = 0;
  bool dropped_ = false;
};

}  // namespace xover
