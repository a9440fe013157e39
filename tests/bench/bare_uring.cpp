// The sender of the bare loop, and the thread that receives by a session of uring.send_zc_fixed.
#include "tests/bench/bare_uring.h"

#include <liburing.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/transport.h"
#include "harness/workloads/receive_buffers.h"
#include "transports/common/file_descriptor.h"
#include "transports/common/pages.h"
#include "transports/common/socket_address.h"

namespace xover::bench {

namespace {

constexpr std::int64_t setup_bound_ns = 5'000'000'000;
constexpr MonotonicNs nap_ns = 40'000'000;

void pin_to(unsigned core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

// What the receiving thread tells the sending one.
struct Received {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

// Into the same buffers as the harness's own receiver.
void receive(Session& session, Received& received, const BareUringRun& run) {
  pin_to(run.core);
  auto channel = session.accept(monotonic_now_ns() + setup_bound_ns);
  auto buffers = ReceiveBuffers::make(session.limits(), run.size_bytes);
  if (!channel || !buffers) return;
  std::array<Completion, 64> completions;
  while (!received.stop.load(std::memory_order_relaxed)) {
    buffers->offer_to(**channel);
    session.waiter()->wait(monotonic_now_ns() + nap_ns);
    const std::size_t count = session.reap(completions);
    for (std::size_t i = 0; i < count; ++i) {
      Completion& completion = completions[i];
      if (completion.moments.has(Moment::closed)) return;
      if (!completion.moments.has(Moment::received)) continue;
      received.bytes.fetch_add(buffers->take(completion).size(), std::memory_order_relaxed);
      completion.lease = Lease();
    }
  }
}

Result<FileDescriptor> connected_socket(const std::string& address) {
  const auto peer = SocketAddress::parse(address);
  if (!peer) return tl::make_unexpected(peer.error());
  FileDescriptor fd(socket(peer->family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  constexpr char control[] = "cubic";
  if (!fd || setsockopt(fd.get(), IPPROTO_TCP, TCP_CONGESTION, control, sizeof control - 1) != 0)
    return system_error("socket", "cubic");
  if (connect(fd.get(), peer->data(), peer->size()) != 0) return system_error("connect", address);
  return fd;
}

// A ring with one registered buffer and one registered socket, and the loop itself.
class BareSender {
 public:
  BareSender(const BareUringRun& run, Pages pages) : run_(run), pages_(std::move(pages)) {
    for (std::uint32_t slot = 0; slot < run.depth; ++slot) free_.push_back(slot);
  }
  ~BareSender() {
    if (ring_up_) io_uring_queue_exit(&ring_);
  }

  Result<void> set_up(int fd) {
    io_uring_params parameters{};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    parameters.cq_entries = 4 * run_.depth;
    if (const int error = io_uring_queue_init_params(run_.depth, &ring_, &parameters); error < 0)
      return failed("io_uring_setup", error);
    ring_up_ = true;
    const iovec memory{pages_.data(), pages_.size_bytes()};
    if (const int error = io_uring_register_buffers(&ring_, &memory, 1); error < 0)
      return failed("register buffers", error);
    if (const int error = io_uring_register_files(&ring_, &fd, 1); error < 0) return failed("register files", error);
    io_uring_register_ring_fd(&ring_);
    return {};
  }

  // Sends for this long; false when a send failed.
  bool send_for(std::int64_t duration_ns) {
    const MonotonicNs end = monotonic_now_ns() + duration_ns;
    while (monotonic_now_ns() < end) {
      while (!free_.empty()) prepare();
      io_uring_submit_and_wait(&ring_, 1);
      if (!take_completions()) return false;
    }
    return true;
  }

  void drain() {
    const MonotonicNs bound = monotonic_now_ns() + setup_bound_ns;
    while (free_.size() < run_.depth && monotonic_now_ns() < bound) {
      io_uring_submit_and_wait(&ring_, 1);
      take_completions();
    }
  }

 private:
  static tl::unexpected<Error> failed(const char* operation, int negative_errno) {
    errno = -negative_errno;
    return system_error(operation, "bare io_uring loop");
  }

  void prepare() {
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    io_uring_prep_send_zc_fixed(sqe, 0, pages_.data() + slot * run_.size_bytes, run_.size_bytes,
                                MSG_WAITALL | MSG_NOSIGNAL, 0, 0);
    sqe->flags |= IOSQE_FIXED_FILE;
    sqe->user_data = slot;
  }

  bool take_completions() {
    io_uring_cqe* cqe;
    unsigned head, count = 0;
    bool good = true;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      if ((cqe->flags & IORING_CQE_F_MORE) == 0) free_.push_back(static_cast<std::uint32_t>(cqe->user_data));
      if ((cqe->flags & IORING_CQE_F_NOTIF) == 0) good = good && cqe->res == static_cast<int>(run_.size_bytes);
    }
    io_uring_cq_advance(&ring_, count);
    return good;
  }

  const BareUringRun& run_;
  Pages pages_;
  io_uring ring_{};
  bool ring_up_ = false;
  std::vector<std::uint32_t> free_;
};

Result<double> measure(const BareUringRun& run, const std::string& address, const Received& received) {
  auto socket = connected_socket(address);
  if (!socket) return tl::make_unexpected(socket.error());
  auto pages = Pages::allocate(run.size_bytes * run.depth, Pages::Fault::now);
  if (!pages) return tl::make_unexpected(pages.error());
  BareSender sender(run, std::move(*pages));
  if (auto ready = sender.set_up(socket->get()); !ready) return tl::make_unexpected(ready.error());
  const auto broken = [] { return make_error(ErrorCode::internal, "send_zc", "bare io_uring loop", ""); };
  if (!sender.send_for(run.warmup_ns)) return broken();
  const std::uint64_t bytes_before = received.bytes.load();
  const MonotonicNs start = monotonic_now_ns();
  if (!sender.send_for(run.duration_ns)) return broken();
  const double seconds = static_cast<double>(monotonic_now_ns() - start) * 1e-9;
  const std::uint64_t bytes = received.bytes.load() - bytes_before;
  sender.drain();
  return static_cast<double>(bytes) * 8e-9 / seconds;
}

}  // namespace

Result<double> bare_uring_gbps(const BareUringRun& run) {
  const Descriptor& row = *find_transport("uring.send_zc_fixed");
  OpenParameters parameters;
  parameters.options = Options::resolve(row.id, row.options, {{"congestion_control", "cubic"}}).value();
  parameters.depth = run.depth;
  // The session is opened, used and closed on the receiving thread, which owns it.
  Received received;
  std::string address;
  Error problem;
  std::atomic<int> state{0};  // 1: listens, 2: cannot
  std::thread receiver([&] {
    auto session = row.open(parameters);
    auto listening = session ? (*session)->listen() : Result<std::string>(tl::make_unexpected(session.error()));
    if (listening) address = *listening;
    if (!listening) problem = listening.error();
    state = listening ? 1 : 2;
    if (listening) receive(**session, received, run);
  });
  while (state.load() == 0) std::this_thread::yield();
  Result<double> figure = tl::make_unexpected(problem);
  std::thread sender([&] {
    if (state.load() != 1) return;
    pin_to(run.core);
    figure = measure(run, address, received);
  });
  sender.join();
  received.stop = true;
  receiver.join();
  return figure;
}

}  // namespace xover::bench
