// Channels that pass pages by reference: the receiver's kernel holds the sender's own pages until the receiving
// application has taken the bytes, so an op is released by that application's acknowledgement and by nothing earlier.
//
// An end that is none in order: what the receiver has not taken may change as soon as this side releases it. So this
// side drops what has not gone, ends the acknowledgements, and releases when the peer has ended them as well, or when a
// bound has passed. The other side looks at the acknowledgements after it has taken bytes and before it hands them out:
// if they have ended, the bytes are worth nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transports/common/ring.h"
#include "transports/files/acknowledgements.h"
#include "transports/files/file_channel.h"
#include "transports/files/outgoing.h"

namespace xover {

struct TeedOp;

class LendingChannel : public FileChannel {
 public:
  // The socket may be in blocking mode: it becomes O_NONBLOCK with the first op, because sendfile(2) and splice(2) know
  // no flag that spares them from waiting for it.
  LendingChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket,
                 FileDescriptor acknowledgements);

  void part() noexcept override;
  int still_lent() noexcept override;
  pollfd second_interest() const noexcept override;
  void take_second_events(short events) noexcept override;

 protected:
  struct Lent {
    Token token = 0;
    std::span<const Segment> segments;
    std::uint64_t begin = 0, end = 0;  // of the bytes that were handed to the socket, counted over the channel
    TeedOp* shared = nullptr;          // null: an op of this channel alone
    Failure failure;                   // why not all of it was handed over
  };

  // Hands on what can be without blocking. True: all of it; else errno or `file_failure_` says why not.
  virtual bool pass_on(Outgoing& out) noexcept = 0;
  virtual void shared_released(const Lent& lent, std::uint64_t bytes, Failure failure) noexcept;
  virtual bool may_close() const noexcept { return true; }  // false: a `released` may still come on this channel

  bool become_nonblocking() noexcept;  // false: the channel has died
  void handed(Outgoing& out, std::size_t bytes) noexcept;
  void handed(std::size_t bytes) noexcept;
  void lend(const Lent& lent) noexcept { lent_.push(lent); }
  std::uint64_t handed_bytes() const noexcept { return handed_bytes_; }
  bool sending() const noexcept override { return sending_; }
  void send_rest(int flags) noexcept override;
  void drop_rest(Failure failure) noexcept override;
  bool parted(bool overdue) noexcept override;

  const char* operation_;  // what a refusing socket refused
  Failure file_failure_;

 private:
  Attempt send_op(const SendOp& op) noexcept override;
  bool took(std::size_t bytes) noexcept override;
  void found_empty() noexcept override;
  void waited_in_vain() noexcept override;
  Failure end_failure() noexcept override;
  void attend() noexcept override;
  void before_sleep() noexcept override;
  void parting() noexcept override;

  void say() noexcept;
  void spare_words(std::uint64_t following_bytes) noexcept;
  void spare_on_the_way() noexcept;
  void listen(bool thorough) noexcept;
  void acknowledged() noexcept;
  void release(const Lent& lent, std::uint64_t bytes, Failure failure) noexcept;
  bool peer_has_let_go() const noexcept;
  void release_all() noexcept;
  void peer_stopped_listening() noexcept;
  bool failed_by_file() noexcept;
  void finish() noexcept;

  Acknowledgements acknowledgements_;
  Ring<Lent> lent_;
  std::uint64_t handed_bytes_ = 0, handed_at_last_pass_ = 0;
  bool sending_ = false;
  bool second_event_ = false;
  std::uint8_t idle_passes_ = 0;
  Outgoing out_;
};

}  // namespace xover
