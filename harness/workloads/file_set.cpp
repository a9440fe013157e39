// Writing the files, keeping them warm or cold, and finding out whether somebody touched them.
#include "harness/workloads/file_set.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "core/payload.h"
#include "core/units.h"
#include "harness/workloads/file_mix.h"
#include "transports/common/pages.h"

namespace xover {

namespace {

constexpr std::size_t scratch_bytes = 1 << 20;
constexpr std::size_t page_bytes = 4096;
constexpr rlim_t other_descriptors = 512;  // beside the files: sockets, rings, libraries

// Long ago, so that whoever writes to a file moves its time, however coarse the clock of the file system is.
constexpr timespec time_of_writing{1'000'000'000, 0};

// statfs(2), linux/magic.h
constexpr std::array<std::pair<long, std::string_view>, 10> file_systems{{{0xef53, "ext4"},
                                                                          {0x58465342, "xfs"},
                                                                          {0x9123683e, "btrfs"},
                                                                          {0xf2f52010, "f2fs"},
                                                                          {0x2fc12fc1, "zfs"},
                                                                          {0x6969, "nfs"},
                                                                          {0x794c7630, "overlay"},
                                                                          {0x01021994, "tmpfs"},
                                                                          {0x858458f6, "ramfs"},
                                                                          {0x958458f6, "hugetlbfs"}}};

std::string file_system_of(int descriptor) {
  struct statfs system{};
  if (fstatfs(descriptor, &system) != 0) return "unknown";
  const auto type = static_cast<long>(static_cast<std::uint32_t>(system.f_type));
  const auto found = std::ranges::find(file_systems, type, &std::pair<long, std::string_view>::first);
  return found == file_systems.end() ? fmt::format("{:#x}", type) : std::string(found->second);
}

bool is_memory_alone(std::string_view file_system) {
  return file_system == "tmpfs" || file_system == "ramfs" || file_system == "hugetlbfs";
}

tl::unexpected<Error> cannot_be_cold(const std::string& directory, std::string_view file_system) {
  return make_error(
      ErrorCode::unsupported, "cache cold",
      fmt::format("{}: files on {} have nothing behind the page cache, so they are never cold", directory, file_system),
      "name a directory on a disk with --directory, or use --cache warm");
}

std::string remedy_of(int errno_value) {
  if (errno_value == ENOSPC || errno_value == EDQUOT || errno_value == EFBIG)
    return "make room, or use a smaller --pool or another --directory";
  if (errno_value == EMFILE || errno_value == ENFILE)
    return "raise the limit of open files (ulimit -n), or use a smaller --pool or a larger --size";
  return "choose another place with --directory";
}

tl::unexpected<Error> file_error(const char* operation, const std::string& path) {
  const int errno_value = errno;
  const std::string remedy = remedy_of(errno_value);
  errno = errno_value;
  return system_error(operation, path, remedy);
}

void allow_open_files(std::size_t files) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= files + other_descriptors) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, files + other_descriptors);
  setrlimit(RLIMIT_NOFILE, &limit);
}

bool same(const timespec& a, const timespec& b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

}  // namespace

Result<std::unique_ptr<FileSet>> FileSet::make(const Point& point) {
  auto directory = FileDirectory::make(point.directory);
  if (!directory) return tl::make_unexpected(directory.error());
  std::unique_ptr<FileSet> set(new FileSet);
  set->directory_ = std::move(*directory);
  const std::string file_system = file_system_of(set->directory_.descriptor());
  if (point.cache == PageCache::cold && is_memory_alone(file_system))
    return cannot_be_cold(point.directory, file_system);
  if (auto written = set->write_all(point); !written) return tl::make_unexpected(written.error());
  return set;
}

FileSet::~FileSet() {
  for (const File& file : files_)
    if (file.first_page != nullptr) munmap(file.first_page, page_bytes);
}

std::string FileSet::path(std::uint32_t file) const { return fmt::format("{}/{:05}", directory(), file); }

Result<void> FileSet::write_all(const Point& point) {
  auto pages = Pages::allocate(scratch_bytes, Pages::Fault::now);
  if (!pages) return tl::make_unexpected(pages.error());
  const std::span<std::byte> scratch(pages->data(), scratch_bytes);
  const std::vector<std::uint64_t> sizes = file_sizes(point);
  allow_open_files(sizes.size());
  files_.resize(sizes.size());
  for (std::uint32_t file = 0; file < sizes.size(); ++file)
    if (auto written = write_one(file, sizes[file], scratch); !written) return written;
  return point.cache == PageCache::cold ? make_cold() : make_warm(scratch);
}

