// The channel between its two halves, and what only shows after a while: stalls, a dead peer, a link that is down.
#include "transports/dpdk/dpdk_channel.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr MonotonicNs second = 1'000 * millisecond;
constexpr MonotonicNs first_stall_pause_ns = 20 * millisecond;
constexpr MonotonicNs longest_stall_pause_ns = second;
constexpr MonotonicNs straggler_ns = 100 * millisecond;  // frames may come so long after the notice of the end
constexpr MonotonicNs busy_port_ns = second;             // and may lie so long in a port that is never seen empty
constexpr MonotonicNs link_pause_ns = 200 * millisecond;
constexpr MonotonicNs reclaim_pause_ns = 50'000;

}  // namespace

DpdkChannel::DpdkChannel(DpdkShared& shared, std::uint32_t index, Meeting meeting)
    : shared_(shared),
      index_(index),
      port_(std::move(meeting.port)),
      connection_(meeting.connection),
      match_(meeting.peer, meeting.own),
      line_(std::move(meeting.line)),
      sending_(DpdkSending::make(shared, index, ledger_,
                                 {port_, meeting.connection, meeting.own, meeting.peer, meeting.peer_window_frames})),
      receiving_(shared, index, ledger_) {}

// Frames that the peer never took go with the sending half, as do those that this end never took.
DpdkChannel::~DpdkChannel() {
  port_->stop_receiving();
  port_->drain_for_dead_peer();
}

Submitted DpdkChannel::submit(std::span<const SendOp> ops) noexcept {
  if (state_ != State::alive) return {0, Stop::failed};
  if (shut_) {
    refusal_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
    return {0, Stop::failed};
  }
  const std::size_t room = shared_.limits.depth - sending_->in_flight();
  const std::size_t accepted = std::min(room, ops.size());
  for (const SendOp& op : ops.first(accepted)) sending_->take(op);
  if (accepted != 0) sending_moved_ |= sending_->pump();
  if (accepted == ops.size()) return {accepted, Stop::none};
  ++shared_.counters.busy;
  return {accepted, Stop::busy};
}

void DpdkChannel::shutdown_send() noexcept {
  if (shut_) return;
  shut_ = true;
  tell_end();
}

void DpdkChannel::tell_end() noexcept {
  if (end_told_ || state_ != State::alive || !sending_->all_handed()) return;
  end_told_ = line_.say({Notice::Kind::finished, sending_->frames_sent()});
}

// --- receiving

void DpdkChannel::take(rte_mbuf* frame) noexcept {
  FrameHeader header;
  std::size_t payload_bytes = 0;
  const std::span<const std::byte> bytes(rte_pktmbuf_mtod(frame, const std::byte*), frame->data_len);
  if (state_ != State::alive || !match_.read(bytes, header, payload_bytes) || header.connection != connection_ ||
      all_header_bytes + payload_bytes > frame->pkt_len) {
    ++shared_.counters.stray_frames;
    rte_pktmbuf_free(frame);
    return;
  }
  received_ = true;
  sending_->take_grant(header.granted);
  if (header.kind == FrameKind::grant) {
    ++shared_.counters.grants_received;
    rte_pktmbuf_free(frame);
    return;
  }
  if (const Failure failure = receiving_.take(frame, header, payload_bytes)) fail(failure);
}

// --- progress

bool DpdkChannel::progress() noexcept {
  if (state_ == State::dead) return false;
  if (state_ == State::dying) {
    finish_dying();
    return false;
  }
  sending_->set_own_grant(receiving_.grant());
  const bool moved = sending_->pump();
  sending_moved_ |= moved;
  if (receiving_.grant_due(sending_->told_grant())) sending_->send_grant();
  if (shut_) tell_end();
  if (const Failure failure = sending_->failure()) fail(failure);
  return moved;
}

