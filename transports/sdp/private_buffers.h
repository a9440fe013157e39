// The private registered memory of a connection: buffers that messages are received into, and stages that they are sent
// from where a post does not take the bytes itself. Both live until the queue pair has gone.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/error.h"
#include "transports/rdma/fabric.h"

namespace xover {

// Equal buffers in one registered run of memory, each at the start of a cache line.
class PrivateBuffers {
 public:
  static Result<PrivateBuffers> allocate(Fabric& fabric, std::size_t count, std::size_t each_bytes) {
    constexpr std::size_t cache_line_bytes = 64;
    const std::size_t stride = (each_bytes + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
    auto memory = fabric.allocate(count * stride, PageKind::system, RemoteAccess::none);
    if (!memory) return tl::make_unexpected(memory.error());
    PrivateBuffers buffers;
    buffers.memory_ = std::move(*memory);
    buffers.count_ = count;
    buffers.each_bytes_ = each_bytes;
    buffers.stride_ = stride;
    return buffers;
  }

  std::size_t count() const noexcept { return count_; }
  std::size_t each_bytes() const noexcept { return each_bytes_; }
  std::byte* data(std::size_t index) const noexcept {
    assert(index < count_);
    return memory_->bytes().data() + index * stride_;
  }
  LocalPiece piece(std::size_t index, std::size_t size_bytes) const noexcept {
    assert(size_bytes <= each_bytes_);
    return {data(index), static_cast<std::uint32_t>(size_bytes), memory_->region().key};
  }

 private:
  std::unique_ptr<FabricMemory> memory_;
  std::size_t count_ = 0, each_bytes_ = 0, stride_ = 0;
};

}  // namespace xover
