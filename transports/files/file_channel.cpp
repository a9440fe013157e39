// One system call for each buffer received; with splice, two for each pipe of bytes.
#include "transports/files/file_channel.h"

#include <sys/socket.h>

#include <cassert>
#include <cerrno>

namespace xover {

namespace {

constexpr std::size_t discard_bytes_a_pass = std::size_t{4} << 20;  // the caller's other work is not held up for longer

}  // namespace

FileChannel::FileChannel(SocketShared& shared, FileShared& file_shared, std::uint32_t index, FileDescriptor socket)
    : SocketChannel(shared, index, std::move(socket), false), file_shared_(file_shared) {
  nonblocking_ = discards_ = file_shared.discard.has_value();
}

void FileChannel::receive(int flags) noexcept {
  if (discards_) return discard();
  while (!offered_.empty()) {
    const RxBuffer& buffer = offered_.front();
    assert(buffer.size_bytes > 0);
    if ((flags & MSG_DONTWAIT) == 0) found_empty();
    ++shared_.counters.receive_calls;
    const ssize_t received = recv(socket_.get(), buffer.data, buffer.size_bytes, flags);
    if (received <= 0) return nothing_came(received, "recv");
    const auto bytes = static_cast<std::size_t>(received);
    const bool filled = bytes == buffer.size_bytes;
    if (!took(bytes)) return;
    complete_receive(bytes);
    if (!filled) return;  // the socket is empty; asking again would be a call for nothing
    flags |= MSG_DONTWAIT;
  }
}

void FileChannel::discard() noexcept {
  if (!may_discard()) return;
  std::size_t bytes = 0;
  ssize_t taken = 0;
  while (bytes < discard_bytes_a_pass) {
    taken = file_shared_.discard->take(socket_.get(), file_shared_.counters.splice_calls);
    if (taken <= 0) break;
    if (!took(static_cast<std::size_t>(taken))) return;
    bytes += static_cast<std::size_t>(taken);
  }
  const int errno_value = errno;
  if (bytes > 0) complete_discarded(bytes, file_shared_.discard_evidence);
  if (taken > 0) return;
  errno = errno_value;
  nothing_came(taken, "splice");
}

void FileChannel::nothing_came(ssize_t result, const char* operation) noexcept {
  if (result < 0 && errno != EAGAIN && errno != EINTR) return die(failure_of_errno(errno, operation));
  if (result < 0) {
    waited_in_vain();
    if (alive()) found_empty();
    return;
  }
  if (const Failure failure = end_failure()) return die(failure);
  if (!alive()) return;
  found_empty();
  peer_ended();
}

void FileChannel::end_sending() noexcept { ::shutdown(socket_.get(), SHUT_WR); }

}  // namespace xover
