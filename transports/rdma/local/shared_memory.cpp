// memfd_create, ftruncate and mmap, and who has what in this process.
#include "transports/rdma/local/shared_memory.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <utility>

#include "core/units.h"

namespace xover {

namespace {

struct Created {
  std::mutex mutex;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::weak_ptr<SharedMemory>> memories;
};

Created& created() {
  static Created all;
  return all;
}

constexpr const char* less_memory = "ask for less, or free memory";

}  // namespace

Result<void> SharedMemory::map_pages() {
  void* const pages = mmap(nullptr, size_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory_.get(), 0);
  if (pages == MAP_FAILED) return system_error("mmap", format_size(size_bytes_) + " of shared memory", less_memory);
  data_ = static_cast<std::byte*>(pages);
  return {};
}

Result<std::shared_ptr<SharedMemory>> SharedMemory::create(const char* name, std::size_t size_bytes) {
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (size_bytes > PTRDIFF_MAX - page_bytes) return make_error(ErrorCode::no_memory, "memfd_create", less_memory);
  std::shared_ptr<SharedMemory> memory(new SharedMemory);
  memory->memory_ = FileDescriptor(memfd_create(name, MFD_CLOEXEC));
  if (!memory->memory_) return system_error("memfd_create", name);
  memory->size_bytes_ = (size_bytes + page_bytes - 1) / page_bytes * page_bytes;
  if (ftruncate(memory->memory_.get(), static_cast<off_t>(memory->size_bytes_)) != 0) {
    return system_error("ftruncate", format_size(memory->size_bytes_) + " of shared memory", less_memory);
  }
  if (auto mapped = memory->map_pages(); !mapped) return tl::make_unexpected(std::move(mapped.error()));
  Created& all = created();
  const std::lock_guard lock(all.mutex);
  memory->id_ = ++all.last_id;
  all.memories.emplace(memory->id_, memory);
  return memory;
}

Result<std::shared_ptr<SharedMemory>> SharedMemory::map(FileDescriptor memory, std::size_t size_bytes) {
  struct stat file{};
  if (fstat(memory.get(), &file) != 0) return system_error("fstat", "shared memory of the peer");
  if (file.st_size < 0 || static_cast<std::size_t>(file.st_size) < size_bytes) {
    return make_error(ErrorCode::bad_input, "mmap", "the peer's shared memory is too small");
  }
  std::shared_ptr<SharedMemory> mapping(new SharedMemory);
  mapping->memory_ = std::move(memory);
  mapping->size_bytes_ = size_bytes;
  if (auto mapped = mapping->map_pages(); !mapped) return tl::make_unexpected(std::move(mapped.error()));
  mapping->memory_.close();
  return mapping;
}

std::shared_ptr<SharedMemory> SharedMemory::find(std::uint64_t id) {
  Created& all = created();
  const std::lock_guard lock(all.mutex);
  const auto found = all.memories.find(id);
  return found == all.memories.end() ? nullptr : found->second.lock();
}

SharedMemory::~SharedMemory() {
  if (id_ != 0) {
    Created& all = created();
    const std::lock_guard lock(all.mutex);
    all.memories.erase(id_);
  }
  if (data_ != nullptr) munmap(data_, size_bytes_);
}

}  // namespace xover