std::size_t DpdkChannel::reap(std::span<Completion> out) noexcept {
  std::size_t count = 0;
  while (count < out.size() && sending_->next_completion(out[count])) ++count;
  while (count < out.size() && receiving_.next_completion(out[count])) ++count;
  if (count < out.size() && report_closed(out[count])) ++count;
  return count;
}

// A `closed` that reports a failure is the last word on the channel.
bool DpdkChannel::report_closed(Completion& out) noexcept {
  if (closed_) return false;
  const bool in_order = peer_ended_ && receiving_.empty();
  if (!in_order && (state_ != State::dying || !sending_->idle())) return false;
  closed_ = true;
  out = {.channel = index_, .moments = Moment::closed, .failure = in_order ? Failure{} : failure_};
  if (state_ == State::dying) finish_dying();
  return true;
}

bool DpdkChannel::ready() const noexcept {
  if (sending_->ready() || !receiving_.empty()) return true;
  return !closed_ && (peer_ended_ || (state_ == State::dying && sending_->idle()));
}

bool DpdkChannel::wants_time() const noexcept {
  return state_ == State::dying || sending_->awaits_memory() || sending_->awaits_port() || sending_->awaits_mbufs() ||
         sending_->awaits_grant() || (state_ == State::alive && notice_waits());
}

// --- looking around

// What the peer said is acted upon when the port was empty after it was heard, and only then is heard what it says now:
// between a burst that found nothing and this look the peer may have sent more, said that this is all, and gone.
void DpdkChannel::look_around(MonotonicNs now, bool port_was_empty) noexcept {
  if (state_ == State::dead) return;
  sending_->report_sent_so_far();
  note_moves(now);
  const bool overdue = !shared_.settings.lossless && now - heard_at_ >= busy_port_ns;
  if (port_was_empty || overdue) look_for_end(now);
  if (!peer_gone_) hear(now);
  free_late_frames(now);
  if (state_ != State::alive) return;
  look_for_stall(now);
  look_at_link(now);
}

void DpdkChannel::note_moves(MonotonicNs now) noexcept {
  if (sending_moved_) {
    sending_moved_at_ = now;
    stall_pause_ns_ = 0;
  }
  if (sending_moved_ || received_) {
    moved_at_ = now;
    link_down_since_ = 0;
  }
  sending_moved_ = received_ = false;
}

void DpdkChannel::hear(MonotonicNs now) noexcept {
  while (const auto notice = line_.hear()) {
    if (notice->kind != Notice::Kind::granted) heard_at_ = now;
    switch (notice->kind) {
      case Notice::Kind::finished:
        peer_finished_ = true;
        peer_frames_ = notice->value;
        break;
      case Notice::Kind::aborted:
        if (!peer_ended_) peer_finished_ = false;
        die({ErrorCode::peer_died, 0, "receive: the peer aborted"});
        break;
      case Notice::Kind::stalled:
        peer_asks_ = true;
        asked_frames_ = notice->value;
        break;
      case Notice::Kind::granted: sending_->take_grant(notice->value); break;
      case Notice::Kind::gone: peer_gone_ = true; return;
    }
  }
}

// The port has handed out whatever lay in it when the peer said this, so what it had sent before is here, or on a slow
// link, or lost.
void DpdkChannel::look_for_end(MonotonicNs now) noexcept {
  if (state_ != State::alive) return;
  if (peer_asks_) answer_stalled(asked_frames_);
  const bool may_follow = !shared_.settings.lossless && now - heard_at_ < straggler_ns;
  if (peer_finished_ && !peer_ended_) {
    if (!shared_.settings.lossless && !may_follow) receiving_.skip_to(peer_frames_);
    peer_ended_ = receiving_.expected() == peer_frames_;
    if (!peer_ended_ && may_follow) return;
  }
  if (peer_gone_) die({ErrorCode::peer_died, 0, "receive: the peer is gone"});
}

void DpdkChannel::answer_stalled(std::uint32_t number) noexcept {
  peer_asks_ = false;
  if (!shared_.settings.lossless) receiving_.skip_to(number);
  sending_->set_own_grant(receiving_.grant());
  if (line_.say({Notice::Kind::granted, receiving_.grant()})) sending_->own_grant_was_told();
}

