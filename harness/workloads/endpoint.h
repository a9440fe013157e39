// A session with its channels as the workloads use it: opened after the sample's point, waited on as the point says,
// with the first failure of any channel and the counts since a phase began. Used by one worker's thread.
//
// take() is data plane: it neither allocates nor logs.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/transport.h"
#include "harness/agents/sample.h"
#include "harness/workloads/message_pool.h"
#include "harness/workloads/phase.h"

namespace xover {

class Endpoint {
 public:
  struct Size {
    std::size_t channels = 1;
    std::size_t depth = 1;
    std::size_t connection = 0;  // the first channel's number in the sample
  };

  // Refuses points that the session's limits do not allow; the error names the axis.
  static Result<Endpoint> open(const SampleSpec& spec, Role role, Size size);

  Result<std::string> listen() { return session_->listen(); }
  Result<void> accept(MonotonicNs deadline) { return adopt(session_->accept(deadline)); }
  Result<void> connect(const std::string& address, MonotonicNs deadline) {
    return adopt(session_->connect(address, deadline));
  }

  void begin_phase();
  // What the channels booked, and the session counted, since begin_phase(); and the session's facts.
  Ledger booked() const;
  void add_counters_to(SideReport& report) const;

  // Takes completions once. Blocking points sleep first, for 10 to 40 ms at the longest, so that loops see their
  // bounds. Valid until the next take.
  std::span<Completion> take() noexcept;
  // The same, and wakes by `deadline` if that comes first.
  std::span<Completion> take_until(MonotonicNs deadline) noexcept;
  // When completions were last taken; a few turns old when none of them needed the time.
  Ticks now() const { return now_; }
  // By that clock, which may be behind the one that `then` was read from.
  std::int64_t ns_since(Ticks then) const { return now_ > then ? ticks_to_ns(now_ - then) : 0; }
  bool times_releases = false;

  // Notes why a channel will do no more; the first reason stays.
  void fail(const Failure& failure, std::uint32_t channel = 0) noexcept;
  void note_closed(const Completion& completion) noexcept;
  const Failure& failure() const { return failure_; }
  // Datagrams fail one by one, each a loss; when a whole phase did, the point cannot be measured: the first reason.
  void note_refusal(const Failure& failure) noexcept {
    if (!refusal_) refusal_ = failure;
  }
  Result<void> unless_all_refused() const;
  bool closed() const { return closed_; }
  // "Connection reset by peer", with the receiver's number where there are several.
  Error error(std::string context = {}) const;
  void abort() noexcept;

  Session& session() const { return *session_; }
  Channel& channel(std::size_t index = 0) const { return *channels_[index]; }
  std::span<Channel* const> channels() const { return channels_; }
  const Limits& limits() const { return session_->limits(); }
  // Whole messages, each with a sequence number in front.
  bool datagrams() const { return carry_sequence(limits()); }

 private:
  Endpoint() = default;
  Result<void> adopt(Result<Channel*> channel);
  void renew_nap_deadline() noexcept;
  bool needs_time(std::size_t completions) noexcept;

  std::unique_ptr<Session> session_;
  std::vector<Channel*> channels_;
  std::size_t channels_asked_ = 1;
  Waiter* waiter_ = nullptr;

  Ticks now_ = 0;
  std::uint32_t turns_without_time_ = 0;
  MonotonicNs nap_deadline_ns_ = 0;
  Ticks nap_renewed_at_ = 0, ticks_between_renewals_ = 0;

  Failure failure_, refusal_;
  std::uint32_t failed_channel_ = 0;
  bool closed_ = false;
  Ledger booked_before_;
  std::vector<Counter> counters_before_;
  std::array<Completion, 64> completions_;
};

}  // namespace xover
