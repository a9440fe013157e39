// The fabric seam: what RDMA offers, for whoever sends over it. Three implementations stand behind it: `verbs`
// (libibverbs and librdmacm), `local` (memory of one host) and `simulated` (a virtual clock).
//
//   open_fabric() --listen/accept/connect--> QueuePair --post/post_receive--> Fabric::poll() --> WorkResult
//
// The words and the rules are those of InfiniBand's reliable connections, as ibv_post_send(3) and its neighbours have
// them:
//   A message sent takes the oldest posted receive of the peer. There must be one: without, the peer answers "receiver
//     not ready", the message is tried again, and after a while the connection fails. Whoever grants credits never
//     meets that.
//   What is posted on one queue pair is begun in order, and sends and writes arrive in order. A read may be overtaken:
//     a later send may arrive before an earlier read has brought its bytes, unless the send is fenced.
//   A posted request lends its memory until its result. Results of one queue's requests come in order. A request that
//     is not signalled has a result only when it fails; the next signalled one speaks for it.
//   The first failure ends the connection: everything posted then comes back as `flushed`, receives included, and
//     QueuePair::failure() says why. The peer's orderly disconnect() and its death end it just so: posted receives are
//     how an idle connection hears of it.
//
// One thread owns a fabric and everything of it. post(), post_receive(), poll(), register_memory() and deregister() are
// data plane: noexcept, no allocation, no lock (but `simulated`, whose ends share one world), no blocking (but the
// kernel's own work in registration). The rest is control plane.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/transport.h"

namespace xover {

// What the other end may do with registered memory. Its own fabric may always read it and write to it.
enum class RemoteAccess : std::uint8_t { none = 0, read = 1, write = 2, read_and_write = 3 };

struct FabricRegion {
  std::uint64_t handle = 0;  // for deregister()
  std::uint32_t key = 0;     // for the own end: ibverbs' lkey
  std::uint32_t remote_key = 0;
};

struct LocalPiece {
  std::byte* data = nullptr;
  std::uint32_t size_bytes = 0;
  std::uint32_t key = 0;  // of a region that holds the piece; not looked at when the request is `inline_data`
};

struct RemotePiece {
  bool operator==(const RemotePiece&) const = default;

  std::uint64_t address = 0;  // in the peer's address space
  std::uint32_t key = 0;
};

enum class Work : std::uint8_t {
  send,
  write,
  write_with_immediate,  // takes a posted receive of the peer, which gets the immediate and the number of bytes
  read,
  receive,  // in results only
};

struct WorkRequest {
  std::uint64_t id = 0;
  Work work = Work::send;
  std::span<const LocalPiece> pieces;  // gathered in order; at most FabricLimits::max_pieces; none: not for reads
  RemotePiece remote;                  // write and read; of a write without bytes not looked at (IBTA C9-88)
  std::uint32_t immediate = 0;
  bool inline_data = false;  // taken before post() returns: the pieces need no key and are not lent. At most
                             // FabricLimits::max_inline_bytes; not for reads
  bool fenced = false;       // begins when all earlier reads of this queue pair have ended
  bool signalled = true;
};

enum class WorkStatus : std::uint8_t {
  success,
  local_error,          // a piece that its key does not hold, or a message too long for the posted receive
  remote_access_error,  // a stale key, a range or an access that the peer's region does not have
  retries_exhausted,    // the peer does not answer
  receiver_not_ready,   // the peer had no posted receive for too long
  flushed,              // the connection had ended; see QueuePair::failure()
};

std::string_view to_string(WorkStatus status);

struct WorkResult {
  bool operator==(const WorkResult&) const = default;

  std::uint64_t id = 0;
  std::uint32_t queue_pair = 0;  // QueuePair::index()
  Work work = Work::send;
  WorkStatus status = WorkStatus::success;
  bool has_immediate = false;  // receive
  std::uint32_t immediate = 0;
  std::uint32_t bytes = 0;  // receive: of the message, or of the write whose immediate it is
};

enum class Posted : std::uint8_t { ok, full, failed };

class QueuePair {
 public:
  virtual ~QueuePair() = default;

  virtual std::uint32_t index() const noexcept = 0;  // 0 for the fabric's first, then 1, ...

  // `full`: as many are outstanding as the shape says; worth another try after poll(). The pieces' array may go when
  // the call returns, the memory only when lent no more. Asserts on requests beyond limits().
  virtual Posted post(const WorkRequest& request) noexcept = 0;
  virtual Posted post_receive(std::uint64_t id, const LocalPiece& piece) noexcept = 0;

  // Ends the connection in order, from this side: posted work is flushed here, and the peer's when it notices. What
  // was sent and has a result has arrived.
  virtual void disconnect() noexcept = 0;
  // Ends it now, as an error would.
  virtual void fail() noexcept = 0;

  // none while it lives. `peer_died` with errno 0 and operation "disconnect": the peer disconnected in order.
  virtual Failure failure() const noexcept = 0;

