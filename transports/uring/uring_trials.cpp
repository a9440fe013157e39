// A ring, a page and a socket that is connected to itself, for one request.
#include "transports/uring/uring_trials.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "transports/common/pages.h"
#include "transports/common/sockets.h"
#include "transports/uring/uring_ring.h"

namespace xover {

namespace {

constexpr std::size_t piece_bytes = 64;
constexpr MonotonicNs bound_ns = 200'000'000;

FileDescriptor socket_to_itself() {
  auto socket = make_socket(IpVersion::v4, SOCK_DGRAM);
  if (!socket) return {};
  const auto loopback = SocketAddress::of_host({}, IpVersion::v4);
  if (!loopback || !bind_to(socket->get(), *loopback)) return {};
  const auto own = SocketAddress::local_of(socket->get());
  if (!own || connect(socket->get(), own->data(), own->size()) != 0) return {};
  return std::move(*socket);
}

void prepare(io_uring_sqe& entry, UringPath path, int fd, std::array<iovec, 2>& pieces, msghdr& header) {
  if (path == UringPath::write_fixed) {
    io_uring_prep_writev(&entry, fd, pieces.data(), pieces.size(), 0);
    entry.opcode = opcode_writev_fixed;
  } else {
    header.msg_iov = pieces.data();
    header.msg_iovlen = pieces.size();
    io_uring_prep_sendmsg_zc(&entry, fd, &header, MSG_NOSIGNAL);
    entry.ioprio |= IORING_RECVSEND_FIXED_BUF;
  }
  entry.buf_index = 0;
}

// Whether everything went; waits for the notification too, because the page is given back afterwards.
bool everything_went(UringRing& ring, std::size_t expected_bytes) {
  bool went = false;
  int awaited = 1;
  for (const MonotonicNs deadline = monotonic_now_ns() + bound_ns; awaited > 0 && monotonic_now_ns() < deadline;) {
    if (ring.wait(bound_ns) < 0) return false;
    ring.drain([&](std::uint64_t, int result, unsigned flags) {
      if ((flags & IORING_CQE_F_NOTIF) == 0) went = result == static_cast<int>(expected_bytes);
      awaited += (flags & IORING_CQE_F_MORE) != 0 ? 0 : -1;
    });
  }
  return went;
}

}  // namespace

bool gathers_from_registered_memory(UringPath path) {
  const auto ring = UringRing::create({.sq_entries = 4});
  if (!ring || (path == UringPath::write_fixed && !(*ring)->has_opcode(opcode_writev_fixed))) return false;
  const auto page = Pages::allocate(1, Pages::Fault::now);
  const FileDescriptor socket = socket_to_itself();
  if (!page || !socket || !(*ring)->make_buffer_table(1)) return false;
  if ((*ring)->set_buffer(0, {page->data(), page->size_bytes()}) < 0) return false;

  // Apart from each other and in reverse, so that what arrives tells whether the pieces were obeyed.
  std::byte* const first = page->data() + 1024;
  std::byte* const second = page->data();
  std::memset(first, 1, piece_bytes);
  std::memset(second, 2, piece_bytes);
  std::array<iovec, 2> pieces{iovec{first, piece_bytes}, iovec{second, piece_bytes}};
  msghdr header{};
  prepare(*(*ring)->next_sqe(), path, socket.get(), pieces, header);
  if (!everything_went(**ring, 2 * piece_bytes)) return false;

  std::array<std::byte, 4 * piece_bytes> arrived;
  const ssize_t size = recv(socket.get(), arrived.data(), arrived.size(), MSG_DONTWAIT);
  return size == 2 * piece_bytes && std::memcmp(arrived.data(), first, piece_bytes) == 0 &&
         std::memcmp(arrived.data() + piece_bytes, second, piece_bytes) == 0;
}

}  // namespace xover
