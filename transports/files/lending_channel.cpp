// Ops handed over, remembered, and released by the acknowledgement; how such a channel ends.
#include "transports/files/lending_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "transports/files/file_size.h"

namespace xover {

namespace {

constexpr std::uint8_t passes_between_looks = 64;
constexpr std::uint64_t least_spared_bytes = 128 << 10, most_spared_bytes = 1 << 20;

constexpr Failure peer_gone{ErrorCode::peer_died, 0, "acknowledgements: the peer has ended them"};
constexpr Failure doubtful{ErrorCode::peer_died, 0, "recv: the sender has gone, and its bytes may have changed since"};
constexpr Failure counted_too_much{ErrorCode::internal, 0, "acknowledgements: more bytes than were sent"};
constexpr Failure cut_while_lent = file_too_short("the file became shorter before the receiver had taken the op");

}  // namespace

LendingChannel::LendingChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index,
                               FileDescriptor socket, FileDescriptor acknowledgements)
    : FileChannel(shared, file_shared, index, std::move(socket)),
      operation_("splice"),
      acknowledgements_(std::move(acknowledgements)),
      lent_(shared.depth) {
  second_socket_ = true;
}

bool LendingChannel::become_nonblocking() noexcept {
  if (nonblocking_) return true;
  const int flags = fcntl(socket_.get(), F_GETFL);
  if (flags < 0 || fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    die(failure_of_errno(errno, "fcntl: O_NONBLOCK"));
    return false;
  }
  nonblocking_ = true;
  return true;
}

// --- sending

SocketChannel::Attempt LendingChannel::send_op(const SendOp& op) noexcept {
  if (!alive() || !become_nonblocking()) return Attempt::failed;
  out_ = Outgoing(op);
  assert(op.segments.size() <= shared_.max_segments && out_.size_bytes <= shared_.max_op_bytes);
  if (out_.size_bytes == 0) {
    complete_send(op.token, 0);
    return Attempt::accepted;
  }
  spare_words(out_.size_bytes);
  if (pass_on(out_)) {
    finish();
    return Attempt::accepted;
  }
  const int refused_by = errno;
  const bool begun = out_.taken_bytes != 0 || file_failure_;
  if (!begun) spare_on_the_way();
  sending_ = begun;
  if (failed_by_file()) return Attempt::accepted;
  const Attempt attempt = not_sent(refused_by, operation_);
  return begun ? Attempt::accepted : attempt;
}

void LendingChannel::send_rest(int) noexcept {
  if (pass_on(out_)) return finish();
  const int refused_by = errno;
  if (!failed_by_file()) not_sent(refused_by, operation_);
}

void LendingChannel::handed(std::size_t bytes) noexcept {
  bytes_went();
  handed_bytes_ += bytes;
}

void LendingChannel::handed(Outgoing& out, std::size_t bytes) noexcept {
  handed(bytes);
  out.sent_bytes += bytes;
}

// What has gone of the op cannot be taken back and the rest cannot be sent: the stream is out of step for good.
bool LendingChannel::failed_by_file() noexcept {
  if (!file_failure_) return false;
  die(file_failure_);
  return true;
}

void LendingChannel::finish() noexcept {
  sending_ = false;
  complete_sent(out_.token, out_.size_bytes);
  lend({out_.token, out_.segments, handed_bytes_ - out_.size_bytes, handed_bytes_, nullptr, {}});
}

void LendingChannel::drop_rest(Failure failure) noexcept {
  sending_ = false;
  lend({out_.token, out_.segments, handed_bytes_ - out_.sent_bytes, handed_bytes_, nullptr, failure});
}

// --- acknowledgements

void LendingChannel::say() noexcept { file_shared_.counters.acknowledgements_sent += acknowledgements_.say(); }

// A receiver as fast as this side finds its socket empty again and again, and would say so each time. While plenty may
// still be lent, it is asked for one word about the next few ops, of the size of this one.
void LendingChannel::spare_words(std::uint64_t following_bytes) noexcept {
  const std::size_t plenty = shared_.depth - shared_.depth / 4;
  if (lent_.size() >= plenty || handed_bytes_ + following_bytes <= acknowledgements_.sparing_until()) return;
  const std::uint64_t few = (plenty - lent_.size()) * following_bytes;
  const std::uint64_t bytes = std::max(std::min(few, most_spared_bytes), following_bytes);
  if (bytes < least_spared_bytes) return;
  acknowledgements_.spare_until(handed_bytes_ + bytes);
  say();
}

// Nothing follows for now, and perhaps never: only what is on its way is a reason for silence. While an op is under way
// the socket is full, and that alone holds this side up; else half of what is lent is enough to go on with.
void LendingChannel::spare_on_the_way() noexcept {
  std::uint64_t until = 0;
  if (!lent_.empty()) until = lent_.at(lent_.size() / 2).end;
  if (sending_) until = handed_bytes_ + out_.size_bytes - out_.sent_bytes;
  const std::uint64_t asked = acknowledgements_.sparing_until(), heard = acknowledgements_.heard();
  const bool asked_too_much = asked > std::max(until, heard);
  const bool worth_a_word = until >= std::max(asked, heard) + least_spared_bytes;
  if (!asked_too_much && !worth_a_word) return;
  acknowledgements_.spare_until(until);
  say();
}

void LendingChannel::listen(bool thorough) noexcept {
  const std::uint64_t words = acknowledgements_.listen(thorough);
  if (words != 0) ++shared_.steps;
  file_shared_.counters.acknowledgements_received += words;
  if (acknowledgements_.heard() > handed_bytes_) return die(counted_too_much);
  acknowledged();  // also without a new word: an op may be lent after its last one, if other channels share it
}

