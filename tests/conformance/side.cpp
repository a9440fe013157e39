// The pump, and what surrounds it.
#include "tests/conformance/side.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>
#include <utility>

namespace xover::conformance {

namespace {

constexpr std::byte scribble{0xEE};
constexpr Token op_tokens = Token{0xA5A5} << 48;  // tokens are the caller's: all 64 bits have to come back
constexpr Token buffer_tokens = Token{0x5A5A} << 48;
constexpr MonotonicNs nap_ns = 2'000'000;

std::uint64_t total_bytes(const Message& message) {
  std::uint64_t bytes = 0;
  for (const Segment& segment : message) bytes += segment.size_bytes;
  return bytes;
}

std::unique_ptr<Session> opened(const Subject& subject, const std::string& name, LinkRole role,
                                const SideSetup& setup) {
  auto session = open_session(subject, setup.channels, setup.depth, setup.options, role);
  if (!session) throw SideFailed{name + ": open: " + session.error().message()};
  return std::move(*session);
}

}  // namespace

Side::Side(const Subject& subject, std::string name, LinkRole role, const SideSetup& setup, Meeting& meeting)
    : name_(std::move(name)),
      setup_(setup),
      meeting_(meeting),
      deadline_(monotonic_now_ns() + side_bound_ns),
      session_(opened(subject, name_, role, setup)),
      limits_(session_->limits()),
      accountant_(name_, limits_) {}

std::string Side::listen() {
  auto address = session_->listen();
  if (!address) fail("listen: " + address.error().message());
  return *address;
}

void Side::accept_all() {
  while (channels_.size() < setup_.channels) adopt(session_->accept(deadline_), "accept");
}

void Side::connect_all(const std::string& address) {
  while (channels_.size() < setup_.channels) adopt(session_->connect(address, deadline_), "connect");
}

void Side::adopt(Result<Channel*> channel, const char* operation) {
  if (!channel) fail(std::string(operation) + ": " + channel.error().message());
  if ((*channel)->index() != channels_.size()) fail("channel indices are not 0, 1, 2, ...");
  channels_.push_back(*channel);
}

Submitted Side::submit(std::span<const Message> messages, std::size_t channel) {
  std::vector<SendOp> ops;
  for (const Message& message : messages) {
    const Token token = op_tokens | next_token_++;
    const Message& kept = lent_[token] = message;
    ops.push_back({token, kept});
  }
  const Submitted result = channels_[channel]->submit(ops);
  if (result.accepted > ops.size()) fail("more ops were accepted than submitted");
  if (result.accepted == ops.size() && result.stop != Stop::none) fail("everything was accepted, but stop is not none");
  if (result.accepted < ops.size() && result.stop == Stop::none) fail("not everything was accepted, but stop is none");
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (i < result.accepted) {
      accountant_.accepted(channels_[channel]->index(), ops[i].token, total_bytes(messages[i]));
    } else {
      lent_.erase(ops[i].token);
    }
  }
  return result;
}

Token Side::newest_token() const { return lent_.empty() ? 0 : lent_.rbegin()->first; }

Submitted Side::fan_out(const Message& message) {
  const Token token = op_tokens | next_token_++;
  lent_[token] = message;
  const Submitted result = session_->fanout()->submit({token, lent_[token]}, channels_);
  if (result.accepted == 0) {
    lent_.erase(token);
    return result;
  }
  std::vector<std::uint32_t> indices;
  for (const Channel* channel : channels_) indices.push_back(channel->index());
  accountant_.fanned_out(indices, token, total_bytes(message));
  return result;
}

void Side::send(std::span<const Message> messages, std::size_t channel, std::size_t burst) {
  while (!messages.empty()) {
    const Submitted result = submit(messages.first(std::min(burst, messages.size())), channel);
    messages = messages.subspan(result.accepted);
    if (result.stop == Stop::failed) fail("submit failed: " + to_error(channels_[channel]->failure()).message());
    if (result.stop == Stop::busy) pump_once();
    check_clock("all ops to be accepted");
  }
}

