// One virtual device for each connection. All servers of a process share one listening socket, in the abstract name
// space, and are told apart by their ids.
#include "transports/dpdk/memif_side.h"

#include <dirent.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstring>
#include <future>
#include <random>
#include <string>
#include <utility>

#include <rte_alarm.h>

#include "transports/common/abstract_name.h"
#include "transports/dpdk/eal.h"

namespace xover {

namespace {

constexpr std::size_t log2_of_ring_frames = 10;
constexpr std::size_t line_bytes = 64;
constexpr std::size_t burst_mbufs = 32;  // the driver takes as many from the pool before it knows how many it needs
constexpr std::size_t pool_bytes = std::size_t{16} << 20;
constexpr MonotonicNs look_again_ns = 1'000'000;

std::string unix_name(int fd, int (*ask)(int, sockaddr*, socklen_t*)) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  constexpr socklen_t start = offsetof(sockaddr_un, sun_path) + 1;  // an abstract name begins with a zero
  if (ask(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sun_family != AF_UNIX || size <= start) {
    return {};
  }
  return {address.sun_path + 1, strnlen(address.sun_path + 1, size - start)};
}

// The first descriptor of this process that `wanted` says yes to; -1: none. Descriptors come and go meanwhile.
template <typename Wanted>
int find_descriptor(const Wanted& wanted) {
  int found = -1;
  DIR* const folder = opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  while (const dirent* const entry = readdir(folder)) {
    int fd = -1;
    std::from_chars(entry->d_name, entry->d_name + std::strlen(entry->d_name), fd);
    if (fd >= 0 && fd != dirfd(folder) && wanted(fd)) {
      found = fd;
      break;
    }
  }
  closedir(folder);
  return found;
}

// The client's control socket has no name of its own until it is given one, here, so that the server knows by it which
// of its sockets belongs to this connection.
int name_client_socket(const std::string& server, const std::string& own) {
  const int fd = find_descriptor(
      [&](int other) { return unix_name(other, getpeername) == server && unix_name(other, getsockname).empty(); });
  const AbstractName name(own);
  return fd >= 0 && bind(fd, name.address(), name.size()) == 0 ? fd : -1;
}

int find_server_socket(const std::string& server, const std::string& client) {
  return find_descriptor(
      [&](int fd) { return unix_name(fd, getsockname) == server && unix_name(fd, getpeername) == client; });
}

struct MemifShape {
  bool server = false;
  std::string socket;
  std::uint32_t connection = 0;
  std::size_t buffer_bytes = 0, mbufs = 0, most_segments = 0;

  std::string client_name() const { return socket + "-" + std::to_string(connection); }
};

class MemifPort final : public Port {
 public:
  static Result<std::shared_ptr<MemifPort>> make(const MemifShape& shape, const PortTraits& traits);
  ~MemifPort() override;

  bool link_up() const noexcept override;
  // -1: not there yet.
  int control_socket() const;
  void hold(FileDescriptor peer_control_socket) { peer_control_socket_ = std::move(peer_control_socket); }

 private:
  explicit MemifPort(MemifShape shape) : shape_(std::move(shape)) {}

