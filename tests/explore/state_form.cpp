// Goes through both ends in a fixed order, and names what it meets.
#include "tests/explore/state_form.h"

#include <algorithm>
#include <array>
#include <span>

#include "transports/sdp/encoder.h"

namespace xover::explore {

namespace {

// Names from 1 on, in the order in which they are asked for.
class Naming {
 public:
  std::uint64_t of(std::size_t number) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (order_[i] == number) return i + 1;
    }
    order_[count_] = static_cast<std::uint16_t>(number);
    return ++count_;
  }
  std::span<const std::uint16_t> named() const { return std::span(order_).first(count_); }

 private:
  std::array<std::uint16_t, 128> order_;
  std::size_t count_ = 0;
};

class EndForm final : public sdp::Names {
 public:
  EndForm(const ModelState& state, std::size_t end, std::vector<std::byte>& out)
      : state_(state), self_(state.ends[end]), end_(end), out_(out), put_(out) {}

  void meet(EndForm& peer) { peer_ = &peer; }
  void put_machine() {
    self_.machine.encode_state(out_, this);
    put_.put(self_.machine.source_non_discards() - state_.ends[1 - end_].machine.sink_non_discards());
  }
  void put_end();
  void put_world();
  void put_registrations();

  std::uint64_t of_slot(std::uint16_t slot) override { return slots_.of(slot); }
  std::uint64_t of_ticket(std::uint16_t ticket) override { return tickets_.of(ticket); }
  std::uint64_t of_key(std::uint32_t key) override { return peer_->of_own_key(key); }

 private:
  std::uint64_t of_own_key(std::uint32_t key) {
    for (std::size_t ticket = 0; ticket < self_.registrations.size(); ++ticket) {
      const Registration& one = self_.registrations[ticket];
      if (one.fate == Registration::Fate::held && one.key == key) return tickets_.of(ticket);
    }
    return 0;
  }
  void bytes(std::span<const std::byte> data) {
    put_.put(data.size());
    out_.insert(out_.end(), data.begin(), data.end());
  }
  void put_message(std::span<const std::byte> message);
  std::size_t news_of(const Registration& registration) const;

  const ModelState& state_;
  const EndState& self_;
  const std::size_t end_;
  std::vector<std::byte>& out_;
  sdp::Encoder put_;
  EndForm* peer_ = nullptr;
  Naming slots_, tickets_;
};

void EndForm::put_end() {
  put_.put(self_.cancels, self_.mode_changes, self_.hurries, self_.refusals);
  put_.put(self_.shut_down, self_.closed, self_.next_op, self_.next_offer);
  for (const Op& op : self_.ops) put_.put(op.fate, op.cancelled, op.went);
  for (const Offered& offered : self_.offered) {
    put_.put(offered.lent);
    bytes(offered.bytes);
  }
  for (const std::uint32_t came : self_.came) put_.put(came);
  bytes(self_.read_stage);
  put_.put(self_.limit - self_.sent);
}

// Sequence numbers of messages that are under way: only what they acknowledge is news, and to the other end that is a
// difference to what it has sent.
void EndForm::put_message(std::span<const std::byte> message_bytes) {
  sdp::Message message;
  sdp::parse(message_bytes, message);
  const EndState& peer = state_.ends[1 - end_];
  put_.put(message.kind, message.flags, message.buffers, peer.sent - message.acknowledged, message.bytes);
  put_.put(of_own_key(message.key), message.address, message.mode, message.send_half);
  if (message.kind == sdp::Kind::sink_available) {
    put_.put(message.non_discards - peer.machine.source_non_discards());
  }
  bytes(message_bytes.subspan(sdp::head_bytes(message.kind)));
}

void EndForm::put_world() {
  const WorldQueuePair& pair = state_.world.queue_pair(end_);
  put_.put(pair.requests.size(), pair.receives.size());
  for (const WorldRequest& request : pair.requests) {
    put_.put(request.work, request.executed, request.status);
    if (request.work != Work::send) {
      const MemoryPiece& piece = request.pieces[0];
      put_.put(piece.address, piece.size_bytes, of_own_key(piece.key));
      put_.put(request.remote.address, peer_->of_own_key(request.remote.key));
    } else if (!request.executed) {
      put_message(request.bytes);
    }
  }
  const WorldAdapter& adapter = state_.world.adapter(end_);
  put_.put(adapter.results.size());
  for (const WorkResult& result : adapter.results) {
    put_.put(result.work, result.status, result.bytes);
    if (result.work != Work::receive) continue;
    // Not looked at yet: with its head, of which the sequence numbers are the next ones.
    const auto slot = static_cast<std::uint16_t>(result.id);
    const std::span<const std::byte> whole(self_.slots[slot]);
    peer_->put_message(whole.first(result.bytes));
  }
}

// By which message of the peer, counted from the oldest one under way, this end will know that the reads have ended.
std::size_t EndForm::news_of(const Registration& registration) const {
  if (registration.last_read <= self_.known_reads) return 0;
  std::size_t count = 0;
  for (const std::uint32_t news : self_.news_of_reads) {
    ++count;
    if (news >= registration.last_read) return count;
  }
  for (const WorldRequest& request : state_.world.queue_pair(1 - end_).requests) {
    if (request.work != Work::send || request.executed) continue;
    ++count;
    if (request.immediate >= registration.last_read) return count;
  }
  return SIZE_MAX;
}

void EndForm::put_registrations() {
  put_.put(self_.asked.size());
  for (const sdp::Ticket ticket : self_.asked) put_.put(tickets_.of(ticket));
  for (std::size_t ticket = 0; ticket < self_.registrations.size(); ++ticket) {
    if (self_.registrations[ticket].fate != Registration::Fate::none) tickets_.of(ticket);
  }
  for (const std::uint16_t ticket : tickets_.named()) {
    const Registration& one = self_.registrations[ticket];
    put_.put(one.fate, reinterpret_cast<std::uintptr_t>(one.what.data), one.what.size_bytes, one.what.access);
    put_.put(news_of(one));
  }
  for (const std::uint16_t slot : slots_.named()) bytes(self_.slots[slot]);
}

}  // namespace

void append_form(const ModelState& state, std::vector<std::byte>& out) {
  EndForm a(state, 0, out), b(state, 1, out);
  a.meet(b), b.meet(a);
  for (EndForm* const end : {&a, &b}) {
    const std::size_t before = out.size();
    end->put_machine();
    out.push_back(static_cast<std::byte>(out.size() - before));
    end->put_end();
    end->put_world();
  }
  for (EndForm* const end : {&a, &b}) end->put_registrations();
}

}  // namespace xover::explore