std::size_t Side::send_until_stuck(std::span<const Message> messages, std::size_t channel) {
  constexpr MonotonicNs patience_ns = 50'000'000;
  std::size_t accepted = 0;
  for (MonotonicNs moved = monotonic_now_ns(); accepted < messages.size();) {
    const Submitted result = submit(messages.subspan(accepted, 1), channel);
    accepted += result.accepted;
    if (result.stop == Stop::failed) break;
    if (result.accepted != 0) moved = monotonic_now_ns();
    if (monotonic_now_ns() - moved > patience_ns) break;
    if (result.stop == Stop::busy) pump_once();
    check_clock("the channel to stay busy");
  }
  return accepted;
}

void Side::receive(std::size_t count, std::size_t size_bytes, ReceiveHandler handler, std::size_t channel) {
  Receiver& receiver = receivers_[channel];
  receiver.handler = std::move(handler);
  if (limits_.receive == Receive::loaned) {
    // Of a connection that ended in a failure nothing is promised any more: on a ring its bytes are the peer's memory.
    const auto index = static_cast<std::uint32_t>(channel);
    if (accountant_.close_failure(index)) unread_.erase(channel);
    for (Loan& loan : std::exchange(unread_[channel], {})) take_loan(std::move(loan), index);
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    receiver.idle.push_back(receiver.buffers.size());
    receiver.buffers.emplace_back(size_bytes, scribble);
  }
  offer_idle(channel);
}

