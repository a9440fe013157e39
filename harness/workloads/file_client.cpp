// The client's loop.
#include "harness/workloads/file_client.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "core/payload.h"
#include "harness/workloads/touch.h"
#include "harness/workloads/waiting.h"

namespace xover {

namespace {

constexpr std::size_t slot_bytes = 64;  // a cache line each

constexpr Failure no_answer{ErrorCode::timed_out, 0, "no answer came for 5 s"};
constexpr Failure ended_early{ErrorCode::peer_died, 0, "the server ended its phase before all answers were here"};
constexpr Failure not_asked_for{ErrorCode::internal, 0, "bytes came in that belong to no request"};
constexpr Failure wrong_bytes{ErrorCode::internal, 0, "the client found bytes that are not the file's"};

}  // namespace

Result<std::unique_ptr<End>> FileClient::open(const SampleSpec& spec, unsigned connection) {
  auto endpoint = Endpoint::open(spec, Role::receiver, {.channels = 1, .depth = file_session_depth(spec.point)});
  if (!endpoint) return tl::make_unexpected(endpoint.error());
  return std::unique_ptr<End>(new FileClient(spec, connection, std::move(*endpoint)));
}

FileClient::FileClient(const SampleSpec& spec, unsigned connection, Endpoint endpoint)
    : spec_(spec),
      endpoint_(std::move(endpoint)),
      sizes_(file_sizes(spec.point)),
      sequence_(sizes_.size(), connection + 1),
      asked_at_(spec.point.depth) {}

Result<void> FileClient::accept(MonotonicNs deadline) {
  if (auto accepted = endpoint_.accept(deadline); !accepted) return accepted;
  return prepare();
}

Result<void> FileClient::connect(std::span<const std::string> addresses, MonotonicNs deadline) {
  if (auto connected = endpoint_.connect(addresses.front(), deadline); !connected) return connected;
  return prepare();
}

Result<void> FileClient::prepare() {
  auto buffers = ReceiveBuffers::make(endpoint_.limits(), spec_.point.size_bytes);
  if (!buffers) return tl::make_unexpected(buffers.error());
  buffers_ = std::move(*buffers);

  const std::size_t slots = std::min<std::size_t>(endpoint_.limits().depth, file_session_depth(spec_.point));
  auto arena = endpoint_.session().arena(slots * slot_bytes);
  if (!arena) return tl::make_unexpected(arena.error());
  const Segment& whole = arena->front();
  if (whole.size_bytes < slots * slot_bytes)
    return make_error(ErrorCode::unsupported, "lay out requests",
                      fmt::format("the arena's first segment has {} bytes, {} are needed in one piece",
                                  whole.size_bytes, slots * slot_bytes));
  for (std::size_t slot = 0; slot < slots; ++slot) {
    std::byte* memory = whole.data + slot * slot_bytes;
    slots_.push_back({memory, {memory, sizeof(FileRequest), whole.file, whole.file_offset + slot * slot_bytes}});
  }
  return {};
}

void FileClient::begin_phase() {
  arrived_messages_ = arrived_bytes_ = busy_ = 0;
  last_progress_ = last_arrival_ = ticks_now();
  latency_.clear();
  endpoint_.begin_phase();
}

Result<void> FileClient::run_phase(const PhaseOrder& order, const Expectation& expected) {
  begin_phase();
  sleep_until(order.start_ns);
  first_ns_ = order.start_ns;
  last_progress_ = last_arrival_ = ticks_now();
  ask_until(last_arrival_ + ticks_of(order.duration_ns), expected);
  finish(expected);
  // The last arrival was stamped with the cheap counter; it is placed on the shared clock here.
  last_ns_ = monotonic_now_ns() - ticks_to_ns(ticks_now() - last_arrival_);
  if (!endpoint_.failure()) return {};
  endpoint_.abort();
  const bool in_a_file = position_ > 0 || outstanding() > 0;
  return tl::make_unexpected(endpoint_.error(in_a_file ? fmt::format("file {:05}", wrong_file_) : std::string()));
}

void FileClient::ask_until(Ticks end, const Expectation& expected) noexcept {
  while (!endpoint_.failure()) {
    const bool more = ticks_now() < end;
    if (!more && outstanding() == 0) return;
    if (more) ask();
    turn();
    if (expected.known()) endpoint_.fail(ended_early);
  }
}

// The server ends its phase when all answers are released, for which it needs this side.
void FileClient::finish(const Expectation& expected) noexcept {
  bool told = false;
  last_progress_ = ticks_now();
  while (!endpoint_.failure() && !(told && expected.known())) {
    if (!told) told = send({.number = asked_, .kind = FileRequest::finish});
    turn();
    if (told) last_progress_ = endpoint_.now();  // whatever the server has to wait for has bounds there
  }
  if (!endpoint_.failure() && expected.get() != arrived_messages_) endpoint_.fail(ended_early);
}

void FileClient::ask() noexcept {
  while (outstanding() < spec_.point.depth && !endpoint_.failure()) {
    const Ticks now = ticks_now();
    if (!send({.number = asked_, .file = sequence_.file(asked_)})) return;
    asked_at_[asked_++ % asked_at_.size()] = now;
  }
}

bool FileClient::send(const FileRequest& request) noexcept {
  Slot& slot = slots_[sends_ % slots_.size()];
  if (slot.on_loan) return false;
  std::memcpy(slot.memory, &request, sizeof(request));
  const SendOp op{sends_ % slots_.size(), {&slot.segment, 1}};
  const Submitted submitted = endpoint_.channel().submit({&op, 1});
  if (submitted.stop == Stop::busy) ++busy_;
  if (submitted.stop == Stop::failed) endpoint_.fail(endpoint_.channel().failure());
  if (submitted.accepted == 0) return false;
  slot.on_loan = true;
  ++sends_;
  return true;
}

void FileClient::turn() noexcept {
  const Point& point = spec_.point;
  const std::uint64_t before = arrived_messages_;
  buffers_.offer_to(endpoint_.channel());
  for (Completion& completion : endpoint_.take()) {
    if (completion.moments.has(Moment::released)) slots_[completion.token].on_loan = false;
    if (completion.moments.has(Moment::released) && completion.failure) endpoint_.fail(completion.failure);
    if (completion.moments.has(Moment::received)) {
      take_answer(completion);
      completion.lease = Lease();
    }
    if (completion.moments.has(Moment::closed)) endpoint_.note_closed(completion);
  }
  if (endpoint_.ns_since(last_progress_) > silence_bound_ns) endpoint_.fail(no_answer);
  if (point.late_ns == 0 || arrived_messages_ == before) return;
  keep_waiting(point.late_ns, point.wait);
  last_progress_ = ticks_now();
}

void FileClient::take_answer(const Completion& completion) noexcept {
  std::span<const std::byte> bytes = buffers_.take(completion);
  if (completion.failure) endpoint_.fail(completion.failure);
  if (completion.bytes == 0) return;
  last_progress_ = last_arrival_ = endpoint_.now();
  if (spec_.point.touch == Touch::read) touched_ += read_every_byte(bytes);
  for (std::uint64_t left = completion.bytes; left > 0;) {
    if (outstanding() == 0) return endpoint_.fail(not_asked_for);
    const std::uint32_t file = sequence_.file(answered_);
    const std::uint64_t part = std::min(left, sizes_[file] - position_);
    if (!endpoint_.failure()) wrong_file_ = file;
    if (spec_.point.touch == Touch::verify && verify_payload(bytes.first(part), file_seed(file), position_))
      endpoint_.fail(wrong_bytes);
    if (!bytes.empty()) bytes = bytes.subspan(part);
    left -= part;
    arrived_bytes_ += part;
    position_ += part;
    if (position_ < sizes_[file]) return;
    position_ = 0;
    const Ticks waited = last_arrival_ - asked_at_[answered_++ % asked_at_.size()];
    latency_.record(static_cast<std::uint64_t>(ticks_to_ns(waited)));
    ++arrived_messages_;
  }
}

void FileClient::add_to(SideReport& report) const {
  report.messages += arrived_messages_;
  report.bytes += arrived_bytes_;
  report.busy += busy_;
  report.latency.merge(latency_);
  report.cover(first_ns_, last_ns_);
  report.ledger += endpoint_.booked();
  endpoint_.add_counters_to(report);
}

}  // namespace xover
