// The transport contract: what every data path offers and what its callers may rely on.
//
//   Descriptor --open()--> Session --connect()/accept()--> Channel --submit()/offer()--> Session::reap() --> Completion
//
// Two planes. The control plane (Descriptor, Session but for reap) may block up to a deadline, allocate and log. The
// data plane (Channel, Session::reap) is noexcept and does not allocate, lock, log or block.
//
// One thread owns a session, its channels and its waiter; nothing here is safe to call from two threads.
//
// Ownership. A submitted op lends two things to the session, the bytes and the array of segments, from acceptance until
// the token's `released`. An offered buffer is lent until its `received`. Every accepted token ends in exactly one
// `released`, every accepted buffer in exactly one `received`: also on error, on abort and when the peer dies.
//
// docs/transport-contract.md tells the same with examples; tests/conformance holds every transport to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "core/ledger.h"
#include "core/link.h"
#include "core/options.h"

namespace xover {

using Token = std::uint64_t;

// A run of payload: memory, or a range of a file, or both at once (a file's mapping).
struct Segment {
  std::byte* data = nullptr;  // null: only the file range is given
  std::size_t size_bytes = 0;
  int file = -1;  // -1: memory alone
  std::uint64_t file_offset = 0;
};

inline std::uint64_t total_bytes(std::span<const Segment> segments) noexcept {
  std::uint64_t size_bytes = 0;
  for (const Segment& segment : segments) size_bytes += segment.size_bytes;
  return size_bytes;
}

// One message, gathered from its segments in order. The token is the caller's and comes back in completions.
struct SendOp {
  Token token = 0;
  std::span<const Segment> segments;
};

struct RxBuffer {
  Token token = 0;
  std::byte* data = nullptr;
  std::size_t size_bytes = 0;
};

enum class Stop : std::uint8_t {
  none,    // everything was accepted
  busy,    // try again after reap() or the waiter: a queue is full, or depth is reached. Counted, no error
  failed,  // the channel is dead; Channel::failure() says why
};

// A prefix of the burst was accepted; `stop` says why it is not longer.
struct Submitted {
  std::size_t accepted = 0;
  Stop stop = Stop::none;
};

// What a completion reports; a set, because for most paths several moments fall together.
enum class Moment : std::uint8_t {
  sent = 1,      // the last byte of the op has been handed over
  released = 2,  // the op's memory is the caller's again
  received = 4,  // an offered buffer comes back, a lease is handed out, or bytes were discarded; `bytes` may be 0 when
                 // the channel closes
  closed = 8,    // the peer will send no more; `failure` is set unless it ended in order. Once for each channel
};

class Moments {
 public:
  constexpr Moments() = default;
  constexpr Moments(Moment moment) : bits_(static_cast<std::uint8_t>(moment)) {}
  constexpr bool has(Moment moment) const { return (bits_ & static_cast<std::uint8_t>(moment)) != 0; }
  constexpr Moments operator|(Moments other) const {
    Moments both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }
  constexpr bool operator==(const Moments&) const = default;

 private:
  std::uint8_t bits_ = 0;
};

constexpr Moments operator|(Moment a, Moment b) { return Moments(a) | Moments(b); }

class LeaseOwner {
 public:
  virtual void give_back(std::uint64_t handle) noexcept = 0;

 protected:
  ~LeaseOwner() = default;
};

// Received memory on loan from the transport; goes back when destroyed. Must not outlive its session, and is destroyed
// on the session's thread.
class Lease {
 public:
  Lease() = default;
  Lease(LeaseOwner* owner, std::uint64_t handle, std::span<std::byte> bytes)
      : owner_(owner), handle_(handle), bytes_(bytes) {}
  Lease(Lease&& other) noexcept { swap(other); }
  Lease& operator=(Lease&& other) noexcept {
    Lease(static_cast<Lease&&>(other)).swap(*this);
    return *this;
  }
  ~Lease() {
    if (owner_ != nullptr) owner_->give_back(handle_);
  }
  std::span<std::byte> bytes() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  void swap(Lease& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(handle_, other.handle_);
    std::swap(bytes_, other.bytes_);
  }

