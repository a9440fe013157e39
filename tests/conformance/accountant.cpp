// One function for each moment; each complaint says what came and what was known.
#include "tests/conformance/accountant.h"

#include <algorithm>

namespace xover::conformance {

namespace {

constexpr std::size_t max_problems = 10;  // the first ones tell; a broken transport makes thousands

std::string text_of(Token token) { return "token " + std::to_string(token & 0xffffffff); }

}  // namespace

void Accountant::complain(std::string text) {
  if (problems_.size() < max_problems) problems_.push_back(side_ + ": " + std::move(text));
}

void Accountant::accepted(std::uint32_t channel, Token token, std::uint64_t bytes) {
  ops_[token] = {bytes, false, {channel}};
  if (++accounts_[channel].in_flight > limits_.depth) {
    complain("more ops in flight than limits().depth = " + std::to_string(limits_.depth));
  }
}

void Accountant::fanned_out(const std::vector<std::uint32_t>& channels, Token token, std::uint64_t bytes) {
  ops_[token] = {bytes, false, channels};
  for (const std::uint32_t channel : channels) ++accounts_[channel].in_flight;
}

void Accountant::offered(std::uint32_t channel, Token token, std::size_t size_bytes) {
  buffers_[token] = {channel, size_bytes};
  if (buffers_.size() > limits_.max_offered * std::max<std::size_t>(1, limits_.max_channels)) {
    complain("more buffers were taken than limits().max_offered allows");
  }
}

void Accountant::completed(const Completion& completion) {
  const Account& account = accounts_[completion.channel];
  if (completion.moments == Moments()) complain("a completion without a moment");
  if (account.closed && account.close_failure) {
    complain("a completion behind the `closed` that reported a failure, " + text_of(completion.token));
  }
  if (completion.moments.has(Moment::sent)) take_sent(completion);
  if (completion.moments.has(Moment::released)) take_released(completion);
  if (completion.moments.has(Moment::received)) take_received(completion);
  if (completion.moments.has(Moment::closed)) take_closed(completion);
}

void Accountant::take_sent(const Completion& completion) {
  const auto op = ops_.find(completion.token);
  if (op == ops_.end()) return complain("`sent` for an op that is not in flight, " + text_of(completion.token));
  if (op->second.sent) complain("a second `sent` for " + text_of(completion.token));
  op->second.sent = true;
}

void Accountant::take_released(const Completion& completion) {
  const auto found = ops_.find(completion.token);
  if (found == ops_.end()) {
    return complain("`released` for an op that is not in flight (twice, or never accepted), " +
                    text_of(completion.token));
  }
  const Op op = found->second;
  ops_.erase(found);
  ++released_count_;
  if (op.channels.front() != completion.channel)
    complain("`released` on another channel, " + text_of(completion.token));
  if (completion.failure) {
    ++failed_[completion.failure.code];
    if (completion.bytes > op.bytes) complain("more bytes released than lent, " + text_of(completion.token));
  } else {
    if (completion.bytes != op.bytes) {
      complain(text_of(completion.token) + " released with " + std::to_string(completion.bytes) + " bytes of " +
               std::to_string(op.bytes) + " and no failure");
    }
    if (!op.sent) complain("released without `sent`, " + text_of(completion.token));
  }
  for (const std::uint32_t channel : op.channels) {
    Account& account = accounts_[channel];
    --account.in_flight;
    account.released_bytes += completion.bytes;
    if (completion.evidence == Handover::zero_copied) account.zero_copied_bytes += completion.bytes;
  }
}

void Accountant::take_received(const Completion& completion) {
  Account& account = accounts_[completion.channel];
  if (account.closed) complain("`received` behind `closed`");
  account.received_bytes += completion.bytes;
  if (completion.evidence == Handover::zero_copied) account.zero_copied_bytes += completion.bytes;
  if (limits_.receive == Receive::loaned) {
    if (completion.bytes != completion.lease.bytes().size()) complain("`bytes` is not the size of the lease");
    return;
  }
  const auto found = buffers_.find(completion.token);
  if (found == buffers_.end()) {
    return complain("`received` for a buffer that is not lent (twice, or never taken), " + text_of(completion.token));
  }
  if (found->second.channel != completion.channel)
    complain("`received` on another channel, " + text_of(completion.token));
  if (completion.bytes > found->second.size_bytes) complain("more bytes received than the buffer holds");
  buffers_.erase(found);
}

void Accountant::take_closed(const Completion& completion) {
  Account& account = accounts_[completion.channel];
  if (account.closed) complain("a second `closed`");
  account.closed = true;
  account.close_failure = completion.failure;
  const bool lent = std::any_of(buffers_.begin(), buffers_.end(),
                                [&](const auto& entry) { return entry.second.channel == completion.channel; });
  if (lent) complain("`closed` before all offered buffers came back");
  if (completion.failure && account.in_flight != 0) complain("`closed` with a failure before all ops were released");
}

bool Accountant::closed(std::uint32_t channel) const {
  const auto found = accounts_.find(channel);
  return found != accounts_.end() && found->second.closed;
}

Failure Accountant::close_failure(std::uint32_t channel) const {
  const auto found = accounts_.find(channel);
  return found == accounts_.end() ? Failure{} : found->second.close_failure;
}

std::uint64_t Accountant::released_bytes(std::uint32_t channel) const {
  const auto found = accounts_.find(channel);
  return found == accounts_.end() ? 0 : found->second.released_bytes;
}

std::size_t Accountant::failed_releases(ErrorCode code) const {
  const auto found = failed_.find(code);
  return found == failed_.end() ? 0 : found->second;
}

void Accountant::expect_nothing_lent() {
  if (!ops_.empty())
    complain(std::to_string(ops_.size()) + " ops never released, the first " + text_of(ops_.begin()->first));
  if (!buffers_.empty()) complain(std::to_string(buffers_.size()) + " offered buffers never came back");
}

void Accountant::check_ledger(const Channel& channel) {
  const Ledger& ledger = channel.ledger();
  const Account& account = accounts_[channel.index()];
  const std::uint64_t reported = account.released_bytes + account.received_bytes;
  if (!ledger.balanced()) complain("the ledger is out of balance");
  if (ledger.completed_bytes != reported) {
    complain("the ledger has " + std::to_string(ledger.completed_bytes) + " bytes completed, the completions " +
             std::to_string(reported));
  }
  if (ledger[Handover::zero_copied] < account.zero_copied_bytes) {
    complain("completions call more bytes zero_copied than the ledger");
  }
}

std::string Accountant::summary() const {
  std::string text = side_ + ": " + std::to_string(ops_.size()) + " ops and " + std::to_string(buffers_.size()) +
                     " buffers lent, " + std::to_string(released_count_) + " ops released";
  for (const auto& [channel, account] : accounts_) {
    text += "; channel " + std::to_string(channel) + " received " + std::to_string(account.received_bytes) +
            (account.closed ? ", closed" : "");
  }
  return text;
}

}  // namespace xover::conformance