  const MemifShape shape_;
  int client_socket_ = -1;  // the driver's
  FileDescriptor peer_control_socket_;
};

std::string arguments_of(const MemifShape& shape) {
  return std::string("role=") + (shape.server ? "server" : "client") + ",id=" + std::to_string(shape.connection) +
         ",socket=" + shape.socket + ",socket-abstract=yes,bsize=" + std::to_string(shape.buffer_bytes) +
         ",rsize=" + std::to_string(log2_of_ring_frames);
}

Result<std::shared_ptr<MemifPort>> MemifPort::make(const MemifShape& shape, const PortTraits& traits) {
  static std::atomic<unsigned> number{0};
  std::shared_ptr<MemifPort> port(new MemifPort(shape));
  auto pool = MbufPool::make({.mbufs = shape.mbufs, .data_bytes = shape.buffer_bytes});
  if (!pool) return tl::make_unexpected(std::move(pool.error()));
  port->receive_pool_ = std::move(*pool);
  const std::string name = "net_memif_xover_" + std::to_string(++number);
  auto id = make_device(name, arguments_of(shape));
  if (!id) return tl::make_unexpected(std::move(id.error()));
  port->id_ = *id;
  port->device_ = name;
  port->traits_ = traits;
  // One client at a time, from its connecting until its socket has a name.
  static std::mutex unnamed;
  const std::scoped_lock lock(unnamed);
  if (auto started = port->start({.most_segments = shape.most_segments}, *port->receive_pool_); !started) {
    return tl::make_unexpected(std::move(started.error()));
  }
  if (!shape.server) {
    port->client_socket_ = name_client_socket(shape.socket, shape.client_name());
    if (port->client_socket_ < 0)
      return make_error(ErrorCode::internal, "connect", "memif's control socket is missing");
  }
  return port;
}

int MemifPort::control_socket() const {
  return shape_.server ? find_server_socket(shape_.socket, shape_.client_name()) : client_socket_;
}

// Without the peer's control socket, memif's may hang up at any time. Then the port is closed by DPDK's interrupt
// thread itself, which so cannot be about to do the same.
MemifPort::~MemifPort() {
  if (peer_control_socket_ || id_ < 0) {
    close();
    return;
  }
  struct Closing {
    MemifPort* port;
    std::promise<void> done;
  } closing{this, {}};
  const auto run = [](void* argument) {
    auto* const self = static_cast<Closing*>(argument);
    self->port->close();
    self->done.set_value();
  };
  if (rte_eal_alarm_set(1, run, &closing) == 0) {
    closing.done.get_future().wait();
  } else {
    close();
  }
}

bool MemifPort::link_up() const noexcept {
  rte_eth_link link{};
  return rte_eth_link_get_nowait(static_cast<std::uint16_t>(id_), &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

// The listening socket of all servers of this process. The driver would close the socket of the last server without
// telling the interrupt thread, so one server, which nobody connects to, is there for as long as the process.
class ServerSocket {
 public:
  static Result<std::string> name() {
    static std::mutex mutex;
    static std::string made;
    const std::scoped_lock lock(mutex);
    if (!made.empty()) return made;
    const std::string socket = "xover-memif-" + std::to_string(getpid()) + "-" + std::to_string(std::random_device{}());
    const auto holder = Holder::make(socket);
    if (!holder) return tl::make_unexpected(holder.error());
    made = socket;
    return made;
  }

 private:
  struct Holder : Port {
    static Result<std::uint16_t> make(const std::string& socket) {
      return make_device("net_memif_xover_listener", "role=server,id=0,socket-abstract=yes,socket=" + socket);
    }
  };
};

class MemifSide final : public LinkSide {
 public:
  MemifSide(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes) : LinkSide(link, shape) {
    buffer_bytes_ = (mtu_bytes + ethernet_header_bytes + line_bytes - 1) / line_bytes * line_bytes;
    // Each segment of a frame comes out of the driver as an mbuf.
    const std::size_t frames = std::max<std::size_t>(shape.window_frames, 1);
    most_segments_ = std::clamp<std::size_t>(pool_bytes / (frames * buffer_bytes_), 2, 8);
    traits_.driver = "net_memif";
    traits_.mtu_bytes = mtu_bytes;
    traits_.most_segments = most_segments_;
    traits_.lossless = true;
    traits_.sent = traits_.received = Handover::driver;
  }

 private:
  Result<std::shared_ptr<Port>> make_acceptor_port(MeetingRecord& welcome) override {
    auto socket = ServerSocket::name();
    if (!socket) return tl::make_unexpected(std::move(socket.error()));
    put_text(welcome.detail, *socket);
    return make_port(true, *socket, welcome.connection);
  }

  Result<std::shared_ptr<Port>> make_connector_port(const MeetingRecord& welcome) override {
    return make_port(false, welcome.detail.data(), welcome.connection);
  }

  Result<std::shared_ptr<Port>> make_port(bool server, std::string socket, std::uint32_t connection) {
    const std::size_t mbufs = shape_.window_frames * most_segments_ + burst_mbufs + cached_mbufs;
    auto port = MemifPort::make({server, std::move(socket), connection, buffer_bytes_, mbufs, most_segments_}, traits_);
    if (!port) return tl::make_unexpected(std::move(port.error()));
    return std::shared_ptr<Port>(std::move(*port));
  }

  Result<void> settle(Port& port, const FileDescriptor& line, MonotonicNs deadline) override;

  std::size_t buffer_bytes_ = 0, most_segments_ = 0;
};

Result<void> MemifSide::settle(Port& port, const FileDescriptor& line, MonotonicNs deadline) {
  auto& memif = static_cast<MemifPort&>(port);
  int control_socket = -1;
  for (;;) {
    if (memif.link_up() && (control_socket = memif.control_socket()) >= 0) break;
    if (monotonic_now_ns() >= deadline) {
      return make_error(ErrorCode::timed_out, "connect memif", "the driver has not connected: " + take_eal_messages());
    }
    if (auto waits = pause_beside(line.get(), look_again_ns, "connect memif"); !waits) return waits;
  }
  MeetingRecord record;
  record.kind = MeetingRecord::Kind::descriptor;
  FileDescriptor peer_socket;
  return send_record(line.get(), record, control_socket)
      .and_then([&] { return receive_record(line.get(), deadline, MeetingRecord::Kind::descriptor, &peer_socket); })
      .and_then([&](const MeetingRecord&) -> Result<void> {
        if (!peer_socket) return make_error(ErrorCode::bad_input, "connect memif", "no control socket came");
        memif.hold(std::move(peer_socket));
        // A client gives its server buffers whenever it looks for frames; the server cannot send before.
        rte_mbuf* none = nullptr;
        (void)memif.receive(&none, 0);
        return {};
      });
}

}  // namespace

Result<std::unique_ptr<LinkSide>> open_memif_side(const Link& link, const LinkSideShape& shape, std::size_t mtu_bytes) {
  return std::make_unique<MemifSide>(link, shape, mtu_bytes);
}

}  // namespace xover