// A grant may have been lost, or the frames that it would answer. A dry pool wants to know what the peer still holds.
void DpdkChannel::look_for_stall(MonotonicNs now) noexcept {
  const bool dry = sending_->awaits_mbufs();
  const bool held_up = dry || (sending_->awaits_grant() && !shared_.settings.lossless);
  if (held_up && now - std::max(sending_moved_at_, told_at_) >= std::max(stall_pause_ns_, first_stall_pause_ns)) {
    stall_pause_ns_ = std::min(std::max(2 * stall_pause_ns_, first_stall_pause_ns), longest_stall_pause_ns);
    told_at_ = now;
    ++shared_.counters.stall_notices;
    line_.say({Notice::Kind::stalled, sending_->frames_sent()});
  }
  if (!dry) return mbuf_stall_.is_over();
  const bool outstanding = sending_->frames_with_peer() || sending_->awaits_memory() || sending_->awaits_port();
  if (mbuf_stall_.lasts_too_long(outstanding)) {
    fail({ErrorCode::no_memory, ENOBUFS, "send: no mbuf for two seconds, and none of them on the way"});
  }
}

void DpdkChannel::look_at_link(MonotonicNs now) noexcept {
  if (now - moved_at_ < link_pause_ns || now - link_looked_at_ < link_pause_ns) return;
  link_looked_at_ = now;
  if (port_->link_up()) {
    link_down_since_ = 0;
  } else if (link_down_since_ == 0) {
    link_down_since_ = now;
  } else if (now - link_down_since_ >= second) {
    fail({ErrorCode::no_device, ENETDOWN, "link of the port"});
  }
}

// A queue that frees a frame only when its place is needed again wants other frames behind it.
void DpdkChannel::free_late_frames(MonotonicNs now) noexcept {
  if (!shared_.settings.frees_late || now - moved_at_ < reclaim_pause_ns || now - reclaimed_at_ < reclaim_pause_ns) {
    return;
  }
  if (!sending_->awaits_memory() && !sending_->awaits_mbufs()) return;
  reclaimed_at_ = now;
  port_->reclaim();
  sending_->collect(true);
}

// --- the end

void DpdkChannel::abort() noexcept {
  const Failure aborted{ErrorCode::aborted, 0, "abort"};
  const bool end_unseen = peer_ended_ && !closed_;
  if (end_unseen) peer_ended_ = false;  // and nobody wants to see it any more, nor what came before it
  if (state_ == State::alive) {
    fail(aborted);
  } else if (end_unseen) {
    failure_ = aborted;
    receiving_.drop();
  }
}

void DpdkChannel::begin_end() noexcept {
  if (state_ != State::alive) return;
  const Failure ended{ErrorCode::aborted, 0, "end of the session"};
  peer_ended_ = false;
  end_told_ && sending_->idle() ? die(ended) : fail(ended);
}

void DpdkChannel::fail(const Failure& why) noexcept {
  if (state_ != State::alive) return;
  line_.say({Notice::Kind::aborted, 0});
  die(why);
}

// What has arrived behind an end in order is still handed out.
void DpdkChannel::die(const Failure& why) noexcept {
  if (state_ != State::alive) return;
  state_ = State::dying;
  failure_ = why;
  death_bound_ = monotonic_now_ns() + death_bound_ns;
  sending_->stop(why);
  port_->stop_receiving();
  if (!peer_ended_) receiving_.drop();
  finish_dying();
}

void DpdkChannel::finish_dying() noexcept {
  port_->drain_for_dead_peer();
  sending_->collect(true);
  if (sending_->awaits_memory()) {
    if (monotonic_now_ns() >= death_bound_) sending_->abandon();
  }
  if (closed_ && sending_->idle()) state_ = State::dead;
}

}  // namespace xover
