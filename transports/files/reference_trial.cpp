// One page, four ways into a socket, two ways out.
#include "transports/files/reference_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "transports/common/sockets.h"
#include "transports/common/tcp_sockets.h"
#include "transports/files/file_arena.h"
#include "transports/files/pipe.h"

namespace xover {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr MonotonicNs bound_ns = 2'000'000'000;
constexpr int before = 0x11, after = 0x22;

// A connection to ourselves, a page that is also a file, and two pipes.
struct Trial {
  FileDescriptor sending, receiving;
  FileArena arena;
  Segment page;
  Pipe pipe, second_pipe;

  explicit Trial(FileArena memory) : arena(std::move(memory)), page(arena.segment()) {
    std::memset(page.data, before, page_bytes);
  }
  void change() const { std::memset(page.data, after, page_bytes); }
};

Result<Trial> prepared(const Options& options) {
  auto arena = FileArena::make(page_bytes);
  if (!arena) return tl::make_unexpected(arena.error());
  Trial trial(std::move(*arena));
  auto pipe = Pipe::make(16 * page_bytes);
  auto second_pipe = Pipe::make(16 * page_bytes);
  if (!pipe) return tl::make_unexpected(pipe.error());
  if (!second_pipe) return tl::make_unexpected(second_pipe.error());
  trial.pipe = std::move(*pipe);
  trial.second_pipe = std::move(*second_pipe);
  TcpSockets sockets(options);
  const MonotonicNs deadline = monotonic_now_ns() + bound_ns;
  const auto address = sockets.listen(1);
  if (!address) return tl::make_unexpected(address.error());
  auto sending = sockets.connect(*address, deadline);
  if (!sending) return tl::make_unexpected(sending.error());
  auto receiving = sockets.accept(deadline);
  if (!receiving) return tl::make_unexpected(receiving.error());
  trial.sending = std::move(*sending);
  trial.receiving = std::move(*receiving);
  return trial;
}

// Each step moves the whole page or fails: every queue here is empty and large enough.
Result<void> whole_page(ssize_t moved, const char* step) {
  if (moved == static_cast<ssize_t>(page_bytes)) return {};
  if (moved >= 0) errno = EIO;
  return system_error(step, "the trial of passing a page by reference",
                      "run where the call is allowed, outside of the sandbox that forbids it");
}

Result<void> step(int from, int to, const char* name) {
  return whole_page(splice(from, nullptr, to, nullptr, page_bytes, SPLICE_F_MOVE), name);
}

Result<void> pass_file(const Trial& trial) {
  off_t offset = 0;
  return whole_page(sendfile(trial.sending.get(), trial.page.file, &offset, page_bytes), "sendfile");
}

Result<void> pass_through_pipe(const Trial& trial, FilePath path) {
  const Pipe* pipe = &trial.pipe;
  const iovec memory{trial.page.data, page_bytes};
  Result<void> done;
  if (path == FilePath::splice) {
    done = step(trial.page.file, pipe->write_end.get(), "splice from a file");
  } else {
    done = whole_page(vmsplice(pipe->write_end.get(), &memory, 1, 0), "vmsplice");
  }
  if (done && path == FilePath::tee) {
    done = whole_page(tee(pipe->read_end.get(), trial.second_pipe.write_end.get(), page_bytes, 0), "tee");
    pipe = &trial.second_pipe;
  }
  if (!done) return done;
  return step(pipe->read_end.get(), trial.sending.get(), "splice into a socket");
}

// True: every byte is as it was changed; false: as it was passed, or a mixture that proves nothing.
Result<bool> arrives_changed(int from, bool from_socket) {
  std::array<unsigned char, page_bytes> arrived{};
  for (std::size_t got = 0; got < page_bytes;) {
    if (auto ready = await(from, POLLIN, monotonic_now_ns() + bound_ns, "recv", "the trial's page"); !ready) {
      return tl::make_unexpected(ready.error());
    }
    const ssize_t n = read(from, arrived.data() + got, page_bytes - got);
    if (n <= 0) return system_error(from_socket ? "recv" : "read", "the trial's page");
    got += static_cast<std::size_t>(n);
  }
  for (const unsigned char byte : arrived) {
    if (byte != after) return false;
  }
  return true;
}

}  // namespace

Result<bool> sends_by_reference(FilePath path, const Options& options) {
  const auto trial = prepared(options);
  if (!trial) return tl::make_unexpected(trial.error());
  const auto passed = path == FilePath::sendfile ? pass_file(*trial) : pass_through_pipe(*trial, path);
  if (!passed) return tl::make_unexpected(passed.error());
  trial->change();
  return arrives_changed(trial->receiving.get(), true);
}

Result<bool> splices_out_by_reference(const Options& options) {
  const auto trial = prepared(options);
  if (!trial) return tl::make_unexpected(trial.error());
  if (const auto passed = pass_file(*trial); !passed) return tl::make_unexpected(passed.error());
  const int socket = trial->receiving.get();
  if (auto ready = await(socket, POLLIN, monotonic_now_ns() + bound_ns, "splice", "the trial's page"); !ready) {
    return tl::make_unexpected(ready.error());
  }
  if (auto taken = step(socket, trial->pipe.write_end.get(), "splice out of a socket"); !taken) {
    return tl::make_unexpected(taken.error());
  }
  trial->change();
  return arrives_changed(trial->pipe.read_end.get(), false);
}

}  // namespace xover