void LendingChannel::acknowledged() noexcept {
  FileSizes files;
  while (!lent_.empty() && lent_.front().end <= acknowledgements_.heard() && !lent_.front().failure) {
    const Lent lent = lent_.front();
    lent_.pop();
    release(lent, lent.end - lent.begin, files.reach(lent.segments) ? Failure{} : cut_while_lent);
  }
}

void LendingChannel::release(const Lent& lent, std::uint64_t bytes, Failure failure) noexcept {
  const Handover evidence = file_shared_.send_evidence;
  ledger_.complete(evidence, bytes);
  if (lent.shared != nullptr) return shared_released(lent, bytes, failure);
  complete_released(lent.token, bytes, evidence, failure);
}

void LendingChannel::shared_released(const Lent&, std::uint64_t, Failure) noexcept {}

// Each pass of the session. A sender listens while it lends, a receiver without buffers says what it has taken.
void LendingChannel::attend() noexcept {
  const bool look = second_event_ || ++idle_passes_ % passes_between_looks == 0;
  // While more goes out and half of what may be lent is left, there is no hurry: one call will hear several words.
  const bool hands_on = std::exchange(handed_at_last_pass_, handed_bytes_) != handed_bytes_;
  const bool no_hurry = hands_on && 2 * lent_.size() < shared_.depth && alive();
  if ((!lent_.empty() && !no_hurry) || !alive() || look) listen(false);
  if (!hands_on && alive()) spare_on_the_way();
  if (!alive()) return;
  if (acknowledgements_.blocked() || (!discards_ && offered_.empty())) {
    waited_in_vain();
    say();
  }
  if (acknowledgements_.ended() && (look || !lent_.empty())) peer_stopped_listening();
  second_event_ = false;
}

// Whether there is more to take is not known here, so this is no `found_empty`.
void LendingChannel::before_sleep() noexcept {
  if (alive() && (!lent_.empty() || acknowledgements_.unsaid())) listen(false);
  if (!alive()) return;
  spare_on_the_way();
  say();
}

void LendingChannel::peer_stopped_listening() noexcept {
  if (!lent_.empty() || sending()) return die(peer_gone);
  if (acknowledgements_.unsaid()) return die(doubtful);
  char byte;
  const ssize_t waiting = recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (waiting > 0) return die(doubtful);
  // The socket tells its error once: it must not be lost here.
  if (waiting < 0 && errno != EAGAIN && errno != EINTR) die(failure_of_errno(errno, "recv"));
}

bool LendingChannel::took(std::size_t bytes) noexcept {
  listen(true);
  if (alive() && acknowledgements_.ended()) die(doubtful);
  if (!alive()) return false;
  acknowledgements_.took(bytes);
  if (acknowledgements_.due()) {
    acknowledgements_.there_is_more();
    say();
  }
  return true;
}

// A sender that rests takes back what it asked for, and there may be no byte to come with that word.
void LendingChannel::waited_in_vain() noexcept {
  if (acknowledgements_.unsaid()) listen(false);
}

void LendingChannel::found_empty() noexcept {
  acknowledgements_.there_is_nothing();
  say();
}

// Everything was acknowledged before a sender ended in order.
Failure LendingChannel::end_failure() noexcept {
  listen(true);
  return acknowledgements_.ended() && acknowledgements_.unsaid() ? doubtful : Failure{};
}

pollfd LendingChannel::second_interest() const noexcept {
  if (acknowledgements_.ended()) return {-1, 0, 0};
  short events = POLLRDHUP;
  if (!lent_.empty() || !alive() || acknowledgements_.unsaid()) events |= POLLIN;
  if (acknowledgements_.blocked()) events |= POLLOUT;
  return {acknowledgements_.fd(), events, 0};
}

void LendingChannel::take_second_events(short events) noexcept {
  if (events & (POLLRDHUP | POLLHUP | POLLERR)) second_event_ = true;
}

// --- the end

void LendingChannel::parting() noexcept {
  disconnect();
  acknowledgements_.end();
}

bool LendingChannel::parted(bool overdue) noexcept {
  if (!lent_.empty()) {
    if (!peer_has_let_go() && !overdue) return false;
    release_all();
  }
  if (!may_close()) return false;
  acknowledgements_.close();
  return true;
}

// It has taken all that was handed over, or hands out nothing any more.
bool LendingChannel::peer_has_let_go() const noexcept {
  return acknowledgements_.heard() >= handed_bytes_ || acknowledgements_.ended();
}

void LendingChannel::release_all() noexcept {
  while (!lent_.empty()) {
    const Lent lent = lent_.front();
    lent_.pop();
    const std::uint64_t heard = std::clamp(acknowledgements_.heard(), lent.begin, lent.end);
    const bool whole = heard == lent.end && !lent.failure;
    release(lent, heard - lent.begin, whole ? Failure{} : lent.failure ? lent.failure : failure());
  }
}

void LendingChannel::part() noexcept {
  if (!alive()) return;
  say();
  if (ended_in_order() && lent_.empty()) {
    end();
    acknowledgements_.close();
  } else {
    parting();
  }
}

int LendingChannel::still_lent() noexcept {
  if (lent_.empty()) return -1;
  acknowledgements_.listen(true);
  return peer_has_let_go() ? -1 : acknowledgements_.fd();
}

}  // namespace xover
