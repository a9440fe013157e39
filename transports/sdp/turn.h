// What both halves work with for the length of one call: the machine's parts, and the list that actions go to.
#pragma once

#include "transports/sdp/actions.h"
#include "transports/sdp/line.h"
#include "transports/sdp/settings.h"
#include "transports/sdp/statistics.h"
#include "transports/sdp/tickets.h"

namespace xover::sdp {

struct Context {
  const Settings& settings;
  Line& line;
  Tickets& tickets;
  Statistics& statistics;
};

struct Turn : Context {
  Actions& actions;

  // Room for whatever one step of a half may ask for.
  bool room() const noexcept { return actions.room() >= 8; }
  bool may_send_data() const noexcept { return line.may_send_data(settings); }
  bool may_send_control() const noexcept { return line.may_send_control(settings); }

  // Behind Carry actions of so many bytes.
  void post(Message message, const Gather& payload = {}, std::uint32_t carried_bytes = 0) noexcept {
    message.payload_bytes = carried_bytes + payload.size_bytes;
    const std::uint16_t stage = line.stamp(message, settings);
    ++statistics.sent[index_of(message.kind)];
    actions.add(PostMessage{message, payload, stage});
  }
};

}  // namespace xover::sdp
