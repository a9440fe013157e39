// Memory that is also a file: a memfd and its shared mapping, so that an op can give both, the address and the range.
#pragma once

#include <cstddef>

#include "core/transport.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class FileArena {
 public:
  FileArena(FileArena&& other) noexcept;
  FileArena& operator=(FileArena&& other) = delete;
  ~FileArena();

  // At least this much in whole pages, zeroed and faulted in. Source: memfd_create(2), mmap(2).
  // `kind` is system or small.
  static Result<FileArena> make(std::size_t size_bytes, PageKind kind = PageKind::system);

  Segment segment() const noexcept;

 private:
  FileArena() = default;

  FileDescriptor file_;
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

}  // namespace xover
