// Its connection and its loop.
#include "harness/measurement/yardstick.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <numeric>
#include <system_error>
#include <thread>
#include <vector>

#include "core/clock.h"
#include "harness/placement/placement.h"

namespace xover {

namespace {

// A reading errs by 6 to 10 % after 5 ms, and by less the longer it takes.
constexpr MonotonicNs window_ns = 15'000'000;

constexpr std::size_t message_bytes = 64 << 10, pool_bytes = 4 << 20;

FileDescriptor tcp_socket(int type_flags) {
  FileDescriptor made(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0));
  // Every kernel has reno; what the system prefers may pace.
  constexpr char unpaced[] = "reno";
  if (made) setsockopt(made.get(), IPPROTO_TCP, TCP_CONGESTION, unpaced, sizeof unpaced - 1);
  return made;
}

// As much as there is; each byte is looked at.
std::uint64_t read_all(int from, std::vector<unsigned char>& into, unsigned& sum) {
  std::uint64_t bytes = 0;
  ssize_t got = 0;
  while ((got = recv(from, into.data(), into.size(), MSG_DONTWAIT)) > 0) {
    sum = std::accumulate(into.begin(), into.begin() + got, sum);
    bytes += static_cast<std::uint64_t>(got);
  }
  return bytes;
}

double pump(int to, int from) {
  std::vector<unsigned char> pool(pool_bytes, 1), received(message_bytes);
  const MonotonicNs began_ns = monotonic_now_ns();
  MonotonicNs now_ns = began_ns;
  std::uint64_t bytes = 0;
  unsigned sum = 0;
  for (std::size_t at = 0; now_ns - began_ns < window_ns; at = (at + message_bytes) % pool_bytes) {
    for (std::size_t sent = 0; sent < message_bytes;) {
      const ssize_t went = send(to, &pool[at + sent], message_bytes - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (went > 0) sent += static_cast<std::size_t>(went);
      if (went < 0 && errno != EAGAIN && errno != EINTR) return 0;
      bytes += read_all(from, received, sum);
      if ((now_ns = monotonic_now_ns()) - began_ns >= 2 * window_ns) break;
    }
  }
  // What was read must not be optimised away: all bytes are 1.
  return sum == 0 ? 0 : 8 * static_cast<double>(bytes) / static_cast<double>(now_ns - began_ns);
}

}  // namespace

bool Yardstick::connect_both() {
  if (writing_ && reading_) return true;
  const FileDescriptor listener = tcp_socket(0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (!listener || bind(listener.get(), raw, size) < 0 || listen(listener.get(), 1) < 0 ||
      getsockname(listener.get(), raw, &size) < 0)
    return false;
  FileDescriptor writing = tcp_socket(0);
  if (!writing || connect(writing.get(), raw, size) < 0) return false;
  FileDescriptor reading(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!reading) return false;
  writing_ = std::move(writing);
  reading_ = std::move(reading);
  return true;
}

std::optional<double> Yardstick::read(unsigned core) {
  if (!connect_both()) return std::nullopt;
  double gbps = 0;
  try {
    std::jthread([&] {
      if (pin_this_thread(core)) gbps = pump(writing_.get(), reading_.get());
    }).join();
  } catch (const std::system_error&) {
    return std::nullopt;  // no thread to be had
  }
  if (gbps > 0) return gbps;
  writing_.close();  // another try begins with another connection
  reading_.close();
  return std::nullopt;
}

}  // namespace xover
