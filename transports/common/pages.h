// Anonymous memory in whole pages, given back to the system when its owner goes.
#pragma once

#include <cstddef>
#include <vector>

#include "core/transport.h"

namespace xover {

class Pages {
 public:
  enum class Fault { now, on_first_touch };

  Pages() = default;
  Pages(Pages&& other) noexcept;
  Pages& operator=(Pages&& other) noexcept;
  ~Pages();

  // At least this much, zeroed, aligned to a page; no_memory when the system has none. Source: mmap(2).
  static Result<Pages> allocate(std::size_t size_bytes, Fault fault);

  std::byte* data() const noexcept { return data_; }
  std::size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
};

// Memory for Session::arena(), faulted in, in one segment; `arenas` owns it.
Result<std::vector<Segment>> add_arena(std::vector<Pages>& arenas, std::size_t size_bytes);

}  // namespace xover
