// memfd_create, ftruncate and mmap, paired with munmap.
#include "transports/files/file_arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/units.h"

namespace xover {

FileArena::FileArena(FileArena&& other) noexcept
    : file_(std::move(other.file_)),
      data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

FileArena::~FileArena() {
  if (data_ != nullptr) munmap(data_, size_bytes_);
}

Result<FileArena> FileArena::make(std::size_t size_bytes, PageKind kind) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::string size_text = format_size(size_bytes);
  if (size_bytes > PTRDIFF_MAX - page) return make_error(ErrorCode::no_memory, "memfd_create", size_text);
  FileArena arena;
  arena.size_bytes_ = (std::max<std::size_t>(size_bytes, 1) + page - 1) / page * page;
  arena.file_ = FileDescriptor(memfd_create("xover-arena", MFD_CLOEXEC));
  if (!arena.file_) return system_error("memfd_create", size_text);
  if (ftruncate(arena.file_.get(), static_cast<off_t>(arena.size_bytes_)) != 0) {
    return system_error("ftruncate", size_text, "ask for a smaller pool");
  }
  void* memory = mmap(nullptr, arena.size_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, arena.file_.get(), 0);
  if (memory == MAP_FAILED) return system_error("mmap", size_text, "ask for a smaller pool or free memory");
  arena.data_ = static_cast<std::byte*>(memory);
  // Refused where the kernel has no transparent huge pages: then its pages are small.
  if (kind == PageKind::small) (void)!madvise(memory, arena.size_bytes_, MADV_NOHUGEPAGE);
  for (std::size_t at = 0; at < arena.size_bytes_; at += page) {
    *const_cast<volatile std::byte*>(arena.data_ + at) = std::byte{0};
  }
  return arena;
}

Segment FileArena::segment() const noexcept { return {data_, size_bytes_, file_.get(), 0}; }

}  // namespace xover
