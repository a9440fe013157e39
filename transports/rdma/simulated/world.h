// A world of adapters, queue pairs and registered memory as a plain value: copied, compared, serialised. It has no
// clock, no thread and no randomness. It says what may happen next, and somebody chooses: a clock with costs (the
// fabric `simulated`), or a search through all orders.
//
//   post(), post_receive() --> choices() --> take(choice) --> poll()
//
// What always holds:
//   Messages and writes of a queue pair arrive in the order in which they were posted. A read samples the peer's memory
//     after all earlier messages and writes have arrived, and may be overtaken by later ones, unless those are fenced.
//   Memory that is not inline is looked at when the message arrives, and keys are checked then: a region that was
//     deregistered too early is found out, at both ends.
//   Results of one queue pair's requests come in order. Every id that was posted comes back exactly once, but for
//     requests that were not signalled and succeeded.
//   The first failure ends a connection at the end that sees it. The other end lives on until it notices: a choice.
//
// The words are those of transports/rdma/fabric.h, the rules those of the InfiniBand specification as ibv_post_send(3)
// and ibv_modify_qp(3) tell them. Broken preconditions assert. Nothing here is thread-safe. It allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "transports/rdma/fabric.h"

namespace xover {

// The memory of each adapter's owner, by whatever addresses the owner uses: pointers, or offsets into a copied state.
// Called by World::take() alone, and only for ranges whose keys have been checked.
class WorldMemory {
 public:
  virtual void read(std::size_t adapter, std::uint64_t address, std::span<std::byte> to) noexcept = 0;
  virtual void write(std::size_t adapter, std::uint64_t address, std::span<const std::byte> from) noexcept = 0;

 protected:
  ~WorldMemory() = default;
};

struct AdapterShape {
  bool operator==(const AdapterShape&) const = default;

  std::size_t max_requests = 64;        // of each queue pair: posted and without a result that speaks for them
  std::size_t max_receives = 64;        // likewise
  std::size_t max_results = 256;        // not polled yet; one more ends the connection that it belongs to
  std::size_t max_reads = 16;           // begun and not ended, of each queue pair
  std::uint32_t rnr_retries = 7;        // attempts that may meet no posted receive, before the next such one fails
  std::uint32_t key_generations = 256;  // at most 256; a key of a slot comes again after so many registrations
};

struct MemoryPiece {
  bool operator==(const MemoryPiece&) const = default;

  std::uint64_t address = 0;
  std::uint32_t size_bytes = 0;
  std::uint32_t key = 0;
};

inline constexpr std::size_t world_max_pieces = 8;

struct WorldRequest {
  bool operator==(const WorldRequest&) const = default;

  std::uint64_t id = 0;
  Work work = Work::send;
  std::array<MemoryPiece, world_max_pieces> pieces{};
  std::uint8_t piece_count = 0;
  RemotePiece remote;
  std::uint32_t immediate = 0;
  bool inline_data = false;  // the payload is `bytes`, and there are no pieces
  bool fenced = false;
  bool signalled = true;
  std::vector<std::byte> bytes;  // inline: the payload; read: what was sampled
  // Set by the world: it has arrived or was sampled, or failed. Then it is complete once it is the oldest.
  bool executed = false;
  WorkStatus status = WorkStatus::success;

  std::uint64_t size_bytes() const noexcept;
};

struct WorldReceive {
  bool operator==(const WorldReceive&) const = default;

  std::uint64_t id = 0;
  MemoryPiece piece;
};

// Why a queue pair's connection has ended, as its own end knows it.
enum class WorldEnding : std::uint8_t {
  none,
  disconnected,       // by this end, in order
  failed,             // by this end, as an error would
  request_error,      // a request of this end failed
  receive_error,      // a message of the peer did not fit into its receive, or the peer asked for what it may not have
  too_many_results,   // the adapter's queue of results was full
  killed,             // the fault: this end's process is dead
  dropped,            // the fault: nothing gets through any more
  peer_disconnected,  // in order
  peer_failed,
  peer_died,
};

struct WorldQueuePair {
  bool operator==(const WorldQueuePair&) const = default;

  bool used = false;
  std::uint16_t adapter = 0;
  std::optional<std::uint16_t> peer;
  bool started = false;                    // what it posted may begin
  WorldEnding ending = WorldEnding::none;  // everything posted has then been flushed
  WorkStatus cause = WorkStatus::success;  // of the request that failed, when the ending is `request_error`
  WorldEnding news = WorldEnding::none;    // how the peer has ended, not noticed yet
  std::uint32_t attempts = 0;              // of the oldest message, in vain
  std::uint32_t deaf = 0;                  // the fault: so many attempts are in vain whatever is posted
  std::uint32_t retired = 0;               // unsignalled requests that have ended and still take up room
  std::uint32_t unpolled_requests = 0;     // results that nobody polled: they take up room as well
  std::uint32_t unpolled_receives = 0;
  std::vector<WorldRequest> requests;  // oldest first, the executed ones among them
  std::vector<WorldReceive> receives;  // oldest first
};

struct WorldRegion {
  bool operator==(const WorldRegion&) const = default;