  LeaseOwner* owner_ = nullptr;
  std::uint64_t handle_ = 0;
  std::span<std::byte> bytes_;
};

struct Completion {
  std::uint32_t channel = 0;  // Channel::index()
  Moments moments;
  bool last = true;                          // received: this piece ends a message; always true on streams
  std::uint16_t piece = 0;                   // received: which piece of a message that arrived in several. Where
                                             // messages may be lost, one cut short has no last piece: the next piece 0
                                             // begins another
  Handover evidence = Handover::unverified;  // released, received: how these bytes were handed over
  Token token = 0;                           // the op's token for sent and released, the buffer's for received
  std::uint64_t bytes = 0;                   // released: handed over for this op; received: bytes in the buffer
  Failure failure;                           // released with a failure: `bytes` of the op went, the rest did not
  Lease lease;                               // received on transports that loan
};

// Optional facet: takes accepted ops back. A cancelled op still ends in its `released`, with failure `cancelled` and
// the bytes that had gone. False: the token is unknown or past recall, and completes as it would have.
class Cancel {
 public:
  virtual bool cancel(Token token) noexcept = 0;

 protected:
  ~Cancel() = default;
};

class Channel {
 public:
  virtual ~Channel() = default;

  // Small and dense: 0 for the session's first channel, then 1, ... Never used again within a session.
  virtual std::uint32_t index() const noexcept = 0;

  // Lends ops in order. An op counts as accepted once any byte of it went; the session sends the rest while it is
  // reaped. A zero-length op completes at once on streams and is an empty datagram on messages.
  // Asserts on ops beyond limits(): more segments, more bytes, foreign memory where that is unsupported.
  virtual Submitted submit(std::span<const SendOp> ops) noexcept = 0;

  // Lends buffers to be filled in order; returns how many were taken (0: the queue is full or the channel is closed).
  // Streams fill a buffer with what has arrived, messages put one datagram into each.
  virtual std::size_t offer(std::span<const RxBuffer> buffers) noexcept = 0;

  // Ends the sending direction behind all accepted ops. Later submits fail; receiving goes on.
  virtual void shutdown_send() noexcept = 0;

  // Ends both directions now; unsent bytes are dropped, the peer sees a reset. Every token and buffer still comes back
  // through reap(), within abort_bound_ns, with failure `aborted` where its bytes did not all go.
  virtual void abort() noexcept = 0;

  virtual Failure failure() const noexcept = 0;       // why submit() said `failed`
  virtual const Ledger& ledger() const noexcept = 0;  // both directions of this side; balanced at any time
  virtual Cancel* cancel() noexcept { return nullptr; }
};

inline constexpr std::int64_t abort_bound_ns = 2'000'000'000;

// Optional facet: sleeps until progress is worth making.
class Waiter {
 public:
  // Returns at once when completions are ready, else when one became ready, when a `busy` submit is worth another try,
  // on a signal, or at the deadline: at the latest 20 ms after it. May itself do the receive or finish a partial send,
  // so one system call serves a blocking receiver. Early returns are allowed: callers loop.
  virtual void wait(MonotonicNs deadline) noexcept = 0;

 protected:
  ~Waiter() = default;
};

// Optional facet: one op to many channels of the session without one copy for each. The op is accepted by all or none,
// and ends in one `released`, on the first of the channels, when all have let go of it; abort_bound_ns counts from the
// abort of the last of them.
class Fanout {
 public:
  virtual Submitted submit(const SendOp& op, std::span<Channel* const> channels) noexcept = 0;

 protected:
  ~Fanout() = default;
};

// Optional facet: the clock of a session whose time does not pass by itself (a simulated link). Shared by all sessions
// of one simulation; used by the one thread that drives them all.
class VirtualClock {
 public:
  virtual MonotonicNs now_ns() const noexcept = 0;
  // Goes on to the next moment at which something happens, and lets it happen. False: nothing is under way, so that no
  // waiting will help.
  virtual bool advance() noexcept = 0;

 protected:
  ~VirtualClock() = default;
};

enum class Framing : std::uint8_t { stream, message };
enum class Receive : std::uint8_t {
  none,       // the link has no receiver: accept() and listen() are refused
  offered,    // into buffers that the caller offers
  loaned,     // into memory of the transport: each `received` carries a lease
  discarded,  // counted and thrown away unseen: `received` carries `bytes` alone, nothing is offered or leased
};

// Fixed when the session opens. 0 or false means: unsupported.
struct Limits {
  std::size_t max_channels = 0;
  std::size_t depth = 0;  // ops of one channel accepted and not yet released
  std::size_t max_op_bytes = 0;
  std::size_t max_segments = 0;
  std::size_t alignment_bytes = 1;  // segments must start at a multiple of this
  std::size_t buffer_bytes = 0;     // not 0: arena() comes in buffers of this size, and each segment that is not empty
                                    // lies in a buffer of its own, which no other accepted op lies in
  Framing framing = Framing::stream;
  Receive receive = Receive::none;
  std::size_t max_offered = 0;  // buffers lent and not yet received
  bool reliable = false;        // every byte arrives, or the channel fails
  bool whole_messages = false;  // one op arrives as one record; false for streams and for segmentation offload
  bool foreign_memory = false;  // sends from memory that did not come from arena()
};

struct Counter {
  std::string_view name;  // a literal, units last: "enobufs_stalls", "notifications"
  std::uint64_t value = 0;
};

struct Fact {
  std::string name;   // "congestion_control", "send_buffer_bytes"
  std::string value;  // as the system granted it, not as it was asked for
};

class Session {
 public:
  virtual ~Session() = default;  // aborts what is open; needs no reap() before

