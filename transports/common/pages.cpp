// mmap and munmap, paired.
#include "transports/common/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "core/units.h"

namespace xover {

Pages::Pages(Pages&& other) noexcept { *this = std::move(other); }

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  return *this;
}

Pages::~Pages() {
  if (data_ != nullptr) munmap(data_, size_bytes_);
}

Result<Pages> Pages::allocate(std::size_t size_bytes, Fault fault) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (size_bytes > SIZE_MAX - page) return make_error(ErrorCode::no_memory, "mmap", format_size(size_bytes));
  Pages pages;
  pages.size_bytes_ = size_bytes == 0 ? page : (size_bytes + page - 1) / page * page;
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (fault == Fault::now ? MAP_POPULATE : MAP_NORESERVE);
  void* memory = mmap(nullptr, pages.size_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) {
    return system_error("mmap", format_size(pages.size_bytes_), "ask for a smaller pool or free memory");
  }
  pages.data_ = static_cast<std::byte*>(memory);
  return pages;
}

Result<std::vector<Segment>> add_arena(std::vector<Pages>& arenas, std::size_t size_bytes) {
  auto pages = Pages::allocate(size_bytes, Pages::Fault::now);
  if (!pages) return tl::make_unexpected(std::move(pages.error()));
  arenas.push_back(std::move(*pages));
  return std::vector<Segment>{{arenas.back().data(), arenas.back().size_bytes()}};
}

}  // namespace xover
