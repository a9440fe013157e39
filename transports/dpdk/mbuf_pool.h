// A pool of mbufs in pages of its own, of the kind that is asked for: DPDK's own memory stays small, and an arena can
// be mbufs. All mbufs lie in one run of memory at equal distances.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <rte_mbuf.h>

#include "core/transport.h"
#include "transports/common/pages.h"

namespace xover {

// What to do where rte_dev_dma_map failed.
inline constexpr const char* dma_mapping_remedy =
    "raise RLIMIT_MEMLOCK (ulimit -l) if it is used up, or vfio_iommu_type1's dma_entry_limit; else the IOMMU may be "
    "too narrow for addresses of programs (39 bits on some machines), and this card cannot be used so";

// Of a pool that several threads use: they may keep as many in caches of their own.
inline constexpr std::size_t cached_mbufs = 512;

struct MbufPoolShape {
  std::size_t mbufs = 0;
  std::size_t data_bytes = 0;  // behind the headroom; 0: mbufs that external memory is attached to
  std::size_t headroom_bytes = RTE_PKTMBUF_HEADROOM;
  PageKind pages = PageKind::system;
};

class MbufPool {
 public:
  // `port`: one whose device reads or writes the memory itself, which is then mapped for its DMA; -1: none does.
  static Result<std::shared_ptr<MbufPool>> make(const MbufPoolShape& shape, int port = -1);
  MbufPool(const MbufPool&) = delete;
  MbufPool& operator=(const MbufPool&) = delete;
  ~MbufPool();

  rte_mempool* get() const noexcept { return pool_; }
  std::size_t size() const noexcept { return shape_.mbufs; }
  // Not in the pool now. Exact when no other thread uses the pool; control plane.
  std::size_t in_use() const noexcept;

  // How many mbufs were not back when their pool went, of all pools of this process so far: 0, or somebody lost some.
  static std::size_t lost() noexcept;

  // The mbuf whose data room holds this address; null: none of this pool. Data plane.
  rte_mbuf* holder_of(const std::byte* data) const noexcept {
    const auto offset_bytes = static_cast<std::uint64_t>(data - first_);  // far behind the end for what lies before
    if (offset_bytes >= shape_.mbufs * stride_bytes_) return nullptr;
    const std::uint64_t number = number_of(offset_bytes);
    const std::size_t inside_bytes = offset_bytes - number * stride_bytes_;
    const std::size_t room_bytes = shape_.headroom_bytes + shape_.data_bytes;
    if (inside_bytes < sizeof(rte_mbuf) || inside_bytes >= sizeof(rte_mbuf) + room_bytes) return nullptr;
    return at(number);
  }
  // Mbuf n of size(), in the order of their addresses. Whether it is in the pool does not matter.
  rte_mbuf* at(std::size_t number) const noexcept {
    assert(number < shape_.mbufs);
    return reinterpret_cast<rte_mbuf*>(first_ + number * stride_bytes_);
  }

 private:
  MbufPool() = default;
  Result<void> fill();
  Result<void> map_for(int port);

  // offset_bytes / stride_bytes_, by a multiplication: a division is what a small message would wait for longest. The
  // reciprocal is rounded up, and the product exact while offset times stride is below 2^64.
  std::uint64_t number_of(std::uint64_t offset_bytes) const noexcept {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>(static_cast<Wide>(offset_bytes) * reciprocal_ >> 64);
  }

  MbufPoolShape shape_;
  Pages pages_;
  rte_mempool* pool_ = nullptr;
  std::byte* first_ = nullptr;  // mbuf 0
  std::size_t stride_bytes_ = 0;
  std::uint64_t reciprocal_ = 0;  // 2^64 / stride_bytes_
  bool even_ = true;              // the distances are equal
  bool registered_ = false;       // as memory that DPDK does not own
  int mapped_for_port_ = -1;
};

}  // namespace xover
