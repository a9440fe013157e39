// The three ways to receive: into posted buffers that are lent as they are, into a ring that the peer writes to, and
// into a ring that this end fills by reading.
#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "transports/common/ring.h"
#include "transports/rdma/rdma_receiving.h"
#include "transports/rdma/ring_space.h"

namespace xover {

namespace {

constexpr Failure not_granted{ErrorCode::internal, 0, "receive: the peer sent what was not granted"};

class PostedBuffers final : public RdmaReceiving {
 public:
  PostedBuffers(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, ReceiveSlots slots)
      : RdmaReceiving(shared, channel, ledger, std::move(slots)),
        messages_(std::bit_ceil(std::size_t{shared.settings.window})) {}

  Failure take(std::uint64_t slot, const WorkResult& result) noexcept override {
    if (result.has_immediate || unacknowledged() == shared_.settings.window) return not_granted;
    messages_[announced_++ & (messages_.size() - 1)] = {slot, slots_.bytes(slot).first(result.bytes)};
    return {};
  }
  void give_back(std::uint64_t slot) noexcept override {
    slots_.post(slot);
    ++given_back_;
  }

 private:
  std::uint64_t arrived() const noexcept override { return announced_; }
  Arrived message(std::uint64_t number) const noexcept override { return messages_[number & (messages_.size() - 1)]; }
  std::uint64_t grantable() const noexcept override { return given_back_; }

  std::vector<Arrived> messages_;
  std::uint64_t given_back_ = 0;
};

// What the ring's two users share: its memory, and where in it messages lie.
class RingBuffers : public RdmaReceiving {
 public:
  RingBuffers(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, ReceiveSlots slots,
              std::unique_ptr<FabricMemory> ring)
      : RdmaReceiving(shared, channel, ledger, std::move(slots)),
        ring_(std::move(ring)),
        space_(shared.settings.ring_bytes, shared.settings.window),
        messages_(std::bit_ceil(std::size_t{shared.settings.window})) {}

  void give_back(std::uint64_t number) noexcept override { space_.give_back(number); }

 protected:
  Arrived message(std::uint64_t number) const noexcept override { return messages_[number & (messages_.size() - 1)]; }
  // False: there is no room now.
  bool take_room(std::size_t size_bytes) noexcept {
    const auto place = space_.place(size_bytes);
    if (!place) return false;
    const std::uint64_t number = space_.take(size_bytes);
    messages_[number & (messages_.size() - 1)] = {number, ring_->bytes().subspan(*place, size_bytes)};
    return true;
  }

  std::unique_ptr<FabricMemory> ring_;
  RingSpace space_;

 private:
  std::vector<Arrived> messages_;
};

class WrittenRing final : public RingBuffers {
 public:
  using RingBuffers::RingBuffers;

  void describe(RdmaHello& hello) const override {
    hello.ring_address = reinterpret_cast<std::uintptr_t>(ring_->bytes().data());
    hello.ring_key = ring_->region().remote_key;
  }
  Failure take(std::uint64_t slot, const WorkResult& result) noexcept override {
    if (!result.has_immediate || result.immediate != immediate_of(Word::message, announced_)) return not_granted;
    if (!take_room(result.bytes)) return not_granted;
    ++announced_;
    slots_.post(slot);
    return {};
  }

 private:
  std::uint64_t arrived() const noexcept override { return announced_; }
  std::uint64_t grantable() const noexcept override { return space_.given_back(); }
  // The peer may wait for bytes rather than for messages.
  bool is_enough(std::uint64_t untold) const noexcept override {
    return RdmaReceiving::is_enough(untold) || space_.given_back_bytes() - told_bytes_ >= space_.size_bytes() / 4;
  }
  void note_told() noexcept override { told_bytes_ = space_.given_back_bytes(); }

  std::uint64_t told_bytes_ = 0;
};

// Descriptors wait in their slots until their reads are posted. Reads of one queue pair end in order.
class ReadRing final : public RingBuffers {
 public:
  ReadRing(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, ReceiveSlots slots,
           std::unique_ptr<FabricMemory> ring, QueuePair& queue_pair)
      : RingBuffers(shared, channel, ledger, std::move(slots), std::move(ring)),
        queue_pair_(queue_pair),
        waiting_(shared.settings.window),
        read_(std::bit_ceil(std::size_t{shared.settings.window})) {}

  Failure take(std::uint64_t slot, const WorkResult& result) noexcept override {
    if (result.has_immediate || unacknowledged() == shared_.settings.window) return not_granted;
    const ReadDescriptor& wanted = descriptor(slot);
    if (result.bytes < ReadDescriptor::size_bytes(0) || wanted.pieces > ReadDescriptor::max_pieces ||
        result.bytes != ReadDescriptor::size_bytes(wanted.pieces) || bytes_of(wanted) > shared_.settings.max_op_bytes) {
      return {ErrorCode::internal, 0, "receive: a descriptor that makes no sense"};
    }
    waiting_.push(slot);
    ++announced_;
    return {};
  }

