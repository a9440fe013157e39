// What keeps registered pages in memory, as a card's registration does. Three ways, chosen by the link's option `pin`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace xover {

// One thread uses it. pin() and unpin() allocate nothing of their own; the kernel does its work in them.
class PagePinning {
 public:
  virtual ~PagePinning() = default;  // unpins everything

  // Whole pages, in a slot that is free. no_memory with ENOMEM: the limit of locked memory (getrlimit(2),
  // RLIMIT_MEMLOCK) or of memory itself. On failure nothing is pinned.
  virtual Failure pin(std::uint32_t slot, std::span<std::byte> pages) noexcept = 0;
  virtual Failure unpin(std::uint32_t slot, std::span<std::byte> pages) noexcept = 0;
  virtual std::string how() const = 0;  // "pinned by io_uring"
};

// By the option's value; `slots` are numbered from 0 on. `auto` takes io_uring where this process may have one, else
// mlock, and how() says why.
Result<std::unique_ptr<PagePinning>> open_page_pinning(std::string_view choice, std::uint32_t slots);

// The failure of pin() for people: which limit it was and what to do.
Error pinning_error(const Failure& failure, std::size_t size_bytes);

}  // namespace xover
