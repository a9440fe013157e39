// How small a transport can be. Every op is accepted, counted, and reported as sent and released by the next reap; no
// byte is looked at, so the ledger books all of them as zero_copied by construction. There is no peer: nothing can be
// listened for, accepted or received. docs/adding-a-transport.md walks through this file.
#include "transports/null/null.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "transports/common/pages.h"
#include "transports/common/ring.h"

namespace xover {

namespace {

class NullChannel final : public Channel {
 public:
  NullChannel(std::uint32_t index, const Limits& limits) : index_(index), limits_(limits), finished_(limits.depth) {}

  std::uint32_t index() const noexcept override { return index_; }

  Submitted submit(std::span<const SendOp> ops) noexcept override {
    if (failure_) return {0, Stop::failed};
    const std::size_t accepted = std::min(ops.size(), finished_.room());
    for (const SendOp& op : ops.first(accepted)) {
      assert(op.segments.size() <= limits_.max_segments);
      finished_.push({op.token, total_bytes(op.segments)});
    }
    return {accepted, accepted == ops.size() ? Stop::none : Stop::busy};
  }

  std::size_t offer(std::span<const RxBuffer>) noexcept override { return 0; }

  void shutdown_send() noexcept override {
    if (!failure_) failure_ = {ErrorCode::cancelled, 0, "submit after shutdown_send"};
  }

  void abort() noexcept override {
    if (aborted_) return;
    aborted_ = closed_due_ = true;
    failure_ = {ErrorCode::aborted, 0, "abort"};
  }

  Failure failure() const noexcept override { return failure_; }
  const Ledger& ledger() const noexcept override { return ledger_; }

  std::size_t reap(std::span<Completion> out) noexcept {
    std::size_t count = 0;
    for (; count < out.size() && !finished_.empty(); ++count) report_released(out[count]);
    if (count < out.size() && closed_due_) report_closed(out[count++]);
    return count;
  }

 private:
  struct Finished {
    Token token = 0;
    std::uint64_t bytes = 0;
  };

  void report_released(Completion& out) noexcept {
    const Finished op = finished_.front();
    finished_.pop();
    out = {.channel = index_,
           .moments = Moment::sent | Moment::released,
           .evidence = Handover::zero_copied,
           .token = op.token,
           .bytes = op.bytes};
    ledger_.complete(Handover::zero_copied, op.bytes);
  }

  void report_closed(Completion& out) noexcept {
    out = {.channel = index_, .moments = Moment::closed, .failure = failure_};
    closed_due_ = false;
  }

  std::uint32_t index_;
  const Limits& limits_;
  Ring<Finished> finished_;  // accepted and not yet reaped: at most `depth`
  bool aborted_ = false, closed_due_ = false;
  Failure failure_;
  Ledger ledger_;
};

class NullSession final : public Session {
 public:
  explicit NullSession(const OpenParameters& parameters)
      : limits_{.max_channels = parameters.max_channels,
                .depth = parameters.depth,
                .max_op_bytes = std::size_t{1} << 40,
                .max_segments = 1024,
                .foreign_memory = true},
        pages_(parameters.pages) {}

  const Limits& limits() const noexcept override { return limits_; }

  Result<std::string> listen() override { return no_receiver("listen"); }
  Result<Channel*> accept(MonotonicNs) override { return no_receiver("accept"); }

  Result<Channel*> connect(const std::string&, MonotonicNs) override {
    if (channels_.size() == limits_.max_channels) {
      return make_error(ErrorCode::no_memory, "connect", "null: all channels of the session are in use",
                        "open the session with a greater max_channels");
    }
    channels_.push_back(std::make_unique<NullChannel>(static_cast<std::uint32_t>(channels_.size()), limits_));
    return channels_.back().get();
  }

  Result<std::vector<Segment>> arena(std::size_t size_bytes) override { return add_arena(arenas_, size_bytes, pages_); }

  std::size_t reap(std::span<Completion> out) noexcept override {
    std::size_t count = 0;
    for (auto& channel : channels_) count += channel->reap(out.subspan(count));
    return count;
  }

  Waiter* waiter() noexcept override { return nullptr; }  // whatever is submitted has already completed
  std::vector<Counter> counters() const override { return {}; }

 private:
  static tl::unexpected<Error> no_receiver(const char* operation) {
    return make_error(ErrorCode::unsupported, operation,
                      "null discards what it is given: the link sink has no receiver",
                      "choose a transport that moves bytes, see xover list");
  }

  Limits limits_;
  std::vector<std::unique_ptr<NullChannel>> channels_;
  PageKind pages_;
  std::vector<Pages> arenas_;
};

Availability probe(const Link&) { return {}; }

Result<std::unique_ptr<Session>> open(const OpenParameters& parameters) {
  return std::make_unique<NullSession>(parameters);
}

constexpr std::array<std::string_view, 1> links{"sink"};

constexpr std::array rows{Descriptor{
    .id = "null",
    .family = "null",
    .path = Path::bypass,
    .summary = "accepts and discards: what the harness itself costs",
    .way_of_a_byte = "Nowhere. The op is accepted, its size is counted, and the next reap reports it as sent and\n"
                     "released. No byte is read, so none is copied, and nobody receives anything.",
    .links = links,
    .probe = probe,
    .open = open,
}};

}  // namespace

std::span<const Descriptor> null_transports() { return rows; }

}  // namespace xover
