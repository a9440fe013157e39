// Results in, words out, and the order of an ending.
#include "transports/rdma/rdma_channel.h"

#include <algorithm>
#include <utility>

namespace xover {

namespace {

constexpr Failure broken_protocol{ErrorCode::internal, 0, "receive: a word of the peer that makes no sense"};

const char* access_error_of(Work work) noexcept {
  if (work == Work::read) return "RDMA read: the peer's key does not hold what it published";
  if (work == Work::send) return "send: the memory is not there any more at one of the ends";
  return "RDMA write: the peer's key does not hold its ring";
}

// The first failure of a request says more than that the connection has ended.
Failure failure_of(const WorkResult& result, const QueuePair& queue_pair) noexcept {
  switch (result.status) {
    case WorkStatus::local_error: return {ErrorCode::internal, 0, "local protection or length error"};
    case WorkStatus::remote_access_error: return {ErrorCode::internal, 0, access_error_of(result.work)};
    case WorkStatus::retries_exhausted: return {ErrorCode::peer_died, 0, "the peer does not answer"};
    case WorkStatus::receiver_not_ready: return {ErrorCode::internal, 0, "the peer had no posted receive"};
    case WorkStatus::success:
    case WorkStatus::flushed: break;
  }
  const Failure failure = queue_pair.failure();
  return failure ? failure : Failure{ErrorCode::peer_died, 0, "the connection has ended"};
}

}  // namespace

Result<std::unique_ptr<RdmaChannel>> RdmaChannel::make(RdmaShared& shared, std::uint32_t index, QueuePair& queue_pair) {
  std::unique_ptr<RdmaChannel> channel(new RdmaChannel(shared, index, queue_pair));
  auto sending = RdmaSending::make(shared, index, channel->ledger_, queue_pair);
  if (!sending) return tl::make_unexpected(std::move(sending.error()));
  channel->sending_ = std::move(*sending);
  auto receiving = RdmaReceiving::make(shared, index, channel->ledger_, queue_pair);
  if (!receiving) return tl::make_unexpected(std::move(receiving.error()));
  channel->receiving_ = std::move(*receiving);
  return channel;
}

RdmaChannel::~RdmaChannel() = default;

RdmaHello RdmaChannel::hello() const {
  RdmaHello hello{.way = shared_.settings.way,
                  .window = shared_.settings.window,
                  .max_op_bytes = shared_.settings.max_op_bytes,
                  .ring_bytes = shared_.settings.ring_bytes};
  receiving_->describe(hello);
  return hello;
}

// --- sending

Submitted RdmaChannel::submit(std::span<const SendOp> ops) noexcept {
  if (state_ != State::alive) return {0, Stop::failed};
  if (shut_) {
    refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
    return {0, Stop::failed};
  }
  std::size_t accepted = 0;
  for (; accepted < ops.size(); ++accepted) {
    const bool full = sending_->in_flight() == shared_.limits.depth;
    const auto taken = full ? RdmaSending::Taken::busy : sending_->take(ops[accepted]);
    if (taken == RdmaSending::Taken::yes) continue;
    if (taken == RdmaSending::Taken::busy) {
      ++shared_.counters.busy;
      return {accepted, Stop::busy};
    }
    // A connection that has ended is left to the results that say so, behind what arrived before.
    refusal_ = sending_->failure() ? sending_->failure() : failure_of({.status = WorkStatus::flushed}, queue_pair_);
    if (sending_->failure()) die(refusal_);
    return {accepted, Stop::failed};
  }
  return {accepted, Stop::none};
}

void RdmaChannel::shutdown_send() noexcept {
  if (shut_) return;
  shut_ = true;
  tell_end();
}

Posted RdmaChannel::say(Word word, std::uint64_t count) noexcept {
  return queue_pair_.post({.id = work_id(Purpose::word, static_cast<std::uint64_t>(word)),
                           .work = Work::write_with_immediate,
                           .immediate = immediate_of(word, count)});
}

// Behind all messages, which were posted when they were taken.
void RdmaChannel::tell_end() noexcept {
  if (end_told_ || state_ != State::alive) return;
  end_told_ = say(Word::end, sending_->taken()) == Posted::ok;
}

void RdmaChannel::grant() noexcept {
  const auto count = receiving_->grant_due();
  if (!count || say(Word::grant, *count) != Posted::ok) return;
  receiving_->grant_was_told(*count);
  ++shared_.counters.grants_sent;
}

// --- results

void RdmaChannel::take(const WorkResult& result) noexcept {
  result.status == WorkStatus::success ? take_success(result) : take_failure(result);
}

void RdmaChannel::take_success(const WorkResult& result) noexcept {
  switch (purpose_of(result.id)) {
    case Purpose::op: return sending_->take_result(number_of(result.id), true);
    case Purpose::read:
      if (state_ == State::alive) receiving_->take_read(number_of(result.id));  // else what it belongs to was dropped
      return;
    case Purpose::receive: return receive(result);
    case Purpose::word: break;
  }
  if (number_of(result.id) == static_cast<std::uint64_t>(Word::end)) end_arrived_ = true;
}

// What is flushed only says that the connection has ended. Receives come back in order, so it is with the first of them
// that everything is here which arrived before.
void RdmaChannel::take_failure(const WorkResult& result) noexcept {
  const Purpose purpose = purpose_of(result.id);
  if (result.status != WorkStatus::flushed || purpose == Purpose::receive) die(failure_of(result, queue_pair_));
  if (purpose == Purpose::op) sending_->take_result(number_of(result.id), false);
}

void RdmaChannel::receive(const WorkResult& result) noexcept {
  if (state_ != State::alive) return;
  const std::uint64_t slot = number_of(result.id);
  Failure failure;
  if (result.has_immediate && word_of(result.immediate) != Word::message) {
    if (!take_word(slot, result.immediate)) failure = broken_protocol;
  } else {
    failure = peer_finished_ ? broken_protocol : receiving_->take(slot, result);
  }
  if (failure) die(failure);
}

bool RdmaChannel::take_word(std::uint64_t slot, std::uint32_t immediate) noexcept {
  receiving_->repost(slot);
  if (word_of(immediate) == Word::grant) {
    ++shared_.counters.grants_received;
    return sending_->take_grant(immediate);
  }
  if (word_of(immediate) != Word::end || peer_finished_) return false;
  peer_finished_ = true;
  return (immediate & count_mask) == (receiving_->announced() & count_mask);
}

// --- progress

void RdmaChannel::progress() noexcept {
  if (state_ != State::alive) return;
  receiving_->progress();
  grant();
  if (shut_) tell_end();
}

std::size_t RdmaChannel::reap(std::span<Completion> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && sending_->next_completion(out[count])) ++count;
  while (count < out.size() && receiving_->next_completion(out[count])) ++count;
  if (count < out.size() && report_closed(out[count])) ++count;
  return count;
}

