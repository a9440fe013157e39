// A channel of rdma.*: its queue pair, its two halves, the words between the ends, its life and its death.
//
// Life: `alive` until the first failure or abort, then `dying`, while ops come back. Nothing more arrives then, but a
// peer that ended in order before leaves what it sent to be handed out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/transport.h"
#include "transports/rdma/rdma_receiving.h"
#include "transports/rdma/rdma_sending.h"
#include "transports/rdma/rdma_shared.h"

namespace xover {

class RdmaChannel final : public Channel {
 public:
  // In the fabric's `prepare`: allocates, registers, posts receives.
  static Result<std::unique_ptr<RdmaChannel>> make(RdmaShared& shared, std::uint32_t index, QueuePair& queue_pair);
  ~RdmaChannel() override;

  RdmaHello hello() const;
  void meet(const RdmaHello& peer) { sending_->meet(peer); }
  void own(std::unique_ptr<QueuePair> queue_pair) { owned_ = std::move(queue_pair); }  // the one of make()

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer>) noexcept override { return 0; }
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return failure_ ? failure_ : refusal_; }
  const Ledger& ledger() const noexcept override { return ledger_; }

  // For the session.
  const QueuePair& queue_pair() const noexcept { return queue_pair_; }
  void take(const WorkResult& result) noexcept;
  void progress() noexcept;
  std::size_t reap(std::span<Completion> out) noexcept;
  bool ready() const noexcept;  // reap() has something
  // The end of the session: in order where this direction has ended, else as an abort.
  bool waits_for_end() const noexcept {
    return state_ == State::alive && shut_ && !end_arrived_ && sending_->all_done();
  }
  void end() noexcept;

 private:
  enum class State : std::uint8_t { alive, dying };

  RdmaChannel(RdmaShared& shared, std::uint32_t index, QueuePair& queue_pair)
      : shared_(shared), index_(index), queue_pair_(queue_pair) {}

  void take_success(const WorkResult& result) noexcept;
  void take_failure(const WorkResult& result) noexcept;
  void receive(const WorkResult& result) noexcept;
  bool take_word(std::uint64_t slot, std::uint32_t immediate) noexcept;
  Posted say(Word word, std::uint64_t count) noexcept;
  void grant() noexcept;
  void tell_end() noexcept;
  bool peer_ended() const noexcept { return peer_finished_ && receiving_->complete(); }
  void die(const Failure& why) noexcept;
  bool report_closed(Completion& out) noexcept;

  RdmaShared& shared_;
  const std::uint32_t index_;
  QueuePair& queue_pair_;
  Ledger ledger_;
  std::unique_ptr<RdmaSending> sending_;
  std::unique_ptr<RdmaReceiving> receiving_;
  std::unique_ptr<QueuePair> owned_;  // goes before what it works on
  State state_ = State::alive;
  bool shut_ = false;           // shutdown_send was called
  bool end_told_ = false;       // the word was posted
  bool end_arrived_ = false;    // and its result came
  bool peer_finished_ = false;  // the peer said that this was all
  bool dropped_end_ = false;    // abort() came before the peer's end was reported
  bool closed_ = false;         // the `closed` completion is out
  Failure failure_, refusal_;
};

}  // namespace xover
