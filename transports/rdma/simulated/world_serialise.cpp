// The world as bytes: numbers in groups of seven bits, so that a small world is a short text. Shapes are left out:
// worlds that are compared were set up alike.
#include <cassert>

#include "transports/rdma/simulated/world.h"

namespace xover {

namespace {

class Writer {
 public:
  explicit Writer(std::vector<std::byte>& out) : out_(out) {}

  template <typename Number>
  void number(Number value) {
    auto rest = static_cast<std::uint64_t>(value);
    for (; rest >= 0x80; rest >>= 7) out_.push_back(static_cast<std::byte>((rest & 0x7f) | 0x80));
    out_.push_back(static_cast<std::byte>(rest));
  }

  template <typename... Bools>
  void flags(Bools... bits) {
    unsigned all = 0;
    ((all = all << 1 | static_cast<unsigned>(bits)), ...);
    number(all);
  }

  void bytes(const std::vector<std::byte>& data) {
    number(data.size());
    out_.insert(out_.end(), data.begin(), data.end());
  }

  void piece(const MemoryPiece& piece) {
    number(piece.address);
    number(piece.size_bytes);
    number(piece.key);
  }

  void request(const WorldRequest& request) {
    number(request.id);
    number(request.work);
    number(request.status);
    flags(request.inline_data, request.fenced, request.signalled, request.executed);
    number(request.remote.address);
    number(request.remote.key);
    number(request.immediate);
    number(request.piece_count);
    for (std::size_t i = 0; i < request.piece_count; ++i) piece(request.pieces[i]);
    bytes(request.bytes);
  }

  void result(const WorkResult& result) {
    number(result.id);
    number(result.queue_pair);
    number(result.work);
    number(result.status);
    flags(result.has_immediate);
    number(result.immediate);
    number(result.bytes);
  }

  void queue_pair(const WorldQueuePair& pair) {
    flags(pair.used, pair.started, pair.peer.has_value());
    if (!pair.used) return;
    number(pair.adapter);
    number(pair.peer.value_or(0));
    number(pair.ending);
    number(pair.cause);
    number(pair.news);
    number(pair.attempts);
    number(pair.deaf);
    number(pair.retired);
    number(pair.requests.size());
    for (const WorldRequest& each : pair.requests) request(each);
    number(pair.receives.size());
    for (const WorldReceive& each : pair.receives) {
      number(each.id);
      piece(each.piece);
    }
  }

  void adapter(const WorldAdapter& adapter) {
    flags(adapter.used);
    number(adapter.registration_fails_in);
    number(adapter.regions.size());
    for (const WorldRegion& region : adapter.regions) {
      flags(region.used);
      number(region.generation);
      if (!region.used) continue;
      number(region.address);
      number(region.size_bytes);
      number(region.access);
    }
    number(adapter.results.size());
    for (const WorkResult& each : adapter.results) result(each);
  }

 private:
  std::vector<std::byte>& out_;
};

}  // namespace

void World::serialise(std::vector<std::byte>& out) const {
  Writer writer(out);
  writer.number(adapters_.size());
  for (const WorldAdapter& adapter : adapters_) writer.adapter(adapter);
  writer.number(queue_pairs_.size());
  for (const WorldQueuePair& pair : queue_pairs_) writer.queue_pair(pair);
}

}  // namespace xover