  std::uint64_t address = 0;
  std::uint64_t size_bytes = 0;
  RemoteAccess access = RemoteAccess::none;
  bool used = false;
  std::uint8_t generation = 0;  // of the present or the next key
};

struct WorldAdapter {
  bool operator==(const WorldAdapter&) const = default;

  bool used = false;
  AdapterShape shape;
  std::uint32_t registration_fails_in = 0;  // the fault: the n-th registration from now on fails; 0: none
  std::vector<WorldRegion> regions;
  std::vector<WorkResult> results;  // oldest first
};

// One thing that may happen next.
struct Choice {
  enum class Kind : std::uint8_t {
    arrive,    // the oldest message or write that is under way reaches the peer; the peer's result of it, if any
    retry,     // it reaches the peer, who has no receive for it
    sample,    // the oldest read that is under way takes the peer's bytes
    complete,  // the oldest request has its result; a read's bytes are then in their place
    notice,    // this end hears that the peer has ended: everything posted is flushed
  };
  bool operator==(const Choice&) const = default;

  Kind kind = Kind::arrive;
  std::uint16_t queue_pair = 0;
};
inline constexpr std::size_t choice_kinds = 5;

class World {
 public:
  bool operator==(const World&) const = default;

  // Indices are dense and are used again after remove.
  std::size_t add_adapter(const AdapterShape& shape);
  void remove_adapter(std::size_t adapter);  // without queue pairs
  std::size_t add_queue_pair(std::size_t adapter);
  void remove_queue_pair(std::size_t queue_pair);  // also its results that nobody polled; the peer will notice
  void connect(std::size_t one, std::size_t other);
  void start(std::size_t queue_pair);

  // Returns the key, for both ends; none: the injected fault.
  std::optional<std::uint32_t> register_memory(std::size_t adapter, std::uint64_t address, std::uint64_t size_bytes,
                                               RemoteAccess access);
  bool deregister(std::size_t adapter, std::uint32_t key);  // false: no such region
  std::optional<std::uint64_t> region_bytes(std::size_t adapter, std::uint32_t key) const;

  Posted post(std::size_t queue_pair, WorldRequest request);
  Posted post_receive(std::size_t queue_pair, const WorldReceive& receive);
  void disconnect(std::size_t queue_pair);
  void fail(std::size_t queue_pair);

  std::size_t poll(std::size_t adapter, std::span<WorkResult> out);  // `queue_pair` is the world's index

  // In a fixed order: by queue pair, then by kind.
  void append_choices(std::vector<Choice>& out) const;
  std::vector<Choice> choices() const;
  bool possible(Choice choice) const;
  // The request that the choice is about, by its place in the queue pair's; none: not possible, or `notice`.
  std::optional<std::size_t> subject(Choice choice) const;
  void take(Choice choice, WorldMemory& memory);  // asserts that it is possible

  // Faults.
  void kill(std::size_t adapter);                                  // all its connections: the peers notice `peer_died`
  void drop(std::size_t queue_pair);                               // both ends notice
  void make_deaf(std::size_t queue_pair, std::uint32_t attempts);  // for messages that this queue pair sends
  void fail_registration(std::size_t adapter, std::uint32_t nth);  // counted from 1

  const WorldQueuePair& queue_pair(std::size_t index) const { return queue_pairs_[index]; }
  const WorldAdapter& adapter(std::size_t index) const { return adapters_[index]; }
  std::size_t queue_pair_count() const { return queue_pairs_.size(); }  // unused ones included
  std::size_t adapter_count() const { return adapters_.size(); }

  // Everything that decides what can happen from here on, and nothing else: equal worlds give equal bytes.
  void serialise(std::vector<std::byte>& out) const;

 private:
  std::optional<std::size_t> next_message(const WorldQueuePair& pair) const;
  std::optional<std::size_t> next_read(const WorldQueuePair& pair) const;
  bool peer_listens(const WorldQueuePair& pair) const;
  bool receiver_ready(const WorldQueuePair& pair, const WorldRequest& request) const;
  const WorldRegion* region_of(std::size_t adapter, std::uint32_t key, std::uint64_t address,
                               std::uint64_t size_bytes) const;
  bool holds(std::size_t adapter, const MemoryPiece& piece) const;
  bool peer_allows(const WorldQueuePair& pair, const WorldRequest& request) const;

  void arrive(std::size_t queue_pair, WorldMemory& memory);
  void retry(std::size_t queue_pair);
  void sample(std::size_t queue_pair, WorldMemory& memory);
  void complete(std::size_t queue_pair, WorldMemory& memory);
  void notice(std::size_t queue_pair);

  bool gather(const WorldQueuePair& pair, WorldRequest& request, WorldMemory& memory) const;
  bool receive(std::size_t queue_pair, const WorldRequest& request, WorldMemory& memory);
  void refuse(const WorldQueuePair& pair, WorldRequest& request);
  void fail_request(WorldRequest& request, WorkStatus status);
  void forget_unsignalled(WorldQueuePair& pair);
  void store(WorkResult result);
  void push(std::size_t queue_pair, WorkResult result);
  void end(std::size_t queue_pair, WorldEnding ending, WorkStatus oldest = WorkStatus::flushed);
  void tell_peer(WorldQueuePair& pair);

  std::vector<WorldAdapter> adapters_;
  std::vector<WorldQueuePair> queue_pairs_;
};

}  // namespace xover
