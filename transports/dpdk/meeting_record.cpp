// Records over a socket of type SOCK_SEQPACKET: each is whole or not there.
#include "transports/dpdk/meeting_record.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "transports/common/sockets.h"
#include "transports/common/timespec.h"

namespace xover {

namespace {

constexpr const char* meeting = "meet the peer";

template <std::size_t size>
std::string text_of(const std::array<char, size>& from) {
  return {from.data(), strnlen(from.data(), size)};
}

// A message with a descriptor beside it (unix(7), SCM_RIGHTS).
class RecordMessage {
 public:
  explicit RecordMessage(MeetingRecord& record) : bytes_{&record, sizeof record} {
    header_.msg_iov = &bytes_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_.data();
    header_.msg_controllen = control_.size();
  }
  RecordMessage(const RecordMessage&) = delete;
  RecordMessage& operator=(const RecordMessage&) = delete;

  ssize_t send_with(int line, int passed) {
    header_.msg_controllen = passed < 0 ? 0 : control_.size();
    if (cmsghdr* const beside = CMSG_FIRSTHDR(&header_)) {
      beside->cmsg_level = SOL_SOCKET;
      beside->cmsg_type = SCM_RIGHTS;
      beside->cmsg_len = CMSG_LEN(sizeof passed);
      std::memcpy(CMSG_DATA(beside), &passed, sizeof passed);
    }
    return sendmsg(line, &header_, MSG_DONTWAIT | MSG_NOSIGNAL);
  }

  ssize_t receive(int line, FileDescriptor& passed) {
    constexpr int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
    ssize_t got = recvmsg(line, &header_, flags);
    // Said once, when the peer left something unread; what it sent before comes behind.
    if (got < 0 && errno == ECONNRESET) got = recvmsg(line, &header_, flags);
    const cmsghdr* const beside = got < 0 ? nullptr : CMSG_FIRSTHDR(&header_);
    if (beside != nullptr && beside->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(beside), sizeof fd);
      passed = FileDescriptor(fd);
    }
    return got;
  }

 private:
  iovec bytes_;
  msghdr header_{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control_{};
};

tl::unexpected<Error> refusal_in(const MeetingRecord& record) {
  return make_error(record.code, meeting, "it says: " + text_of(record.text));
}

}  // namespace

Result<void> send_record(int line, const MeetingRecord& record, int passed) {
  MeetingRecord sent = record;
  if (RecordMessage(sent).send_with(line, passed) == sizeof record) return {};
  return make_error(ErrorCode::peer_died, meeting, "it hung up");
}

Result<MeetingRecord> receive_record(int line, MonotonicNs deadline, MeetingRecord::Kind expected,
                                     FileDescriptor* passed) {
  for (;;) {
    if (auto readable = await(line, POLLIN, deadline, meeting, "DPDK link"); !readable) {
      return tl::make_unexpected(std::move(readable.error()));
    }
    MeetingRecord record;
    FileDescriptor beside;
    const ssize_t got = RecordMessage(record).receive(line, beside);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return make_error(ErrorCode::peer_died, meeting, "it hung up");
    if (got != sizeof record || record.version != MeetingRecord::known_version) {
      return make_error(ErrorCode::bad_input, meeting, "it speaks another version of this protocol",
                        "run the same xover at both ends");
    }
    if (record.kind == MeetingRecord::Kind::refused) return refusal_in(record);
    if (record.kind != expected) return make_error(ErrorCode::bad_input, meeting, "a record out of order");
    if (passed != nullptr) *passed = std::move(beside);
    return record;
  }
}

tl::unexpected<Error> why_it_hung_up(int line, const std::string& operation) {
  MeetingRecord record;
  FileDescriptor beside;
  while (RecordMessage(record).receive(line, beside) == sizeof record) {
    if (record.version == MeetingRecord::known_version && record.kind == MeetingRecord::Kind::refused) {
      return refusal_in(record);
    }
  }
  return make_error(ErrorCode::peer_died, operation, "it hung up");
}

Result<void> pause_beside(int line, MonotonicNs pause_ns, const std::string& operation) {
  pollfd hung_up{line, 0, 0};
  const timespec pause = to_timespec(pause_ns);
  if (ppoll(&hung_up, 1, &pause, nullptr) > 0) return why_it_hung_up(line, operation);
  return {};
}

void send_refusal(int line, const Error& why) {
  MeetingRecord record;
  record.kind = MeetingRecord::Kind::refused;
  record.code = why.code;
  put_text(record.text, why.message());
  (void)send_record(line, record);
}

}  // namespace xover
