// The server's loop.
#include "harness/workloads/file_server.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "core/units.h"
#include "harness/workloads/file_client.h"
#include "harness/workloads/waiting.h"

namespace xover {

namespace {

constexpr Failure no_request{ErrorCode::timed_out, 0, "no request came, and nothing was released, for 5 s"};
constexpr Failure bad_request{ErrorCode::internal, 0, "a request that no client sends came in"};
constexpr Failure too_many_requests{ErrorCode::internal, 0, "more requests came in than the depth allows"};

Result<void> check_sizes(const SampleSpec& spec, const FileSet& files, const Limits& limits) {
  for (std::uint32_t file = 0; file < files.count(); ++file) {
    if (files.size_bytes(file) <= limits.max_op_bytes) continue;
    return make_error(ErrorCode::unsupported, "open session",
                      fmt::format("{} sends at most {} bytes at once, and a file of the set has {}", spec.variant.id,
                                  limits.max_op_bytes, files.size_bytes(file)),
                      "use a smaller --size, or --mix fixed");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<End>> FileServer::open(const SampleSpec& spec, unsigned connection, FileSet& files) {
  auto endpoint = Endpoint::open(spec, Role::sender,
                                 {.channels = 1, .depth = file_session_depth(spec.point), .connection = connection});
  if (!endpoint) return tl::make_unexpected(endpoint.error());
  if (auto fit = check_sizes(spec, files, endpoint->limits()); !fit) return tl::make_unexpected(fit.error());
  return std::unique_ptr<End>(new FileServer(spec, files, std::move(*endpoint)));
}

FileServer::FileServer(const SampleSpec& spec, FileSet& files, Endpoint endpoint)
    : spec_(spec),
      files_(files),
      endpoint_(std::move(endpoint)),
      asked_(spec.point.depth + std::min<std::size_t>(endpoint_.limits().depth, file_session_depth(spec.point))) {}

Result<void> FileServer::accept(MonotonicNs deadline) {
  if (auto accepted = endpoint_.accept(deadline); !accepted) return accepted;
  return prepare();
}

Result<void> FileServer::connect(std::span<const std::string> addresses, MonotonicNs deadline) {
  if (auto connected = endpoint_.connect(addresses.front(), deadline); !connected) return connected;
  return prepare();
}

Result<void> FileServer::prepare() {
  auto buffers = ReceiveBuffers::make(endpoint_.limits(), sizeof(FileRequest));
  if (!buffers) return tl::make_unexpected(buffers.error());
  buffers_ = std::move(*buffers);
  return {};
}

void FileServer::begin_phase() {
  finished_ = false;
  sent_messages_ = sent_bytes_ = busy_ = drops_ = drops_in_vain_ = 0;
  requests_ = Ledger();
  endpoint_.begin_phase();
}

Result<void> FileServer::run_phase(const PhaseOrder& order, const Expectation&) {
  begin_phase();
  first_ns_ = order.start_ns;
  serve_until_finished();
  last_ns_ = monotonic_now_ns();
  if (!endpoint_.failure()) return {};
  endpoint_.abort();
  return tl::make_unexpected(endpoint_.error(in_flight_ > 0 ? files_.path(failed_file_) : std::string()));
}

void FileServer::serve_until_finished() noexcept {
  const std::int64_t patience_ns = silence_bound_ns + spec_.point.late_ns;
  Ticks last_progress = ticks_now();
  while (!done() && !endpoint_.failure()) {
    buffers_.offer_to(endpoint_.channel());
    const std::span<Completion> completions = endpoint_.take();
    take(completions);
    answer();
    if (!completions.empty()) last_progress = endpoint_.now();
    if (endpoint_.ns_since(last_progress) > patience_ns) endpoint_.fail(no_request);
  }
}

// A cold file is dropped right before it is sent, so that no other answer brings it back.
void FileServer::answer() noexcept {
  const bool cold = spec_.point.cache == PageCache::cold;
  std::array<SendOp, burst> ops;
  while (answered_ < received_) {
    const std::size_t count = cold ? 1 : std::min<std::uint64_t>(received_ - answered_, burst);
    for (std::size_t i = 0; i < count; ++i) {
      Asked& wanted = asked(answered_ + i);
      if (cold) drop_from_cache(wanted);
      ops[i] = {answered_ + i, files_.contents(wanted.file)};
    }
    const Submitted submitted = endpoint_.channel().submit({ops.data(), count});
    answered_ += submitted.accepted;
    in_flight_ += submitted.accepted;
    if (submitted.stop == Stop::busy) ++busy_;
    if (submitted.stop == Stop::failed) endpoint_.fail(endpoint_.channel().failure());
    if (submitted.stop != Stop::none) return;
  }
}

void FileServer::drop_from_cache(Asked& asked) noexcept {
  if (asked.dropped) return;  // a try that was turned away
  asked.dropped = true;
  ++drops_;
  if (!files_.drop_from_cache(asked.file)) ++drops_in_vain_;
}

void FileServer::take(std::span<Completion> completions) noexcept {
  for (Completion& completion : completions) {
    if (completion.moments.has(Moment::released)) take_release(completion);
    if (completion.moments.has(Moment::received)) {
      take_bytes(buffers_.take(completion));
      requests_.complete(completion.evidence, completion.bytes);
      if (completion.failure) endpoint_.fail(completion.failure);
      completion.lease = Lease();
    }
    if (completion.moments.has(Moment::closed)) endpoint_.note_closed(completion);
  }
}

void FileServer::take_bytes(std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const std::size_t part = std::min(bytes.size(), sizeof(partial_) - partial_bytes_);
    std::memcpy(reinterpret_cast<std::byte*>(&partial_) + partial_bytes_, bytes.data(), part);
    partial_bytes_ += part;
    bytes = bytes.subspan(part);
    if (partial_bytes_ < sizeof(partial_)) return;
    partial_bytes_ = 0;
    take_request(partial_);
  }
}

void FileServer::take_request(const FileRequest& request) noexcept {
  if (request.kind == FileRequest::finish && request.number == received_) {
    finished_ = true;
    return;
  }
  if (request.kind != FileRequest::get || request.number != received_ || request.file >= files_.count())
    return endpoint_.fail(bad_request);
  if (received_ - answered_ >= spec_.point.depth) return endpoint_.fail(too_many_requests);
  asked(received_++) = {.file = request.file};
}

void FileServer::take_release(const Completion& completion) noexcept {
  if (completion.failure) {
    if (!endpoint_.failure()) failed_file_ = asked(completion.token).file;
    return endpoint_.fail(completion.failure);
  }
  --in_flight_;
  ++sent_messages_;
  sent_bytes_ += completion.bytes;
}

void FileServer::add_to(SideReport& report) const {
  report.messages += sent_messages_;
  report.bytes += sent_bytes_;
  report.busy += busy_;
  report.cover(first_ns_, last_ns_);
  Ledger booked = endpoint_.booked();
  booked -= requests_;
  report.ledger += booked;
  endpoint_.add_counters_to(report);
  if (drops_ > 0) {
    report.counters["cache_drops"] += drops_;
    report.counters["first_page_still_cached"] += drops_in_vain_;
  }
  for (const Fact& fact : files_.facts()) report.facts[fact.name] = fact.value;
}

}  // namespace xover
