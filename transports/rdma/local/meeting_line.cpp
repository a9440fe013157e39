// Records with descriptors beside them (unix(7), SCM_RIGHTS), each whole or not there.
#include "transports/rdma/local/meeting_line.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <thread>
#include <utility>

#include "transports/common/abstract_name.h"
#include "transports/common/record_message.h"
#include "transports/common/sockets.h"

namespace xover {

namespace {

constexpr const char* meeting = "meet the peer";
constexpr int backlog = 128;

std::string unused_name() {
  static std::atomic<unsigned> last{0};
  std::random_device random;
  return "xover-local-" + std::to_string(getpid()) + "-" + std::to_string(++last) + "-" + std::to_string(random()) +
         std::to_string(random());
}

}  // namespace

Result<std::pair<FileDescriptor, std::string>> MeetingLine::listen() {
  std::string name = unused_name();
  FileDescriptor listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return system_error("socket", "AF_UNIX");
  const AbstractName address(name);
  if (bind(listener.get(), address.address(), address.size()) != 0) return system_error("bind", name);
  if (::listen(listener.get(), backlog) != 0) return system_error("listen", name);
  return std::pair{std::move(listener), std::move(name)};
}

Result<MeetingLine> MeetingLine::connect(const std::string& name, MonotonicNs deadline) {
  FileDescriptor line(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!line) return system_error("socket", "AF_UNIX");
  const AbstractName address(name);
  while (::connect(line.get(), address.address(), address.size()) != 0) {
    if (errno == ECONNREFUSED) {
      return make_error(ErrorCode::refused, "connect", "nobody listens as " + name + " in this network namespace");
    }
    if (errno != EAGAIN && errno != EINTR) return system_error("connect", name);
    if (monotonic_now_ns() >= deadline) return make_error(ErrorCode::timed_out, "connect", name + " does not accept");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // its backlog is full
  }
  return MeetingLine(std::move(line));
}

Result<MeetingLine> MeetingLine::accept(int listener, MonotonicNs deadline) {
  for (;;) {
    if (auto ready = await(listener, POLLIN, deadline, "accept", "local"); !ready) {
      return tl::make_unexpected(std::move(ready.error()));
    }
    FileDescriptor line(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (line) return MeetingLine(std::move(line));
    if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) return system_error("accept", "local");
  }
}

Result<pid_t> MeetingLine::peer_process() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return system_error("SO_PEERCRED");
  if (peer.uid == geteuid()) return peer.pid;
  return make_error(ErrorCode::not_permitted, meeting,
                    "it is of user " + std::to_string(peer.uid) + ", this process of " + std::to_string(geteuid()),
                    "run both ends as the same user");
}

Result<void> MeetingLine::say(const LineRecord& record, std::span<const int> passed, MonotonicNs deadline) const {
  LineRecord said = record;
  while (RecordMessage(&said, sizeof said).send(socket_.get(), passed) != sizeof said) {
    if (errno == EPIPE || errno == ECONNRESET) return make_error(ErrorCode::peer_died, meeting, "it hung up");
    if (errno != EAGAIN && errno != EINTR) return system_error(meeting, "sendmsg");
    if (auto room = await(socket_.get(), POLLOUT, deadline, meeting, "local"); !room) return room;
  }
  return {};
}

Result<HeardRecord> MeetingLine::hear(LineRecord::Kind expected, MonotonicNs deadline) const {
  for (;;) {
    if (auto readable = await(socket_.get(), POLLIN, deadline, meeting, "local"); !readable) {
      return tl::make_unexpected(std::move(readable.error()));
    }
    HeardRecord heard;
    std::array<FileDescriptor, RecordMessage::most_passed> passed;
    RecordMessage message(&heard.record, sizeof heard.record);
    const auto [got, count] = message.receive(socket_.get(), passed);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return make_error(ErrorCode::peer_died, meeting, "it hung up");
    if (got != sizeof heard.record || heard.record.version != LineRecord::known_version) {
      return make_error(ErrorCode::bad_input, meeting, "it speaks another version of this protocol",
                        "run the same xover at both ends");
    }
    if (heard.record.kind == LineRecord::Kind::refused) {
      const auto& text = heard.record.text;
      return make_error(heard.record.code, meeting,
                        "it says: " + std::string(text.data(), strnlen(text.data(), text.size())));
    }
    if (heard.record.kind != expected) return make_error(ErrorCode::bad_input, meeting, "a record out of order");
    if (message.lost_descriptors()) {
      return make_error(ErrorCode::no_memory, meeting, "no file descriptor is left for what it passes",
                        "raise the limit of open files (ulimit -n)");
    }
    for (std::size_t i = 0; i < count; ++i) heard.passed.push_back(std::move(passed[i]));
    return heard;
  }
}

void MeetingLine::refuse(ErrorCode code, const std::string& text) const {
  LineRecord record;
  record.kind = LineRecord::Kind::refused;
  record.code = code;
  text.copy(record.text.data(), record.text.size() - 1);
  (void)say(record, {}, monotonic_now_ns());
}

MeetingLine::Heard MeetingLine::hear_now(LineRecord& record, FileDescriptor& passed) const noexcept {
  std::array<FileDescriptor, RecordMessage::most_passed> beside;
  const auto [got, count] = RecordMessage(&record, sizeof record).receive(socket_.get(), beside);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Heard::nothing;
  if (got != sizeof record || record.version != LineRecord::known_version) return Heard::hung_up;
  if (count != 0) passed = std::move(beside[0]);
  return Heard::record;
}

bool MeetingLine::has_hung_up() const noexcept {
  pollfd line{socket_.get(), 0, 0};
  return !socket_ || (::poll(&line, 1, 0) > 0 && (line.revents & (POLLHUP | POLLERR)) != 0);
}

}  // namespace xover
