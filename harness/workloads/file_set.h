// The files that a server of workload `file` serves: real ones, in a directory of their own, held open, and taken away
// with it. Made and removed on the control plane; contents() and drop_from_cache() are data plane and may be used by
// several workers at once.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/transport.h"
#include "harness/experiment/point.h"
#include "harness/workloads/file_directory.h"
#include "transports/common/file_descriptor.h"

namespace xover {

class FileSet {
 public:
  // Writes file_sizes(point) into a new directory under the point's, each filled from its file_seed(). Cold points:
  // written back, and refused where files have nothing behind the page cache. Warm points: read once.
  static Result<std::unique_ptr<FileSet>> make(const Point& point);
  ~FileSet();  // removes them
  FileSet(const FileSet&) = delete;
  FileSet& operator=(const FileSet&) = delete;

  std::size_t count() const { return files_.size(); }
  std::uint64_t size_bytes(std::uint32_t file) const { return files_[file].segment.size_bytes; }
  // One segment, a file range without memory; as long as the set lives.
  std::span<const Segment> contents(std::uint32_t file) const { return {&files_[file].segment, 1}; }
  std::string path(std::uint32_t file) const;
  const std::string& directory() const { return directory_.path(); }
  std::vector<Fact> facts() const;

  // Asks the kernel to forget the file's pages, posix_fadvise(2); false when its first page was cached all the same.
  bool drop_from_cache(std::uint32_t file) const noexcept;

  // An error when a file is no longer what was written, by its path and by its descriptor: which, and what happened.
  Result<void> unchanged() const;

 private:
  // What tells one state of a file from another.
  struct State {
    dev_t device = 0;
    ino_t inode = 0;
    std::int64_t size_bytes = 0;
    timespec modified{};
  };
  struct File {
    Segment segment;
    FileDescriptor descriptor;
    void* first_page = nullptr;  // mapped for mincore(2) alone, never touched
    State written;
  };

  FileSet() = default;
  Result<void> write_all(const Point& point);
  Result<void> write_one(std::uint32_t file, std::uint64_t size_bytes, std::span<std::byte> scratch);
  Result<void> make_cold() const;
  Result<void> make_warm(std::span<std::byte> scratch) const;
  bool first_page_cached(std::uint32_t file) const noexcept;
  Result<void> compare(std::uint32_t file) const;
  static State state_of(const struct stat& status);

  FileDirectory directory_;
  std::vector<File> files_;
};

}  // namespace xover
