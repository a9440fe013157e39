// A range that is wanted again, in whole or in part, counts one more user of each piece that it meets, and only the
// gaps between these are new to DPDK. Pieces are never cut, so dropping the range finds the same pieces.

// rte_dev_dma_map, in DPDK since 18.02, still counts as experimental there.
#define ALLOW_EXPERIMENTAL_API
#include "transports/dpdk/external_memory.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <string>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_memory.h>

#include "core/units.h"
#include "transports/dpdk/eal.h"
#include "transports/dpdk/mbuf_pool.h"

namespace xover {

namespace {

int positive_errno(int result) { return result == 0 ? 0 : std::max(rte_errno, 1); }

int tell_dpdk(std::span<std::byte> pages, int) {
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return positive_errno(rte_extmem_register(pages.data(), pages.size(), nullptr, 0, page_bytes));
}

int untell_dpdk(std::span<std::byte> pages, int) {
  return positive_errno(rte_extmem_unregister(pages.data(), pages.size()));
}

int map_for_device(std::span<std::byte> pages, int port) {
  rte_eth_dev_info device{};
  if (const int refused = rte_eth_dev_info_get(static_cast<std::uint16_t>(port), &device); refused != 0)
    return -refused;
  const auto address = reinterpret_cast<std::uint64_t>(pages.data());
  return positive_errno(rte_dev_dma_map(device.device, pages.data(), address, pages.size()));
}

int unmap_for_device(std::span<std::byte> pages, int port) {
  rte_eth_dev_info device{};
  if (const int refused = rte_eth_dev_info_get(static_cast<std::uint16_t>(port), &device); refused != 0)
    return -refused;
  const auto address = reinterpret_cast<std::uint64_t>(pages.data());
  return positive_errno(rte_dev_dma_unmap(device.device, pages.data(), address, pages.size()));
}

// Of the process.
struct Registered {
  std::mutex mutex;
  CountedRanges ranges{tell_dpdk, untell_dpdk, -1};
};

Registered& registered() {
  static Registered all;
  return all;
}

bool no_room(int errno_value) { return errno_value == ENOMEM || errno_value == ENOSPC || errno_value == EDQUOT; }

}  // namespace

// --- ranges

std::map<std::byte*, CountedRanges::Range>::iterator CountedRanges::first_reaching(std::byte* start) {
  auto at = ranges_.upper_bound(start);
  if (at != ranges_.begin() && std::prev(at)->second.end > start) --at;
  return at;
}

int CountedRanges::add(std::span<std::byte> pages) {
  std::byte* at = pages.data();
  std::byte* const end = at + pages.size();
  for (auto next = first_reaching(at); at < end;) {
    if (next != ranges_.end() && next->first <= at) {
      ++next->second.users;
      at = next->second.end;
      ++next;
      continue;
    }
    std::byte* const gap_end = next == ranges_.end() ? end : std::min(end, next->first);
    if (const int refused = add_({at, gap_end}, port_); refused != 0) {
      drop({pages.data(), at});
      return refused;
    }
    ranges_.emplace_hint(next, at, Range{gap_end, 1});
    at = gap_end;
  }
  return 0;
}

int CountedRanges::remove(std::span<std::byte> pages) { return drop(pages); }

int CountedRanges::drop(std::span<std::byte> pages) {
  int failed = 0;
  std::byte* const end = pages.data() + pages.size();
  for (auto at = first_reaching(pages.data()); at != ranges_.end() && at->first < end;) {
    if (--at->second.users != 0) {
      ++at;
      continue;
    }
    if (const int refused = remove_({at->first, at->second.end}, port_); refused != 0) failed = refused;
    at = ranges_.erase(at);
  }
  return failed;
}

// --- one session

ExternalMemory::ExternalMemory(int port, std::size_t holds)
    : mapped_(map_for_device, unmap_for_device, port), maps_(port >= 0), holds_(holds) {
  for (std::size_t i = holds; i > 0; --i) {
    holds_[i - 1].next = free_hold_;
    free_hold_ = static_cast<std::uint32_t>(i - 1);
  }
}

Result<std::unique_ptr<ExternalMemory>> ExternalMemory::open(const RegistrationSettings& settings, int port,
                                                             std::size_t ops) {
  // Room for one op with a region for each of its fields, and for a few regions of all others.
  const std::size_t holds = static_cast<std::size_t>(most_regions) + 4 * std::min<std::size_t>(ops, 65536);
  std::unique_ptr<ExternalMemory> memory(new ExternalMemory(port, holds));
  auto cache = RegistrationCache::open(*memory, settings);
  if (!cache) return tl::make_unexpected(cache.error());
  memory->cache_ = std::move(*cache);
  return memory;
}

ExternalMemory::~ExternalMemory() {
  cache_.reset();
  for (const auto& arena : arenas_) remove({arena->data(), arena->size_bytes()});
}

int ExternalMemory::add(std::span<std::byte> pages) {
  {
    const std::scoped_lock lock(registered().mutex);
    if (const int refused = registered().ranges.add(pages); refused != 0) return refused;
  }
  if (!maps_) return 0;
  const int refused = mapped_.add(pages);
  if (refused == 0) return 0;
  const std::scoped_lock lock(registered().mutex);
  registered().ranges.remove(pages);
  return refused;
}

int ExternalMemory::remove(std::span<std::byte> pages) {
  const int refused = maps_ ? mapped_.remove(pages) : 0;
  const std::scoped_lock lock(registered().mutex);
  const int forgotten = registered().ranges.remove(pages);
  return refused != 0 ? refused : forgotten;
}

Result<std::vector<Segment>> ExternalMemory::arena(std::size_t size_bytes, PageKind kind) {
  auto pages = Pages::allocate(size_bytes, kind);
  if (!pages) return tl::make_unexpected(pages.error());
  auto arena = std::make_shared<Pages>(std::move(*pages));
  if (const int refused = add({arena->data(), arena->size_bytes()}); refused != 0) {
    return make_error(no_room(refused) ? ErrorCode::no_memory : code_of_errno(refused), registering(),
                      format_size(arena->size_bytes()) + ": " + rte_strerror(refused) + " " + take_eal_messages(),
                      maps_ ? dma_mapping_remedy : "ask for fewer and larger arenas, or a smaller cache_regions");
  }
  arenas_.push_back(arena);
  return std::vector<Segment>{{arena->data(), arena->size_bytes()}};
}

bool ExternalMemory::in_arena(const Segment& segment) noexcept {
  for (std::size_t tried = 0; tried < arenas_.size(); ++tried) {
    const Pages& pages = *arenas_[last_found_];
    // As unsigned distances, so that what lies before the arena is far behind its end.
    const auto offset = reinterpret_cast<std::uintptr_t>(segment.data) - reinterpret_cast<std::uintptr_t>(pages.data());
    if (offset < pages.size_bytes()) return true;
    last_found_ = last_found_ + 1 < arenas_.size() ? last_found_ + 1 : 0;
  }
  return false;
}

Failure ExternalMemory::hold(const Segment& segment, Holds& holds) noexcept {
  if (in_arena(segment)) return {};
  for (std::uint32_t at = holds.first; at != UINT32_MAX; at = holds_[at].next) {
    const RegistrationCache::Use& held = holds_[at].use;
    if (segment.data >= held.start && segment.data + segment.size_bytes <= held.start + held.size_bytes) return {};
  }
  if (free_hold_ == UINT32_MAX) return {ErrorCode::no_memory, EAGAIN, "registered memory"};
  const auto use = cache_->acquire({segment.data, segment.size_bytes});
  if (!use) return use.error();
  const std::uint32_t taken = free_hold_;
  free_hold_ = holds_[taken].next;
  holds_[taken] = {*use, holds.first};
  holds.first = taken;
  return {};
}

void ExternalMemory::release(Holds& holds) noexcept {
  while (holds.first != UINT32_MAX) {
    const std::uint32_t given = holds.first;
    cache_->release(holds_[given].use);
    holds.first = holds_[given].next;
    holds_[given].next = free_hold_;
    free_hold_ = given;
  }
}

tl::expected<std::uint64_t, Failure> ExternalMemory::register_pages(std::span<std::byte> pages) noexcept {
  const int refused = add(pages);
  if (refused != 0) {
    return tl::make_unexpected(no_room(refused) ? Failure{ErrorCode::no_memory, ENOMEM, registering()}
                                                : failure_of_errno(refused, registering()));
  }
  const std::uint64_t handle = next_handle_++;
  registered_.emplace(handle, pages);
  return handle;
}

Failure ExternalMemory::deregister(std::uint64_t handle) noexcept {
  const auto found = registered_.find(handle);
  const int refused = remove(found->second);
  registered_.erase(found);
  return refused == 0 ? Failure{} : failure_of_errno(refused, "rte_extmem_unregister");
}

}  // namespace xover