// A `closed` that reports a failure is the last word on the channel.
bool RdmaChannel::report_closed(Completion& out) noexcept {
  if (closed_) return false;
  const bool in_order = peer_ended() && !dropped_end_;
  if (in_order ? !receiving_->empty() : state_ != State::dying || !sending_->idle()) return false;
  closed_ = true;
  begin_completion(out, index_, Moment::closed, Handover::unverified);
  if (!in_order) out.failure = failure_;
  return true;
}

bool RdmaChannel::ready() const noexcept {
  if (sending_->ready()) return true;
  if (closed_) return false;
  if (peer_ended() && !dropped_end_) return true;
  return state_ == State::dying ? sending_->idle() : !receiving_->empty();
}

// --- the end

void RdmaChannel::abort() noexcept {
  const Failure aborted{ErrorCode::aborted, 0, "abort"};
  // Nobody wants to see an end that was not reported yet, nor what came before it.
  const bool end_unseen = peer_ended() && !closed_;
  if (end_unseen) dropped_end_ = true;
  if (state_ == State::alive) {
    die(aborted);
  } else if (end_unseen) {
    failure_ = aborted;
    receiving_->drop();
  }
}

// What has arrived behind an end in order is still handed out.
void RdmaChannel::die(const Failure& why) noexcept {
  if (state_ != State::alive) return;
  state_ = State::dying;
  failure_ = why;
  queue_pair_.fail();
  sending_->stop(why);
  if (!peer_ended() || dropped_end_) receiving_->drop();
}

void RdmaChannel::end() noexcept {
  if (state_ != State::alive) return;
  if (!end_arrived_ || !sending_->all_done()) return die({ErrorCode::aborted, 0, "end of the session"});
  queue_pair_.disconnect();
  state_ = State::dying;
}

}  // namespace xover
