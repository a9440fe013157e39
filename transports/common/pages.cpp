// mmap and munmap, paired; madvise, and what became of it.
#include "transports/common/pages.h"

#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "core/units.h"

namespace xover {

namespace {

constexpr const char* less_memory = "ask for a smaller pool or free memory";

std::size_t page_bytes() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

std::size_t rounded_up(std::size_t size_bytes, std::size_t multiple) {
  return (std::max<std::size_t>(size_bytes, 1) + multiple - 1) / multiple * multiple;
}

tl::unexpected<Error> no_huge_pages(std::size_t size_bytes, std::size_t transparent_bytes) {
  return make_error(ErrorCode::no_memory, "mmap",
                    format_size(size_bytes) + " in huge pages: of transparent ones there were " +
                        format_size(transparent_bytes) + ", and too few are set aside",
                    "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, or sysctl vm.nr_hugepages=" +
                        std::to_string(size_bytes / huge_page_bytes));
}

std::string smaps_of_this_process() {
  std::ifstream file("/proc/self/smaps");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// "AnonHugePages:      2048 kB"
std::size_t kilobytes_in(const std::string& line) {
  const auto digit = line.find_first_of("0123456789");
  std::size_t kilobytes = 0;
  if (digit != std::string::npos) std::from_chars(line.data() + digit, line.data() + line.size(), kilobytes);
  return kilobytes;
}

}  // namespace

std::size_t huge_bytes_in(const std::string& smaps, const void* address) {
  std::ostringstream begin;
  begin << std::hex << reinterpret_cast<std::uintptr_t>(address) << '-';
  std::istringstream lines(smaps);
  std::size_t bytes = 0;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const bool head = line.find('-') < line.find(' ');  // addresses; the others are a name, a colon and a value
    if (head && inside) break;
    if (head) inside = line.starts_with(begin.str());
    if (inside && line.starts_with("AnonHugePages:")) bytes += kilobytes_in(line) << 10;
  }
  return bytes;
}

Pages::Pages(Pages&& other) noexcept { *this = std::move(other); }

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapping_bytes_, other.mapping_bytes_);
  return *this;
}

Pages::~Pages() {
  if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
}

Result<Pages> Pages::allocate(std::size_t size_bytes, Fault fault) {
  if (size_bytes > SIZE_MAX - page_bytes()) return make_error(ErrorCode::no_memory, "mmap", format_size(size_bytes));
  Pages pages;
  pages.size_bytes_ = pages.mapping_bytes_ = rounded_up(size_bytes, page_bytes());
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | (fault == Fault::now ? MAP_POPULATE : MAP_NORESERVE);
  void* memory = mmap(nullptr, pages.size_bytes_, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) return system_error("mmap", format_size(pages.size_bytes_), less_memory);
  pages.mapping_ = memory;
  pages.data_ = static_cast<std::byte*>(memory);
  return pages;
}

Result<Pages> Pages::allocate(std::size_t size_bytes, PageKind kind) {
  switch (kind) {
    case PageKind::system: break;
    case PageKind::small: return allocate_small(size_bytes);
    case PageKind::huge: return allocate_huge(size_bytes);
  }
  return allocate(size_bytes, Fault::now);
}

Result<Pages> Pages::allocate_small(std::size_t size_bytes) {
  auto pages = allocate(size_bytes, Fault::on_first_touch);
  if (!pages) return pages;
  // Refused where the kernel has no transparent huge pages: then its pages are small.
  (void)!madvise(pages->data_, pages->size_bytes_, MADV_NOHUGEPAGE);
  pages->touch(page_bytes());
  return pages;
}

Result<Pages> Pages::allocate_huge(std::size_t size_bytes) {
  if (size_bytes > SIZE_MAX - 3 * huge_page_bytes) {
    return make_error(ErrorCode::no_memory, "mmap", format_size(size_bytes));
  }
  const std::size_t wanted_bytes = rounded_up(size_bytes, huge_page_bytes);
  std::size_t found_bytes = 0;
  {
    auto pages = transparent_huge(wanted_bytes);
    if (!pages) return pages;
    found_bytes = huge_bytes_in(smaps_of_this_process(), pages->data_);
    if (found_bytes >= wanted_bytes) return pages;
  }
  return set_aside(wanted_bytes, found_bytes);
}

// Between pages that nobody may touch: beside another mapping it could become one with it, and the kernel would tell
// of both together.
Result<Pages> Pages::transparent_huge(std::size_t size_bytes) {
  Pages pages;
  const std::size_t mapping_bytes = size_bytes + 2 * huge_page_bytes;
  void* memory = mmap(nullptr, mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return system_error("mmap", format_size(size_bytes), less_memory);
  pages.mapping_ = memory;
  pages.mapping_bytes_ = mapping_bytes;
  const auto start = reinterpret_cast<std::uintptr_t>(memory);
  pages.data_ = static_cast<std::byte*>(memory) + (rounded_up(start + 1, huge_page_bytes) - start);
  pages.size_bytes_ = size_bytes;
  if (mprotect(pages.data_, size_bytes, PROT_READ | PROT_WRITE) != 0) {
    return system_error("mprotect", format_size(size_bytes), less_memory);
  }
  // Where the kernel knows no such advice there is nothing to be faulted in for.
  if (madvise(pages.data_, size_bytes, MADV_HUGEPAGE) == 0) pages.touch(page_bytes());
  return pages;
}

Result<Pages> Pages::set_aside(std::size_t size_bytes, std::size_t transparent_bytes) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB;
  void* memory = mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (memory == MAP_FAILED) return no_huge_pages(size_bytes, transparent_bytes);
  Pages pages;
  pages.mapping_ = memory;
  pages.data_ = static_cast<std::byte*>(memory);
  pages.size_bytes_ = pages.mapping_bytes_ = size_bytes;
  pages.touch(huge_page_bytes);
  return pages;
}

void Pages::touch(std::size_t each_bytes) noexcept {
  for (std::size_t at = 0; at < size_bytes_; at += each_bytes) {
    *const_cast<volatile std::byte*>(data_ + at) = std::byte{0};
  }
}

Result<std::vector<Segment>> add_arena(std::vector<Pages>& arenas, std::size_t size_bytes, PageKind kind) {
  auto pages = Pages::allocate(size_bytes, kind);
  if (!pages) return tl::make_unexpected(std::move(pages.error()));
  arenas.push_back(std::move(*pages));
  return std::vector<Segment>{{arenas.back().data(), arenas.back().size_bytes()}};
}

}  // namespace xover
