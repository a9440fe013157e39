// One mempool over one mapping. DPDK lays the elements out; that they lie at equal distances is checked here once.

// rte_dev_dma_map, in DPDK since 18.02, still counts as experimental there.
#define ALLOW_EXPERIMENTAL_API
#include "transports/dpdk/mbuf_pool.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cassert>
#include <string>
#include <utility>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "core/units.h"
#include "transports/dpdk/eal.h"

namespace xover {

namespace {

constexpr unsigned cache_mbufs = 256;
constexpr unsigned before_element_bytes = RTE_ALIGN_CEIL(sizeof(rte_mempool_objhdr), RTE_MEMPOOL_ALIGN);

// A cache flushes at one and a half times its size. Several threads may have one, and together they must not hold most
// of a small pool, whose sender would wait for what lies in the receiver's cache.
unsigned cache_size(std::size_t mbufs) { return static_cast<unsigned>(std::min<std::size_t>(cache_mbufs, mbufs / 8)); }

tl::unexpected<Error> pool_error(const char* operation, int error_number, std::size_t size_bytes,
                                 const char* remedy = "free memory, or ask for a smaller pool") {
  std::string context = format_size(size_bytes) + " of mbufs: " + rte_strerror(error_number);
  if (const std::string said = take_eal_messages(); !said.empty()) context += ": " + said;
  return make_error(ErrorCode::no_memory, operation, std::move(context), remedy);
}

std::atomic<std::size_t> lost_mbufs{0};

}  // namespace

std::size_t MbufPool::lost() noexcept { return lost_mbufs; }

Result<std::shared_ptr<MbufPool>> MbufPool::make(const MbufPoolShape& shape, int port) {
  assert(shape.mbufs > 0 && shape.headroom_bytes + shape.data_bytes <= UINT16_MAX);
  static std::atomic<unsigned> number{0};
  std::shared_ptr<MbufPool> pool(new MbufPool);
  pool->shape_ = shape;
  const auto room_bytes = static_cast<unsigned>(shape.headroom_bytes + shape.data_bytes);
  auto element_bytes = static_cast<unsigned>(sizeof(rte_mbuf)) + room_bytes;
  // This flag tells DPDK that an element may cross a page: then it leaves no gaps for those that would.
  unsigned flags = RTE_MEMPOOL_F_NO_IOVA_CONTIG;
  if (port >= 0) {
    // Distances of a power of two: no mbuf that fits into a page crosses one, and a frame takes one entry of the
    // IOMMU's cache.
    element_bytes = std::bit_ceil(before_element_bytes + element_bytes) - before_element_bytes;
    flags |= RTE_MEMPOOL_F_NO_SPREAD;
  }
  pool->pool_ = rte_mempool_create_empty(("xover_" + std::to_string(++number)).c_str(),
                                         static_cast<unsigned>(shape.mbufs), element_bytes, cache_size(shape.mbufs),
                                         sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags);
  if (pool->pool_ == nullptr) {  // its tables and caches; the mbufs come later
    return pool_error("rte_mempool_create_empty", rte_errno, shape.mbufs * element_bytes,
                      "it is DPDK's own memory that is used up: open fewer connections");
  }
  if (const int refused = rte_mempool_set_ops_byname(pool->pool_, "ring_mp_mc", nullptr); refused != 0) {
    return pool_error("rte_mempool_set_ops_byname ring_mp_mc", -refused, shape.mbufs * element_bytes);
  }
  rte_pktmbuf_pool_private room{};
  room.mbuf_data_room_size = static_cast<std::uint16_t>(room_bytes);
  rte_pktmbuf_pool_init(pool->pool_, &room);
  if (auto filled = pool->fill(); !filled) return tl::make_unexpected(std::move(filled.error()));
  if (port >= 0) {
    if (auto mapped = pool->map_for(port); !mapped) return tl::make_unexpected(std::move(mapped.error()));
  }
  return pool;
}

Result<void> MbufPool::fill() {
  stride_bytes_ = pool_->header_size + pool_->elt_size + pool_->trailer_size;
  reciprocal_ = UINT64_MAX / stride_bytes_ + 1;
  auto pages = Pages::allocate(stride_bytes_ * shape_.mbufs + RTE_MEMPOOL_ALIGN, shape_.pages);
  if (!pages) return tl::make_unexpected(std::move(pages.error()));
  pages_ = std::move(*pages);
  // I/O addresses are virtual ones.
  const auto address = reinterpret_cast<rte_iova_t>(pages_.data());
  const int filled = rte_mempool_populate_iova(pool_, reinterpret_cast<char*>(pages_.data()), address,
                                               pages_.size_bytes(), nullptr, nullptr);
  if (filled != static_cast<int>(shape_.mbufs)) {
    return pool_error("rte_mempool_populate_iova", filled < 0 ? -filled : ENOMEM, pages_.size_bytes());
  }
  rte_mempool_obj_iter(pool_, rte_pktmbuf_init, nullptr);
  first_ = nullptr;
  rte_mempool_obj_iter(
      pool_,
      [](rte_mempool*, void* self, void* element, unsigned number) {
        auto& pool = *static_cast<MbufPool*>(self);
        if (number == 0) pool.first_ = static_cast<std::byte*>(element);
        if (element != pool.first_ + number * pool.stride_bytes_) pool.even_ = false;
      },
      this);
  if (!even_) {
    return make_error(ErrorCode::unsupported, "rte_mempool_populate_iova", "this DPDK leaves gaps between mbufs");
  }
  return {};
}

Result<void> MbufPool::map_for(int port) {
  rte_eth_dev_info information{};
  if (const int refused = rte_eth_dev_info_get(static_cast<std::uint16_t>(port), &information); refused != 0) {
    return pool_error("rte_eth_dev_info_get", -refused, pages_.size_bytes());
  }
  const auto page_bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (rte_extmem_register(pages_.data(), pages_.size_bytes(), nullptr, 0, page_bytes) != 0) {
    return pool_error("rte_extmem_register", rte_errno, pages_.size_bytes());
  }
  registered_ = true;
  const auto address = reinterpret_cast<std::uint64_t>(pages_.data());
  if (rte_dev_dma_map(information.device, pages_.data(), address, pages_.size_bytes()) != 0) {
    return make_error(
        ErrorCode::no_memory, "rte_dev_dma_map",
        format_size(pages_.size_bytes()) + " of mbufs: " + rte_strerror(rte_errno) + ": " + take_eal_messages(),
        dma_mapping_remedy);
  }
  mapped_for_port_ = port;
  return {};
}

// The device loses sight of the memory before the memory goes.
MbufPool::~MbufPool() {
  if (pool_ != nullptr && pool_->populated_size == shape_.mbufs) lost_mbufs += in_use();
  if (mapped_for_port_ >= 0) {
    rte_eth_dev_info information{};
    if (rte_eth_dev_info_get(static_cast<std::uint16_t>(mapped_for_port_), &information) == 0) {
      rte_dev_dma_unmap(information.device, pages_.data(), reinterpret_cast<std::uint64_t>(pages_.data()),
                        pages_.size_bytes());
    }
  }
  if (registered_) rte_extmem_unregister(pages_.data(), pages_.size_bytes());
  rte_mempool_free(pool_);
}

std::size_t MbufPool::in_use() const noexcept { return rte_mempool_in_use_count(pool_); }

}  // namespace xover
