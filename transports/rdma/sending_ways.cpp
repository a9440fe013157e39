// The three ways to post an op: as a send into a posted receive, as a write into the peer's ring, and as a descriptor
// by which the peer reads.
#include <cassert>
#include <optional>
#include <utility>

#include "transports/rdma/rdma_sending.h"
#include "transports/rdma/ring_space.h"

namespace xover {

namespace {

class PostedSends final : public RdmaSending {
 public:
  using RdmaSending::RdmaSending;

  void take_result(std::uint64_t number, bool success) noexcept override {
    finish(number, success ? State::done : State::failed);
  }

 private:
  bool goes_inline(std::uint64_t bytes) const noexcept override {
    return bytes != 0 && bytes <= shared_.settings.inline_bytes;
  }
  Posted post(std::uint64_t number, std::span<const LocalPiece> pieces, bool inline_data) noexcept override {
    return queue_pair_.post(
        {.id = work_id(Purpose::op, number), .work = Work::send, .pieces = pieces, .inline_data = inline_data});
  }
  void note_granted(std::uint64_t, std::uint64_t) noexcept override {}
};

class RingWrites final : public RdmaSending {
 public:
  using RdmaSending::RdmaSending;

  void meet(const RdmaHello& peer) override {
    RdmaSending::meet(peer);
    ring_ = {.address = peer.ring_address, .key = peer.ring_key};
    space_.emplace(peer.ring_bytes, peer.window);
  }
  void take_result(std::uint64_t number, bool success) noexcept override {
    finish(number, success ? State::done : State::failed);
  }

 private:
  bool has_room(std::uint64_t bytes) const noexcept override { return space_->place(bytes).has_value(); }
  Posted post(std::uint64_t number, std::span<const LocalPiece> pieces, bool) noexcept override {
    std::size_t bytes = 0;
    for (const LocalPiece& piece : pieces) bytes += piece.size_bytes;
    const Posted posted = queue_pair_.post({.id = work_id(Purpose::op, number),
                                            .work = Work::write_with_immediate,
                                            .pieces = pieces,
                                            .remote = {ring_.address + *space_->place(bytes), ring_.key},
                                            .immediate = immediate_of(Word::message, number)});
    if (posted == Posted::ok) space_->take(bytes);
    return posted;
  }
  void note_granted(std::uint64_t from, std::uint64_t to) noexcept override {
    for (; from != to; ++from) space_->give_back(from);
  }

  RemotePiece ring_;
  std::optional<RingSpace> space_;  // the peer's, as this end knows it
};

// A descriptor is lent to the fabric from a slot of its own, which is used again when the peer has read the message.
class PublishedReads final : public RdmaSending {
 public:
  PublishedReads(RdmaShared& shared, std::uint32_t channel, Ledger& ledger, QueuePair& queue_pair,
                 std::unique_ptr<FabricMemory> stage)
      : RdmaSending(shared, channel, ledger, queue_pair), stage_(std::move(stage)) {}

  void take_result(std::uint64_t, bool) noexcept override {}  // it is the peer's count that says when

 private:
  Posted post(std::uint64_t number, std::span<const LocalPiece> pieces, bool) noexcept override {
    const std::size_t slot = number % shared_.settings.window;
    auto& descriptor = *reinterpret_cast<ReadDescriptor*>(stage_->bytes().data() + slot * sizeof(ReadDescriptor));
    descriptor.pieces = pieces.size();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      descriptor.piece[i] = {.address = reinterpret_cast<std::uintptr_t>(pieces[i].data),
                             .key = place_of(number, i).remote_key,
                             .size_bytes = pieces[i].size_bytes};
    }
    const auto size_bytes = static_cast<std::uint32_t>(ReadDescriptor::size_bytes(pieces.size()));
    const LocalPiece piece{
        .data = reinterpret_cast<std::byte*>(&descriptor), .size_bytes = size_bytes, .key = stage_->region().key};
    return queue_pair_.post({.id = work_id(Purpose::op, number),
                             .work = Work::send,
                             .pieces = {&piece, 1},
                             .inline_data = size_bytes <= shared_.fabric.limits().max_inline_bytes});
  }
  void note_granted(std::uint64_t from, std::uint64_t to) noexcept override {
    for (; from != to; ++from) finish(from, State::done);
  }
  // Nobody reads over a connection that has ended.
  void give_up() noexcept override {
    for (std::uint64_t number = done(); number != next_; ++number) finish(number, State::failed);
  }

  std::unique_ptr<FabricMemory> stage_;
};

}  // namespace

Result<std::unique_ptr<RdmaSending>> RdmaSending::make(RdmaShared& shared, std::uint32_t channel, Ledger& ledger,
                                                       QueuePair& queue_pair) {
  const RdmaSettings& settings = shared.settings;
  if (settings.way == RdmaWay::send) return std::make_unique<PostedSends>(shared, channel, ledger, queue_pair);
  if (settings.way == RdmaWay::write) return std::make_unique<RingWrites>(shared, channel, ledger, queue_pair);
  auto stage = shared.fabric.allocate(settings.window * sizeof(ReadDescriptor), PageKind::system, RemoteAccess::none);
  if (!stage) return tl::make_unexpected(std::move(stage.error()));
  return std::make_unique<PublishedReads>(shared, channel, ledger, queue_pair, std::move(*stage));
}

}  // namespace xover
