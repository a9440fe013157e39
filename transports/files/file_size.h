// Whether files still reach as far as ops say. A file that was cut gives zeros to whoever still reads its last page,
// and no error: only its size tells. A file that was cut and grew again in between is not noticed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <span>

#include "core/transport.h"

namespace xover {

class FileSizes {
 public:
  // False when one of the segments has a file that is shorter now, or cannot be asked. Asks each file once in a row.
  bool reach(std::span<const Segment> segments) noexcept {
    for (const Segment& segment : segments) {
      if (segment.file < 0) continue;
      if (segment.file != file_) ask(segment.file);
      if (segment.file_offset + segment.size_bytes > size_bytes_) return false;
    }
    return true;
  }

 private:
  void ask(int file) noexcept {
    struct stat status{};
    size_bytes_ = fstat(file, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    file_ = file;
  }

  int file_ = -1;
  std::uint64_t size_bytes_ = 0;
};

inline constexpr Failure file_too_short(const char* operation) { return {ErrorCode::internal, 0, operation}; }

}  // namespace xover
