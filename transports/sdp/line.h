// Sequence numbers and credits of both directions of a connection.
//
// Every message takes one private receive buffer of the other end. With each message an end tells of all its buffers
// that are posted (`buffers`), counted from behind the message that it has `acknowledged`: their sum is the last
// sequence number that the other may use, its limit. Sequence numbers wrap; only differences mean anything.
//
// A buffer is posted again at once when its message carried no payload, else when the payload has been copied out.
//
//   Data, SrcAvail and SinkAvail need four credits, so that three buffers are always left that no payload keeps. (SDP
//     asks for three credits; with two buffers left, two ends that do not read would have to tell each other for ever.)
//   Control goes while two credits are left, and with the last one only when the message itself tells of a new buffer.
//   News, a Data message without payload, goes for the sake of credits alone: when there are at least two buffers to
//     tell of, and the peer knows of fewer than four, or half of all are to be told of.
//
// It ends: what news tells of are at least two messages of the other end, and each is told of once. So the news of both
// ends are together fewer than their other messages.
//
// Nobody starves. Let all that was sent have arrived. An end that is not told by its peer knows of four buffers, or of
// all posted ones but one, of which there are three; so it may send control. A peer with something to tell can: with
// one credit, since it tells; and both without a credit cannot be, since what spent the last one gave the other end
// some. Data waits only while the peer has four posted buffers or fewer, thus payload that nobody has received, if it
// has five in all (least_receives).
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "transports/sdp/message.h"
#include "transports/sdp/settings.h"

namespace xover::sdp {

class Line {
 public:
  explicit Line(const Settings& settings) noexcept
      : last_sent_(settings.first_sequence),
        limit_(settings.first_sequence + settings.peer.receives),
        acknowledged_(settings.first_sequence),
        last_received_(settings.first_sequence),
        granted_(settings.first_sequence + settings.own.receives),
        posted_(settings.own.receives) {}

  // Sending.
  std::int32_t credits() const noexcept { return static_cast<std::int32_t>(limit_ - last_sent_); }
  bool credits_for_data() const noexcept { return credits() >= static_cast<std::int32_t>(data_credits); }
  bool may_send_data(const Settings& settings) const noexcept { return credits_for_data() && stage_free(settings); }
  bool may_send_control(const Settings& settings) const noexcept {
    const bool last_is_free = untold() > 0 || settings.broken == Broken::last_credit;
    return (credits() >= 2 || (credits() == 1 && last_is_free)) && stage_free(settings);
  }
  bool stage_free(const Settings& settings) const noexcept { return in_flight_ < settings.stages; }
  bool all_left() const noexcept { return in_flight_ == 0; }

  // Fills in what every message has, and counts it as sent; returns its stage.
  std::uint16_t stamp(Message& message, const Settings& settings) noexcept {
    granted_ = last_received_ + posted_;
    message.sequence = ++last_sent_;
    message.acknowledged = held_ ? hold_at_ : last_received_;
    message.buffers = static_cast<std::uint16_t>(granted_ - message.acknowledged);
    ++in_flight_;
    const std::uint16_t stage = next_stage_;
    next_stage_ = static_cast<std::uint16_t>(next_stage_ + 1 == settings.stages ? 0 : next_stage_ + 1);
    return stage;
  }
  std::uint32_t last_sent() const noexcept { return last_sent_; }
  void sent(std::size_t count) noexcept {
    assert(count <= in_flight_);
    in_flight_ = static_cast<std::uint16_t>(in_flight_ - count);
  }

  // Receiving. Null, or what the header says that cannot be.
  const char* take(const Message& message, const Settings& settings) noexcept;
  void reposted() noexcept { ++posted_; }
  std::uint16_t posted() const noexcept { return posted_; }

  // Messages are acknowledged up to before the one that was received last, until release_hold().
  void hold() noexcept {
    assert(!held_);
    held_ = true;
    hold_at_ = last_received_ - 1;
  }
  void release_hold() noexcept { held_ = false; }
  bool held() const noexcept { return held_; }

  std::uint32_t untold() const noexcept { return last_received_ + posted_ - granted_; }
  bool news_due(const Settings& settings) const noexcept {
    const bool low = granted_ - last_received_ < data_credits;
    return untold() >= 2 && (low || untold() >= (settings.own.receives + 1u) / 2);
  }

  template <typename Encoder>
  void encode(Encoder& encoder) const {
    encoder.put(credits(), last_sent_ - acknowledged_, granted_ - last_received_, posted_, in_flight_);
    encoder.put(held_ ? last_received_ - hold_at_ : 0);
  }
  bool operator==(const Line&) const = default;

 private:
  static constexpr std::uint32_t data_credits = 4;

  std::uint32_t last_sent_, limit_;  // the greatest that may be sent
  std::uint32_t acknowledged_;       // by the peer
  std::uint32_t last_received_;
  std::uint32_t granted_;  // the peer's limit, as it was told last
  std::uint32_t hold_at_ = 0;
  std::uint16_t posted_;
  std::uint16_t in_flight_ = 0;  // messages whose send has not ended
  std::uint16_t next_stage_ = 0;
  bool held_ = false;
};

}  // namespace xover::sdp
