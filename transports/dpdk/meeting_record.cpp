// Records over a socket of type SOCK_SEQPACKET, where each is whole or not there, or over a stream, where one may come
// in pieces; of neither is a byte read beyond the record.
#include "transports/dpdk/meeting_record.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "transports/common/record_message.h"
#include "transports/common/sockets.h"
#include "transports/common/timespec.h"

namespace xover {

namespace {

constexpr const char* meeting = "meet the peer";

// What has come of one record.
class RecordReader {
 public:
  enum class State { whole, more, gone };

  // Takes what is there; never waits.
  State read(int line, std::array<FileDescriptor, RecordMessage::most_passed>& passed) {
    auto* const bytes = reinterpret_cast<std::byte*>(&record_);
    for (;;) {
      const ssize_t got =
          RecordMessage(bytes + size_bytes_, sizeof record_ - size_bytes_).receive(line, passed).size_bytes;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return State::more;
      if (got <= 0) return State::gone;
      size_bytes_ += static_cast<std::size_t>(got);
      if (size_bytes_ == sizeof record_) return State::whole;
      if (is_strange()) return State::more;
    }
  }
  // Said as soon as it is known. A record is never short where it comes whole.
  bool is_strange() const {
    return size_bytes_ >= sizeof record_.version && record_.version != MeetingRecord::known_version;
  }
  const MeetingRecord& record() const { return record_; }

 private:
  MeetingRecord record_;
  std::size_t size_bytes_ = 0;
};

// Of another host's words too, so nothing in them is taken on trust.
tl::unexpected<Error> refusal_in(const MeetingRecord& record) {
  const bool known = record.code > ErrorCode::none && record.code <= ErrorCode::internal;
  std::string text = text_of(record.text);
  std::ranges::replace_if(text, [](unsigned char each) { return each < ' ' || each == 0x7f; }, '?');
  return make_error(known ? record.code : ErrorCode::internal, meeting, "it says: " + text);
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
  RecordReader reader;
  std::array<FileDescriptor, RecordMessage::most_passed> beside;
  for (RecordReader::State state = RecordReader::State::more; state != RecordReader::State::whole;) {
    if (auto readable = await(line, POLLIN, deadline, meeting, "DPDK link"); !readable) {
      return tl::make_unexpected(std::move(readable.error()));
    }
    state = reader.read(line, beside);
    if (reader.is_strange()) {
      return make_error(ErrorCode::bad_input, meeting, "it speaks another version of this protocol",
                        "run the same xover at both ends");
    }
    if (state == RecordReader::State::gone) return make_error(ErrorCode::peer_died, meeting, "it hung up");
  }
  const MeetingRecord& record = reader.record();
  if (record.kind == MeetingRecord::Kind::refused) return refusal_in(record);
  if (record.kind != expected) return make_error(ErrorCode::bad_input, meeting, "a record out of order");
  if (passed != nullptr) *passed = std::move(beside[0]);
  return record;
}

tl::unexpected<Error> why_it_hung_up(int line, const std::string& operation) {
  std::array<FileDescriptor, RecordMessage::most_passed> beside;
  for (RecordReader reader; reader.read(line, beside) == RecordReader::State::whole; reader = {}) {
    const MeetingRecord& record = reader.record();
    if (!reader.is_strange() && record.kind == MeetingRecord::Kind::refused) return refusal_in(record);
  }
  return make_error(ErrorCode::peer_died, operation, "it hung up");
}

Result<void> pause_beside(int line, MonotonicNs pause_ns, const std::string& operation) {
  pollfd hung_up{line, POLLRDHUP, 0};  // over TCP one direction ends before the other
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
