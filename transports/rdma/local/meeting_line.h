// The line between the two ends of a connection: a Unix socket of type SOCK_SEQPACKET in the abstract name space, which
// leaves no file behind. Over it they meet and pass descriptors; its hanging up is how the death of a process is known.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/error.h"
#include "transports/common/file_descriptor.h"
#include "transports/rdma/fabric.h"

namespace xover {

// Both ends run on one machine, so a record is its bytes.
struct LineRecord {
  enum class Kind : std::uint32_t { hello, welcome, ready, memory, refused };
  static constexpr std::uint32_t known_version = 0x584c4f01;
  static constexpr std::size_t max_hello_bytes = 56;

  std::uint32_t version = known_version;
  Kind kind = Kind::hello;
  // hello and welcome; beside them go the descriptors of the end's page, of the fabric's page, and of its bell if it
  // sleeps
  std::uint64_t end_id = 0, fabric_id = 0;  // SharedMemory::id(), for a peer in the same process
  std::uint64_t end_address = 0;            // of the end's page, in the process that says so
  std::uint32_t receive_slots = 0;
  std::uint32_t sleeps = 0;
  std::uint32_t memories = 0;  // so many records of kind `memory` follow
  std::uint32_t hello_bytes = 0;
  std::array<std::byte, max_hello_bytes> hello{};
  // memory; beside it goes its descriptor. Also said later, when an end has got more; or, with no bytes and no
  // descriptor, when one is gone
  std::uint32_t memory_index = 0;
  std::uint64_t memory_address = 0, memory_bytes = 0;
  // refused
  ErrorCode code = ErrorCode::none;
  std::array<char, 400> text{};
};

struct HeardRecord {
  LineRecord record;
  std::vector<FileDescriptor> passed;
};

class MeetingLine {
 public:
  MeetingLine() = default;
  explicit MeetingLine(FileDescriptor socket) : socket_(std::move(socket)) {}

  // --- control plane
  // A listener of a name that nobody has, and the name. Goes with the descriptor.
  static Result<std::pair<FileDescriptor, std::string>> listen();
  static Result<MeetingLine> connect(const std::string& name, MonotonicNs deadline);
  static Result<MeetingLine> accept(int listener, MonotonicNs deadline);

  // The process at the other end, as this process sees it; not_permitted: it is another user's.
  Result<pid_t> peer_process() const;
  // Waits until the deadline where the peer has not heard what was said before.
  Result<void> say(const LineRecord& record, std::span<const int> passed, MonotonicNs deadline) const;
  // What the peer refused becomes the error that it met. peer_died: it hung up; bad_input: what came is no such record.
  Result<HeardRecord> hear(LineRecord::Kind expected, MonotonicNs deadline) const;
  // Tells the peer, as far as it listens.
  void refuse(ErrorCode code, const std::string& text) const;

  // --- data plane; a system call each
  enum class Heard : std::uint8_t { nothing, record, hung_up };
  // `passed` becomes the descriptor beside the record.
  Heard hear_now(LineRecord& record, FileDescriptor& passed) const noexcept;
  bool has_hung_up() const noexcept;

  int fd() const noexcept { return socket_.get(); }
  explicit operator bool() const noexcept { return static_cast<bool>(socket_); }
  void close() noexcept { socket_.close(); }

 private:
  FileDescriptor socket_;
};

}  // namespace xover
