// tcp.tee: one op to many sockets without a copy for each. A chunk of the op is vmspliced into a source pipe, teed into
// the pipe of every channel but the last, which gets the source's own references, and each pipe is spliced into its
// socket. The next chunk goes when every channel has emptied its pipe: so the slowest sets the pace, and one that dies
// is left behind.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "transports/files/lending_paths.h"

namespace xover {

class TeeFanout;
class TeeChannel;

// One op that was accepted on several channels. It is released when the last of them has let go of it.
struct TeedOp {
  Token token = 0;
  std::span<const Segment> segments;
  TeeChannel* first = nullptr;
  std::size_t waiting = 0;        // channels that still hold it; 0: this entry is free
  std::uint64_t least_bytes = 0;  // that any channel's receiver took
  Failure failure;                // the first that any channel met
};

class TeeChannel final : public PipeChannel {
 public:
  TeeChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, Parts parts, TeeFanout& fanout);

 private:
  friend class TeeFanout;

  // For the fanout.
  Stop obstacle() noexcept { return become_nonblocking() ? SocketChannel::obstacle() : Stop::failed; }
  void join(TeedOp& op) noexcept;
  const Pipe& pipe() const noexcept { return pipe_; }
  bool pipe_is_empty() const noexcept { return in_pipe_ == 0; }
  void load(std::size_t bytes, bool more) noexcept;  // its pipe was filled
  void leave() noexcept;                             // the op is in the socket entirely
  void fail(Failure failure) noexcept { die(failure); }
  void empty_op(Token token) noexcept;

  bool sending() const noexcept override;
  void send_rest(int flags) noexcept override;
  void drop_rest(Failure failure) noexcept override;
  void shared_released(const Lent& lent, std::uint64_t bytes, Failure failure) noexcept override;
  bool may_close() const noexcept override { return fronted_ == 0; }
  void drain_part() noexcept;

  TeeFanout& fanout_;
  TeedOp* part_ = nullptr;  // that is on its way into the socket
  std::uint64_t part_begin_ = 0;
  bool more_ = false;        // of the part, behind what is in the pipe
  std::size_t fronted_ = 0;  // shared ops that will be released on this channel
};

class TeeFanout final : public Fanout {
 public:
  static Result<std::unique_ptr<TeeFanout>> make(FileShared& file_shared, const Limits& limits,
                                                 std::size_t pipe_size_bytes, bool gift);

  // The channels are TeeChannels of one session. With one channel it is that channel's submit().
  Submitted submit(const SendOp& op, std::span<Channel* const> channels) noexcept override;

  // For the channels.
  void go_on() noexcept;  // a pipe is empty: the next chunk, if it was the last of them
  void has_died(const TeeChannel& channel) noexcept;

 private:
  TeeFanout(FileShared& file_shared, const Limits& limits, Pipe source, bool gift);

  bool load_chunk() noexcept;
  std::size_t distribute(std::size_t bytes) noexcept;
  void finish() noexcept;
  void fail_all(Failure failure) noexcept;

  FileShared& file_shared_;
  Pipe source_;
  bool gift_;
  std::unique_ptr<iovec[]> vectors_;
  std::vector<TeedOp> shared_ops_;
  TeedOp* current_ = nullptr;  // null: no op is on its way into the sockets
  Outgoing out_;
  std::vector<TeeChannel*> parts_;  // that take part in it; null: has died
  bool going_on_ = false;
};

}  // namespace xover
