// A pipe through which pages go by reference: its two ends, never blocking, and the size that the kernel granted.
#pragma once

#include <cstddef>

#include "core/error.h"
#include "transports/common/file_descriptor.h"

namespace xover {

struct Pipe {
  FileDescriptor read_end, write_end;
  std::size_t size_bytes = 0;

  // F_SETPIPE_SZ in fcntl(2): rounded up to pages, a power of two of them. Without privilege at most
  // fs.pipe-max-size, and the user's pipes at most fs.pipe-user-pages-soft pages together.
  static Result<Pipe> make(std::size_t size_bytes);
};

}  // namespace xover