// A buffer's token names it: the side's mark, the channel, the number.
std::size_t Side::offer_idle(std::size_t channel) {
  Receiver& receiver = receivers_[channel];
  if (receiver.idle.empty()) return 0;
  std::vector<RxBuffer> offers;
  for (const Token number : receiver.idle) {
    std::vector<std::byte>& buffer = receiver.buffers[number];
    offers.push_back({buffer_tokens | (channel << 32) | number, buffer.data(), buffer.size()});
  }
  const std::size_t taken = channels_[channel]->offer(offers);
  if (taken > offers.size()) fail("more buffers were taken than offered");
  for (std::size_t i = 0; i < taken; ++i) {
    accountant_.offered(channels_[channel]->index(), offers[i].token, offers[i].size_bytes);
  }
  receiver.idle.erase(receiver.idle.begin(), receiver.idle.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken;
}

void Side::handle(Completion& completion) {
  if (completion.channel >= channels_.size()) fail("a completion of a channel that does not exist");
  accountant_.completed(completion);
  if (completion.moments.has(Moment::released)) retire(completion.token);
  if (completion.moments.has(Moment::received)) take_received(completion);
}

// The op's bytes are spoilt, and its segments are pointed at other spoilt bytes: a transport that still looks at either
// delivers what the receiver's check does not expect. Nothing is freed, so that it fails there and not by a crash.
void Side::retire(Token token) {
  static std::vector<std::byte> spoilt(8 << 20, scribble);
  auto released = lent_.extract(token);
  if (released.empty()) return;
  for (Segment& segment : released.mapped()) {
    if (segment.size_bytes != 0) std::memset(segment.data, static_cast<int>(scribble), segment.size_bytes);
    if (segment.size_bytes <= spoilt.size()) segment.data = spoilt.data();
  }
  retired_.push_back(std::move(released.mapped()));
}

void Side::take_received(Completion& completion) {
  if (limits_.receive == Receive::loaned) {
    if (completion.failure) return;
    return take_loan({std::move(completion.lease), completion.piece, completion.last}, completion.channel);
  }
  Receiver& receiver = receivers_[completion.channel];
  const std::size_t number = completion.token & 0xffffffff;
  if (number >= receiver.buffers.size()) fail("a buffer came back that was never offered");
  std::vector<std::byte>& buffer = receiver.buffers[number];
  if (completion.bytes > buffer.size()) fail("more bytes received than the buffer holds");
  if (receiver.handler && !completion.failure) receiver.handler(Bytes(buffer).first(completion.bytes));
  std::fill(buffer.begin(), buffer.end(), scribble);
  receiver.idle.push_back(number);
}

void Side::take_loan(Loan loan, std::uint32_t channel) {
  if (!receivers_.contains(channel)) {
    unread_[channel].push_back(std::move(loan));
    return;
  }
  const ReceiveHandler& handler = receivers_[channel].handler;
  if (limits_.whole_messages) return take_piece(loan, arriving_[channel], handler);
  if (handler) handler(loan.lease.bytes());
}

// The bytes are copied out, since the lease of a piece goes back before the next one may come.
void Side::take_piece(const Loan& loan, Arriving& arriving, const ReceiveHandler& handler) {
  if (loan.piece == 0) {
    if (!arriving.ended && limits_.reliable) accountant_.complain("a message begins before the last one had its end");
    arriving = {.ended = false};
  }
  if (arriving.ended || loan.piece != arriving.next_piece) {
    arriving.lost = true;
    if (limits_.reliable) accountant_.complain("piece " + std::to_string(loan.piece) + " of a message is not the next");
  }
  ++arriving.next_piece;
  arriving.ended = loan.last;
  arriving.bytes.insert(arriving.bytes.end(), loan.lease.bytes().begin(), loan.lease.bytes().end());
  if (loan.last && !arriving.lost && handler) handler(arriving.bytes);
}

std::size_t Side::reap_once() {
  std::array<Completion, 16> completions;
  for (auto& [channel, receiver] : receivers_) {
    if (!accountant_.closed(static_cast<std::uint32_t>(channel))) offer_idle(channel);
  }
  const std::size_t count = session_->reap(completions);
  if (count > completions.size()) fail("reap returned more than it was given room for");
  for (std::size_t i = 0; i < count; ++i) handle(completions[i]);
  for (const Channel* channel : channels_) {
    if (!channel->ledger().balanced()) accountant_.complain("the ledger is out of balance");
  }
  return count;
}

std::size_t Side::pump_once() {
  const std::size_t count = reap_once();
  if (count == 0) wait_a_little();
  return count;
}

void Side::wait_a_little() {
  Waiter* waiter = setup_.poll_only ? nullptr : session_->waiter();
  if (waiter == nullptr) {
    std::this_thread::yield();
  } else {
    waiter->wait(monotonic_now_ns() + nap_ns);
  }
}

void Side::pump_until(const std::string& what, const std::function<bool()>& done) {
  while (!done()) {
    check_clock(what);
    pump_once();
  }
}

void Side::pump_for(MonotonicNs duration_ns) {
  const MonotonicNs end = monotonic_now_ns() + duration_ns;
  pump_until("a pause", [&] { return monotonic_now_ns() >= end; });
}

void Side::check_clock(const std::string& what) {
  if (meeting_.failed.load()) throw SideFailed{name_ + ": gave up because the other side failed, waiting for " + what};
  if (monotonic_now_ns() > deadline_) fail("time ran out waiting for " + what);
}

void Side::fail(const std::string& what) { throw SideFailed{name_ + ": " + what + " (" + accountant_.summary() + ")"}; }

void Side::finish() {
  if (session_ == nullptr) {
    ++meeting_.finished;
    return;
  }
  pump_until("all ops to be released", [&] { return accountant_.all_released(); });
  ++meeting_.finished;
  pump_until("the other side to finish", [&] { return meeting_.all_finished(); });
  const bool in_order = limits_.reliable && meeting_.expected == 2;
  for (Channel* channel : channels_) in_order ? channel->shutdown_send() : channel->abort();
  pump_until("everything to come back and all channels to close", [&] {
    return accountant_.all_returned() && std::all_of(channels_.begin(), channels_.end(), [&](const Channel* channel) {
             return accountant_.closed(channel->index());
           });
  });
  accountant_.expect_nothing_lent();
  for (const Channel* channel : channels_) accountant_.check_ledger(*channel);
  check_counters();
}

// What a transport counts against itself.
void Side::check_counters() {
  for (const Counter& counter : session_->counters()) {
    if (counter.name == "mbufs_missing" && counter.value != 0)
      accountant_.complain(std::to_string(counter.value) + " mbufs are missing from their pools");
  }
}

void Side::close_session() {
  channels_.clear();
  unread_.clear();
  session_.reset();
}

}  // namespace xover::conformance
