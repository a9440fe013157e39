// Records over a socket of type SOCK_SEQPACKET: each is whole or not there.
#include "transports/dpdk/meeting_record.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "transports/common/record_message.h"
#include "transports/common/sockets.h"
#include "transports/common/timespec.h"

namespace xover {

namespace {

constexpr const char* meeting = "meet the peer";

template <std::size_t size>
std::string text_of(const std::array<char, size>& from) {
  return {from.data(), strnlen(from.data(), size)};
}

tl::unexpected<Error> refusal_in(const MeetingRecord& record) {
  return make_error(record.code, meeting, "it says: " + text_of(record.text));
}

}  // namespace

Result<void> send_record(int line, const MeetingRecord& record, int passed) {
  MeetingRecord sent = record;
  const std::span<const int> beside(&passed, passed < 0 ? 0 : 1);
  if (RecordMessage(&sent, sizeof sent).send(line, beside) == sizeof record) return {};
  return make_error(ErrorCode::peer_died, meeting, "it hung up");
}

Result<MeetingRecord> receive_record(int line, MonotonicNs deadline, MeetingRecord::Kind expected,
                                     FileDescriptor* passed) {
  for (;;) {
    if (auto readable = await(line, POLLIN, deadline, meeting, "DPDK link"); !readable) {
      return tl::make_unexpected(std::move(readable.error()));
    }
    MeetingRecord record;
    std::array<FileDescriptor, RecordMessage::most_passed> beside;
    const ssize_t got = RecordMessage(&record, sizeof record).receive(line, beside).size_bytes;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return make_error(ErrorCode::peer_died, meeting, "it hung up");
    if (got != sizeof record || record.version != MeetingRecord::known_version) {
      return make_error(ErrorCode::bad_input, meeting, "it speaks another version of this protocol",
                        "run the same xover at both ends");
    }
    if (record.kind == MeetingRecord::Kind::refused) return refusal_in(record);
    if (record.kind != expected) return make_error(ErrorCode::bad_input, meeting, "a record out of order");
    if (passed != nullptr) *passed = std::move(beside[0]);
    return record;
  }
}

tl::unexpected<Error> why_it_hung_up(int line, const std::string& operation) {
  MeetingRecord record;
  std::array<FileDescriptor, RecordMessage::most_passed> beside;
  while (RecordMessage(&record, sizeof record).receive(line, beside).size_bytes == sizeof record) {
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
