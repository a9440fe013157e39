// Where a registration cache hears that registered memory was unmapped, moved or dropped. userfaultfd_source.h is the
// one of real use; tests have their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/error.h"

namespace xover {

// Whole pages by number: address divided by the page size. `end` is the first page behind. Has no initial values: the
// data plane keeps arrays of them.
struct PageRange {
  std::uint64_t first, end;

  bool operator==(const PageRange&) const = default;
  bool empty() const noexcept { return first >= end; }
  std::uint64_t count() const noexcept { return end - first; }
  bool contains(const PageRange& other) const noexcept { return first <= other.first && other.end <= end; }
  bool overlaps(const PageRange& other) const noexcept { return first < other.end && other.first < end; }
};

// All calls are made by the thread that owns the cache.
class InvalidationSource {
 public:
  virtual ~InvalidationSource() = default;

  // From its return until unwatch(), whatever happens to these pages is told by take(): all that happened before the
  // call that made it happen (munmap, mremap, madvise) returned. Pages may be watched already, in part or all.
  // A failure means that this memory cannot be watched.
  virtual Failure watch(PageRange pages) noexcept = 0;
  // Pages that no region needs watched any more. They may be unmapped, or be other memory by now.
  virtual void unwatch(PageRange pages) noexcept = 0;

  struct Told {
    std::size_t count = 0;  // ranges written to `out`
    bool lost = false;      // something was told since the last call that is in no range of this or a later one
  };
  // Moves out what was told since the last call; a full `out` means that there may be more. Page ranges may be larger
  // than what is watched, may repeat, and may meet memory that is no longer watched.
  virtual Told take(std::span<PageRange> out) noexcept = 0;
};

}  // namespace xover
