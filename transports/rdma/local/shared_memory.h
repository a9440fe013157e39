// Memory that two processes can map, without a file: memfd_create(2). Within one process there is one mapping, which
// both ends share, so that what they exchange has one address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class SharedMemory {
 public:
  // At least this much, zeroed, faulted in, in small pages. `name` is for /proc/PID/maps.
  static Result<std::shared_ptr<SharedMemory>> create(const char* name, std::size_t size_bytes);
  // What another process has created, of which this much is needed; bad_input when it is smaller.
  static Result<std::shared_ptr<SharedMemory>> map(FileDescriptor memory, std::size_t size_bytes);
  // What this process has created; null: gone. Takes a lock.
  static std::shared_ptr<SharedMemory> find(std::uint64_t id);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }
  int fd() const noexcept { return memory_.get(); }
  std::uint64_t id() const noexcept { return id_; }  // of this process; 0: mapped from another one

 private:
  SharedMemory() = default;
  Result<void> map_pages();

  FileDescriptor memory_;
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  std::uint64_t id_ = 0;
};

}  // namespace xover
