// Opening, counting and reporting of a connection's end; its data plane is in connection_end_datapath.cpp.
#include "harness/workloads/connection_end.h"

#include <algorithm>

#include <fmt/format.h>

namespace xover {

namespace {

// Streams are received in pieces of the message's size within these bounds: large enough to spare system calls, small
// enough to be read out of the cache.
constexpr std::size_t least_receive_bytes = 128 << 10;
constexpr std::size_t most_receive_bytes = 1 << 20;
constexpr std::size_t most_receive_buffers = 64;
constexpr double nap_renewal_seconds = 0.01;

}  // namespace

Result<std::unique_ptr<ConnectionEnd>> ConnectionEnd::open(const SampleSpec& spec, Role role, unsigned connection) {
  const Descriptor* transport = find_transport(spec.variant.id);
  if (transport == nullptr || transport->planned())
    return make_error(ErrorCode::bad_input, "open session", spec.variant.id, "`xover list` shows what there is");
  auto options = Options::resolve(transport->id, transport->options, spec.variant.options);
  if (!options) return tl::make_unexpected(options.error());

  OpenParameters parameters;
  parameters.link = spec.variant.link;
  parameters.options = std::move(*options);
  parameters.max_channels = 1;
  parameters.depth = spec.point.depth;
  auto session = transport->open(parameters);
  if (!session) return tl::make_unexpected(session.error());

  std::unique_ptr<ConnectionEnd> end(new ConnectionEnd(spec, role, connection));
  end->session_ = std::move(*session);
  end->waiter_ = spec.point.wait == Wait::block ? end->session_->waiter() : nullptr;
  if (spec.point.wait == Wait::block && end->waiter_ == nullptr && end->limits().receive != Receive::none)
    return make_error(ErrorCode::unsupported, "open session", fmt::format("{} cannot block", spec.variant.id),
                      "use --wait spin");
  if (spec.point.size_bytes > end->limits().max_op_bytes)
    return make_error(
        ErrorCode::unsupported, "open session",
        fmt::format("{} sends at most {} bytes in one message", spec.variant.id, end->limits().max_op_bytes));
  if (spec.point.fields > end->limits().max_segments)
    return make_error(ErrorCode::unsupported, "open session",
                      fmt::format("{} takes at most {} fields", spec.variant.id, end->limits().max_segments));
  end->depth_ = std::min<std::size_t>(spec.point.depth, end->limits().depth);
  end->datagrams_ = end->limits().framing == Framing::message && end->limits().whole_messages;
  if (end->datagrams_ && spec.point.size_bytes < sequence_bytes)
    return make_error(ErrorCode::unsupported, "open session",
                      fmt::format("datagrams of {} bytes; each carries a sequence number of {} bytes",
                                  spec.point.size_bytes, sequence_bytes),
                      "use a larger --size");
  return end;
}

Result<void> ConnectionEnd::adopt(Result<Channel*> channel) {
  if (!channel) return tl::make_unexpected(channel.error());
  channel_ = *channel;
  return {};
}

Result<void> ConnectionEnd::accept(MonotonicNs deadline) { return adopt(session_->accept(deadline)); }

Result<void> ConnectionEnd::connect(const std::string& address, MonotonicNs deadline) {
  return adopt(session_->connect(address, deadline));
}

Result<void> ConnectionEnd::prepare_to_send() {
  auto pool = MessagePool::make(*session_, spec_.point, seed_);
  if (!pool) return tl::make_unexpected(pool.error());
  pool_ = std::move(*pool);
  lent_at_.assign(pool_.slots(), 0);
  on_loan_.assign(pool_.slots(), false);
  return {};
}

Result<void> ConnectionEnd::prepare_to_receive() {
  if (spec_.point.touch == Touch::verify) checker_ = std::make_unique<PayloadChecker>(spec_.point, seed_);
  if (limits().receive != Receive::offered) return {};
  const bool stream = limits().framing == Framing::stream;
  receive_buffer_bytes_ = stream
                              ? std::clamp<std::size_t>(spec_.point.size_bytes, least_receive_bytes, most_receive_bytes)
                              : std::max<std::size_t>(limits().max_op_bytes, 1);
  receive_buffers_ = std::min<std::size_t>(limits().max_offered, stream ? 2 : most_receive_buffers);
  auto pages = Pages::allocate(receive_buffer_bytes_ * receive_buffers_, Pages::Fault::now);
  if (!pages) return tl::make_unexpected(pages.error());
  receive_pages_ = std::move(*pages);
  for (std::uint32_t buffer = 0; buffer < receive_buffers_; ++buffer) idle_buffers_.push_back(buffer);
  return {};
}

void ConnectionEnd::begin_phase(std::uint32_t phase) {
  phase_ = phase;
  if (datagrams_ && pool_.slots() > 0) next_number_ += (pool_.slots() - next_number_ % pool_.slots()) % pool_.slots();
  phase_first_number_ = next_number_;
  phase_first_position_ = stream_position_;
  sent_messages_ = failed_messages_ = busy_ = arrived_messages_ = partial_message_bytes_ = 0;
  now_ = last_arrival_ = ticks_now();
  ticks_between_renewals_ = static_cast<Ticks>(ticks_per_second() * nap_renewal_seconds);
  renew_nap_deadline(last_arrival_);
  first_ns = last_ns = 0;
  latency_.clear();
  ledger_before_ = channel_->ledger();
  counters_before_ = session_->counters();
}

void ConnectionEnd::add_to(SideReport& report) const {
  const std::uint64_t messages = role_ == Role::sender ? sent_messages_ : arrived_messages();
  report.messages += messages;
  if (role_ == Role::receiver && !datagrams_)
    report.bytes += stream_position_ - phase_first_position_;
  else
    report.bytes += messages * (spec_.point.size_bytes - (datagrams_ ? sequence_bytes : 0));
  report.busy += busy_;
  report.latency.merge(latency_);
  report.first_ns = report.first_ns == 0 ? first_ns : std::min(report.first_ns, first_ns);
  report.last_ns = std::max(report.last_ns, last_ns);

  Ledger ledger = channel_->ledger();
  ledger -= ledger_before_;
  report.ledger += ledger;
  for (const Counter& counter : session_->counters()) {
    const auto before = std::find_if(counters_before_.begin(), counters_before_.end(),
                                     [&](const Counter& other) { return other.name == counter.name; });
    const std::uint64_t value = counter.value - (before == counters_before_.end() ? 0 : before->value);
    report.counters[std::string(counter.name)] += value;
  }
  if (failed_messages_ > 0) report.counters["failed_messages"] += failed_messages_;
  for (const Fact& fact : session_->facts()) report.facts[fact.name] = fact.value;
}

Error error_of(const ConnectionEnd& end) { return to_error(end.failure()); }

}  // namespace xover
