// A channel of inproc: its two halves, and how it ends. A channel that has failed takes nothing more, keeps trying to
// take back what the peer is still copying, and gives back every token and buffer through reap.
#pragma once

#include <memory>
#include <utility>

#include "core/transport.h"
#include "transports/inproc/faults.h"
#include "transports/inproc/inbound.h"
#include "transports/inproc/outbound.h"
#include "transports/inproc/wire.h"

namespace xover {

enum class InprocRole : std::uint8_t { connector, acceptor };

class InprocChannel final : public Channel, public Cancel {
 public:
  // `limits` and `faults` are the session's and outlive the channel.
  InprocChannel(std::uint32_t index, std::shared_ptr<Connection> connection, InprocRole role, const Limits& limits,
                Faults& faults);
  // Blocks until the peer has let go of this side's memory, which takes one bounded copy at most.
  ~InprocChannel() override;

  std::uint32_t index() const noexcept override { return index_; }
  Submitted submit(std::span<const SendOp> ops) noexcept override;
  std::size_t offer(std::span<const RxBuffer> buffers) noexcept override;
  void shutdown_send() noexcept override;
  void abort() noexcept override;
  Failure failure() const noexcept override { return failure_; }
  const Ledger& ledger() const noexcept override { return ledger_; }
  Cancel* cancel() noexcept override { return this; }
  bool cancel(Token token) noexcept override;

  // For the session.
  void progress() noexcept;
  std::size_t reap(std::span<Completion> out) noexcept;
  bool has_completion() const noexcept;
  // Whether a fault has just said `busy`, which no peer will ever signal the end of.
  bool take_injected_busy() noexcept { return std::exchange(injected_busy_, false); }

  // For fanout: why an op cannot be published here now, and publishing it.
  Stop obstacle() noexcept;
  void publish_shared(const SendOp& op, SharedOp& shared) noexcept;

 private:
  void publish(const SendOp& op, SharedOp* shared) noexcept;
  void fail(const Failure& why) noexcept;
  void notice_dead_peer() noexcept;
  void die_with_peer() noexcept;

  std::uint32_t index_;
  std::shared_ptr<Connection> connection_;
  WireDirection& out_;
  WireDirection& in_;
  Wakeup& peer_;
  const Limits& limits_;
  Faults& faults_;
  Ledger ledger_;
  Outbound outbound_;
  Inbound inbound_;
  Failure failure_;           // set: submit() says failed
  bool send_ended_ = false;   // by shutdown_send; failure_ is set too, but accepted ops still go
  bool dead_ = false;         // both directions have ended
  bool withdrawing_ = false;  // dead, and the peer still copies
  bool injected_busy_ = false;
};

}  // namespace xover
