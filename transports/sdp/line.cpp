// What the header of every message must say, whatever its kind: in order, nothing acknowledged that was not sent, and
// no credits beyond what the peer has.
#include "transports/sdp/line.h"

namespace xover::sdp {

const char* Line::take(const Message& message, const Settings& settings) noexcept {
  if (message.sequence != last_received_ + 1) return "a message out of sequence";
  if (posted_ == 0) return "a message beyond the credits";
  const std::uint32_t outstanding = last_sent_ - acknowledged_;
  if (message.acknowledged - acknowledged_ > outstanding) return "an acknowledgement of what was not sent";
  const std::uint32_t limit = message.acknowledged + message.buffers;
  if (static_cast<std::int32_t>(limit - limit_) < 0) return "credits taken back";
  if (static_cast<std::int32_t>(limit - last_sent_) > settings.peer.receives) return "more credits than buffers";
  last_received_ = message.sequence;
  acknowledged_ = message.acknowledged;
  limit_ = limit;
  --posted_;
  return nullptr;
}

}  // namespace xover::sdp
