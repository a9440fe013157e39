// Anonymous memory in whole pages, given back to the system when its owner goes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/transport.h"

namespace xover {

inline constexpr std::size_t huge_page_bytes = std::size_t{2} << 20;

// How much of the mapping that begins at `address` is made of transparent huge pages, by the text of /proc/self/smaps
// (proc(5), AnonHugePages). 0 also where there is no such mapping.
std::size_t huge_bytes_in(const std::string& smaps, const void* address);

class Pages {
 public:
  enum class Fault { now, on_first_touch };

  Pages() = default;
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;
  ~Pages();

  // At least this much, zeroed, aligned to a page; no_memory when the system has none. Source: mmap(2).
  static Result<Pages> allocate(std::size_t size_bytes, Fault fault);
  // Faulted in, of this kind, in whole pages of it. Huge pages are looked for where the memory says it has them, not
  // where it was asked for them: first transparent ones, then those set aside (madvise(2), MAP_HUGETLB). no_memory, and
  // how to get some, where neither gives them.
  static Result<Pages> allocate(std::size_t size_bytes, PageKind kind);

  std::byte* data() const noexcept { return data_; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  static Result<Pages> allocate_small(std::size_t size_bytes);
  static Result<Pages> allocate_huge(std::size_t size_bytes);
  static Result<Pages> transparent_huge(std::size_t size_bytes);  // if the kernel has any
  static Result<Pages> set_aside(std::size_t size_bytes, std::size_t transparent_bytes);
  void touch(std::size_t each_bytes) noexcept;

  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  void* mapping_ = nullptr;  // what munmap takes: around data_
  std::size_t mapping_bytes_ = 0;
};

// Memory for Session::arena(), faulted in, in one segment; `arenas` owns it.
Result<std::vector<Segment>> add_arena(std::vector<Pages>& arenas, std::size_t size_bytes, PageKind kind);

}  // namespace xover