Result<void> FileSet::write_one(std::uint32_t file, std::uint64_t size_bytes, std::span<std::byte> scratch) {
  File& made = files_[file];
  made.descriptor = FileDescriptor(open(path(file).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.descriptor) return file_error("make a file", path(file));
  const int descriptor = made.descriptor.get();
  for (std::uint64_t at = 0; at < size_bytes;) {
    const auto part = scratch.first(std::min<std::uint64_t>(scratch.size(), size_bytes - at));
    fill_payload(part, file_seed(file), at);
    const ssize_t wrote = pwrite(descriptor, part.data(), part.size(), static_cast<off_t>(at));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return file_error("write a file", fmt::format("{}, {}", path(file), format_size(size_bytes)));
    at += static_cast<std::uint64_t>(wrote);
  }
  const std::array times{time_of_writing, time_of_writing};
  struct stat status{};
  if (futimens(descriptor, times.data()) != 0 || fstat(descriptor, &status) != 0)
    return file_error("set the time of a file", path(file));
  made.written = state_of(status);
  made.segment = {nullptr, size_bytes, descriptor, 0};
  void* page = mmap(nullptr, page_bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (page == MAP_FAILED) return file_error("map a file", path(file));
  made.first_page = page;
  return {};
}

// Dirty pages cannot be dropped. All files are set on their way to the disk before the first is waited for.
Result<void> FileSet::make_cold() const {
  for (const File& file : files_) sync_file_range(file.descriptor.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  for (std::uint32_t file = 0; file < files_.size(); ++file)
    if (fdatasync(files_[file].descriptor.get()) != 0) return file_error("write back a file", path(file));
  for (std::uint32_t file = 0; file < files_.size(); ++file)
    if (drop_from_cache(file)) return {};
  return cannot_be_cold(directory(), file_system_of(directory_.descriptor()));
}

Result<void> FileSet::make_warm(std::span<std::byte> scratch) const {
  for (std::uint32_t file = 0; file < files_.size(); ++file) {
    for (std::uint64_t at = 0; at < size_bytes(file);) {
      const ssize_t got = pread(files_[file].descriptor.get(), scratch.data(), scratch.size(), static_cast<off_t>(at));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return file_error("read a file", path(file));
      at += static_cast<std::uint64_t>(got);
    }
  }
  return {};
}

bool FileSet::drop_from_cache(std::uint32_t file) const noexcept {
  posix_fadvise(files_[file].descriptor.get(), 0, 0, POSIX_FADV_DONTNEED);
  return !first_page_cached(file);
}

// mincore(2) only looks. A read with RWF_NOWAIT would tell too, but sets the kernel off to read the file's first pages,
// and so would change what is measured.
bool FileSet::first_page_cached(std::uint32_t file) const noexcept {
  unsigned char resident = 0;
  return mincore(files_[file].first_page, page_bytes, &resident) == 0 && (resident & 1) != 0;
}

std::vector<Fact> FileSet::facts() const {
  std::uint64_t total_bytes = 0, largest_bytes = 0;
  for (const File& file : files_) {
    total_bytes += file.segment.size_bytes;
    largest_bytes = std::max<std::uint64_t>(largest_bytes, file.segment.size_bytes);
  }
  return {{"files", fmt::format("{}", files_.size())},
          {"files_total_bytes", fmt::format("{}", total_bytes)},
          {"largest_file_bytes", fmt::format("{}", largest_bytes)},
          {"file_system", file_system_of(directory_.descriptor())}};
}

FileSet::State FileSet::state_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim};
}

Result<void> FileSet::unchanged() const {
  for (std::uint32_t file = 0; file < files_.size(); ++file)
    if (auto as_written = compare(file); !as_written) return as_written;
  return {};
}

Result<void> FileSet::compare(std::uint32_t file) const {
  const State& written = files_[file].written;
  const auto changed = [&](std::string what) {
    return make_error(ErrorCode::internal, "serve files",
                      fmt::format("{}: {} while it was served", path(file), std::move(what)),
                      "leave the directory alone while xover runs");
  };
  struct stat status{};
  if (fstat(files_[file].descriptor.get(), &status) != 0) return file_error("look at a file", path(file));
  const State held = state_of(status);
  if (held.size_bytes != written.size_bytes)
    return changed(fmt::format("went from {} to {} bytes", written.size_bytes, held.size_bytes));
  if (!same(held.modified, written.modified)) return changed("was written to");
  if (lstat(path(file).c_str(), &status) != 0) {
    if (errno == ENOENT) return changed("was removed");
    return file_error("look at a file", path(file));
  }
  const State named = state_of(status);
  if (named.inode != written.inode || named.device != written.device) return changed("was replaced by another file");
  return {};
}

}  // namespace xover