  virtual const Limits& limits() const noexcept = 0;

  // Makes this session reachable. The address is opaque: the harness carries it to the peer's connect().
  virtual Result<std::string> listen() = 0;
  // Waits for the next peer. The channel belongs to the session and lives as long.
  virtual Result<Channel*> accept(MonotonicNs deadline) = 0;
  virtual Result<Channel*> connect(const std::string& address, MonotonicNs deadline) = 0;

  // Memory that this transport sends from best, at least this much in all, faulted in, owned by the session. One
  // segment where the transport can; each is aligned to a page at least. With Limits::buffer_bytes a segment for each
  // buffer instead, aligned to a cache line.
  virtual Result<std::vector<Segment>> arena(std::size_t size_bytes) = 0;

  // Makes progress on all channels (partial sends, notifications, internal credits, also with an empty span) and moves
  // ready completions out. Returns how many; never blocks.
  virtual std::size_t reap(std::span<Completion> out) noexcept = 0;

  virtual Waiter* waiter() noexcept = 0;  // null: poll only; where that depends on the link, the fact "wait" says why
  virtual Fanout* fanout() noexcept { return nullptr; }
  virtual VirtualClock* clock() noexcept { return nullptr; }  // null: the time is everybody's
  virtual std::vector<Counter> counters() const = 0;      // of all channels, since open
  virtual std::vector<Fact> facts() const { return {}; }  // what a reader of the result must know of the settings
};

enum class Status : std::uint8_t { usable, not_built, no_device, not_permitted, kernel_too_old };

std::string_view to_string(Status status);

struct Availability {
  Status status = Status::usable;
  std::string cause;   // empty when usable
  std::string remedy;  // what the user can do about it; a command where there is one

  bool usable() const { return status == Status::usable; }
};

// What arena() is made of: the kernel's choice, pages of 4 KiB, or pages of 2 MiB, which are pinned as one.
enum class PageKind : std::uint8_t { system, small, huge };

struct OpenParameters {
  Link link;
  LinkRole role = LinkRole::sender;  // where this session is, on links whose two ends are not alike: "af_packet:A+B"
  HostAddresses own, peer;           // of the link's two ends, on links that carry IP: listen() binds to `own`, and
                                     // whoever does not come from `peer` is turned away, counted as `strangers`
  std::uint16_t own_port = 0;        // sockets: that connect() binds to; 0: the kernel chooses
  bool two_hosts = false;            // the peer is on another host. own and peer are then also where the hosts reach
                                     // each other beside a link that does not carry IP; "A+B" is A at the sender's host
  bool has_receiver = true;      // false: nobody answers on this link. connect() asks no peer, and sends go to `peer`
  bool device_gathers = true;    // false: the sending device has no scatter-gather, so the kernel copies what was lent
                                 // and does not say so: its word is no evidence
  Options options;               // already checked against Descriptor::options
  std::size_t max_channels = 1;  // sizes rings and queues
  std::size_t depth = 1;
  PageKind pages = PageKind::system;  // refused with `no_memory` where the system has none of that kind
};

enum class Path : std::uint8_t { kernel, bypass };

// A row of the static table in transports/table.cpp. A row is there whether or not it can run on this machine.
struct Descriptor {
  std::string_view id;
  std::string_view family;
  Path path = Path::kernel;
  std::string_view summary;        // one line for `xover list`
  std::string_view way_of_a_byte;  // a few lines for `xover explain`: from the sender's memory to the receiver's
  std::span<const OptionSpec> options;
  std::span<const std::string_view> links;  // names of the links it runs on, the default first
  bool one_address_space = false;           // both ends must be in one process, on every link
  bool file_ranges = false;                 // sends segments that give a file range and no memory
  // Finds out by doing the thing. A link that takes an argument may come without: then whether such links can be used
  // here at all.
  Availability (*probe)(const Link& link) = nullptr;
  Result<std::unique_ptr<Session>> (*open)(const OpenParameters& parameters) = nullptr;
};

// Every transport id of the project, null first, in the order in which people read them.
std::span<const Descriptor> transports();
const Descriptor* find_transport(std::string_view id);  // null: no such id

}  // namespace xover