  void take_read(std::uint64_t number) noexcept override {
    read_[number & (read_.size() - 1)] = true;
    note_arrived();
  }

  void progress() noexcept override {
    while (!waiting_.empty() && begun() - arrived_ < shared_.settings.reads + (begun_ ? 1 : 0)) {
      if (!begun_ && !begin(descriptor(waiting_.front()))) return;
      if (!post_reads(descriptor(waiting_.front()))) return;
      begun_ = false;
      slots_.post(waiting_.front());
      waiting_.pop();
      note_arrived();
    }
  }

  bool complete() const noexcept override { return waiting_.empty() && arrived_ == begun(); }

 private:
  static std::uint64_t bytes_of(const ReadDescriptor& wanted) noexcept {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < wanted.pieces; ++i) bytes += wanted.piece[i].size_bytes;
    return bytes;
  }
  const ReadDescriptor& descriptor(std::uint64_t slot) const noexcept {
    return *reinterpret_cast<const ReadDescriptor*>(slots_.bytes(slot).data());
  }
  std::uint64_t begun() const noexcept { return space_.taken(); }  // messages

  bool begin(const ReadDescriptor& wanted) noexcept {
    if (!take_room(bytes_of(wanted))) {
      if (!std::exchange(stalled_, true)) ++shared_.counters.ring_stalls;
      return false;
    }
    stalled_ = false;
    begun_ = true;
    piece_ = 0;
    offset_ = 0;
    read_[(begun() - 1) & (read_.size() - 1)] = wanted.pieces == 0;
    return true;
  }

  // False: the queue pair takes no more now.
  bool post_reads(const ReadDescriptor& wanted) noexcept {
    const std::uint64_t number = begun() - 1;
    const std::span<std::byte> room = message(number).bytes;
    for (; piece_ < wanted.pieces; ++piece_) {
      const ReadDescriptor::Piece& from = wanted.piece[piece_];
      const LocalPiece to{.data = room.data() + offset_, .size_bytes = from.size_bytes, .key = ring_->region().key};
      const Posted posted = queue_pair_.post({.id = work_id(Purpose::read, number),
                                              .work = Work::read,
                                              .pieces = {&to, 1},
                                              .remote = {from.address, from.key},
                                              .signalled = piece_ + 1 == wanted.pieces});
      if (posted == Posted::full) ++shared_.counters.queue_stalls;
      if (posted != Posted::ok) return false;
      offset_ += from.size_bytes;
    }
    return true;
  }

  // An empty message is there when all before it are.
  void note_arrived() noexcept {
    const std::uint64_t end = begun() - (begun_ ? 1 : 0);
    while (arrived_ != end && read_[arrived_ & (read_.size() - 1)]) ++arrived_;
  }

  std::uint64_t arrived() const noexcept override { return arrived_; }
  std::uint64_t grantable() const noexcept override { return arrived_; }
  // Half of what the peer waits for, so that it publishes anew while the other half is read.
  bool is_enough(std::uint64_t untold) const noexcept override { return 2 * untold >= unacknowledged(); }

  QueuePair& queue_pair_;
  Ring<std::uint64_t> waiting_;  // slots
  std::vector<char> read_;       // by message
  std::uint64_t arrived_ = 0;
  std::size_t piece_ = 0, offset_ = 0;  // of the message that is being posted
  bool begun_ = false;                  // the first that waits has its room
  bool stalled_ = false;
};

}  // namespace

Result<std::unique_ptr<RdmaReceiving>> RdmaReceiving::make(RdmaShared& shared, std::uint32_t channel, Ledger& ledger,
                                                           QueuePair& queue_pair) {
  const RdmaSettings& settings = shared.settings;
  auto slots = ReceiveSlots::make(shared, queue_pair, posted_receives(settings), slot_bytes(settings));
  if (!slots) return tl::make_unexpected(std::move(slots.error()));
  if (settings.way == RdmaWay::send) return std::make_unique<PostedBuffers>(shared, channel, ledger, std::move(*slots));
  const bool written = settings.way == RdmaWay::write;
  auto ring =
      shared.fabric.allocate(settings.ring_bytes, PageKind::system, written ? RemoteAccess::write : RemoteAccess::none);
  if (!ring) return tl::make_unexpected(std::move(ring.error()));
  if (written) {
    return std::make_unique<WrittenRing>(shared, channel, ledger, std::move(*slots), std::move(*ring));
  }
  return std::make_unique<ReadRing>(shared, channel, ledger, std::move(*slots), std::move(*ring), queue_pair);
}

}  // namespace xover