  // For models of time: this connection's thread is busy for so long, or copies so many bytes. What it posts after
  // that is posted later. No-ops where time passes by itself.
  virtual void spend(std::int64_t) noexcept {}
  virtual void spend_copy(std::size_t) noexcept {}
};

// Sizes queues; fixed when the fabric opens.
struct FabricShape {
  std::size_t max_queue_pairs = 1;
  std::size_t max_requests = 64;     // outstanding on the send queue of each queue pair
  std::size_t max_receives = 64;     // posted on each
  std::size_t max_inline_bytes = 0;  // wished for; limits() says what came of it
  bool sleeps = false;               // wait() will be called: makes what wakes it up
};

struct FabricLimits {
  std::size_t max_message_bytes = 0;
  std::size_t max_pieces = 1;
  std::size_t max_inline_bytes = 0;
  std::size_t max_reads = 1;                 // outstanding on a queue pair; more wait in its queue
  std::size_t max_hello_bytes = 56;          // rdma_connect(3) on RDMA_PS_TCP
  Handover handover = Handover::unverified;  // how bytes that this fabric moves are booked, at both ends
  bool virtual_time = false;
};

// Memory that the fabric moves bytes from and to best.
class FabricPages {
 public:
  virtual ~FabricPages() = default;
  virtual std::span<std::byte> bytes() const noexcept = 0;
};

// The same, registered for as long as it lives; for receives, stages, rings.
class FabricMemory : public FabricPages {
 public:
  virtual const FabricRegion& region() const noexcept = 0;
};

// What one end says to the other while they meet, at most FabricLimits::max_hello_bytes.
using Hello = std::vector<std::byte>;

class Fabric {
 public:
  virtual ~Fabric() = default;  // its queue pairs must be gone

  virtual const FabricLimits& limits() const noexcept = 0;

  // Both must be destroyed before the fabric. A queue pair can be used, posted receives on, from the moment `prepare`
  // sees it; what it posts to send before connect() or accept() has returned is not sent.
  // connect(): `prepare` posts receives and returns what to say; peer_hello is empty. accept(): peer_hello is what the
  // peer said, and what `prepare` returns is the answer; an error of it is told to the peer, who fails with `refused`
  // and its text.
  using Prepare = std::function<Result<Hello>(QueuePair&, const Hello& peer_hello)>;
  struct Connected {
    std::unique_ptr<QueuePair> queue_pair;
    Hello peer_hello;
  };
  virtual Result<std::string> listen() = 0;
  virtual Result<Connected> connect(const std::string& address, const Prepare& prepare, MonotonicNs deadline) = 0;
  virtual Result<Connected> accept(const Prepare& prepare, MonotonicNs deadline) = 0;

  virtual Result<std::unique_ptr<FabricMemory>> allocate(std::size_t size_bytes, PageKind pages,
                                                         RemoteAccess access) = 0;
  // For those that register at each use. What is registered of them must be deregistered first. Plain pages where a
  // fabric has nothing better.
  virtual Result<std::unique_ptr<FabricPages>> allocate_pages(std::size_t size_bytes, PageKind pages);

  // Whole pages. no_memory: see Registrar. A region that the peer is reading or writing at this moment is not taken
  // away under its hands: deregister() waits for that one operation.
  virtual tl::expected<FabricRegion, Failure> register_memory(std::span<std::byte> pages,
                                                              RemoteAccess access) noexcept = 0;
  virtual Failure deregister(std::uint64_t handle) noexcept = 0;

  // Moves results out and makes progress also with an empty span; never blocks.
  virtual std::size_t poll(std::span<WorkResult> out) noexcept = 0;
  // Sleeps until poll() has something, at the latest until shortly after the deadline. Needs FabricShape::sleeps, and
  // returns at once where `can_sleep` is false.
  virtual bool can_sleep() const noexcept = 0;
  virtual void wait(MonotonicNs deadline) noexcept = 0;

  // This end's time. Virtual where limits() says so, and then ahead of the clock while the end's thread is busy: what
  // QueuePair::spend() and its like charged is in it at once.
  virtual MonotonicNs now() const noexcept { return monotonic_now_ns(); }
  virtual VirtualClock* clock() noexcept { return nullptr; }  // of a fabric with virtual time
  // For models of time: whoever uses this fabric wants to look again at this time, by now(); INT64_MAX: takes it back.
  // The clock's advance() stops there. Only the last call counts. A no-op where time passes by itself.
  virtual void wake_at(MonotonicNs) noexcept {}

  virtual std::vector<Counter> counters() const = 0;
  virtual std::vector<Fact> facts() const = 0;  // device, how registration pins, who moves the bytes
};

// The links of the transports over a fabric, the default first.
inline constexpr std::array<std::string_view, 3> fabric_links{"local", "simulated", "verbs"};

// By the name of the link; `unsupported`, `no_device`, ... with a remedy where it cannot be opened here.
Result<std::unique_ptr<Fabric>> open_fabric(const OpenParameters& parameters, const FabricShape& shape);
// Finds out by opening one, and on `local` by moving bytes through it.
Availability probe_fabric(const Link& link);

}  // namespace xover
