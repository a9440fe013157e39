// What each op costs its connection, for the learner of sdp.auto: the time from when it was the next one to be done, or
// was submitted, until it was. Of ops that wait behind each other each has its own share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/transport.h"
#include "transports/common/ring.h"
#include "transports/sdp/threshold_learner.h"

namespace xover {

class OpCosts {
 public:
  explicit OpCosts(std::size_t depth) : ops_(depth) {}

  void submitted(Token token, bool teaches, std::int64_t now) noexcept {
    if (ops_.room() != 0) ops_.push({token, teaches, now});
  }

  // Ops are done in order. An op that was cut short teaches nothing, nor one that went by both paths.
  void done(ThresholdLearner& learner, Token token, std::uint64_t bytes, std::uint64_t copied_bytes, bool whole,
            std::int64_t now) noexcept {
    if (ops_.empty() || ops_.front().token != token) return;
    const Op op = ops_.front();
    ops_.pop();
    const std::int64_t began = std::max(op.submitted_at, last_done_);
    last_done_ = now;
    if (!op.teaches || !whole || (copied_bytes != 0 && copied_bytes != bytes)) return;
    learner.learn(copied_bytes == 0 ? SdpPath::zero_copy : SdpPath::copy, bytes, now - began);
  }

 private:
  struct Op {
    Token token = 0;
    bool teaches = false;
    std::int64_t submitted_at = 0;
  };

  Ring<Op> ops_;
  std::int64_t last_done_ = 0;
};

}  // namespace xover
