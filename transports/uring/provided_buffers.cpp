// The shared ring is written directly: liburing's helpers address its entries wrongly when compiled as C++, where the
// empty structure in front of the flexible array has a size.
#include "transports/uring/provided_buffers.h"

#include <bit>
#include <cerrno>
#include <string>
#include <utility>

#include "core/units.h"
#include "transports/uring/uring_availability.h"

namespace xover {

Result<std::unique_ptr<ProvidedBuffers>> ProvidedBuffers::open(UringRing& ring, unsigned count,
                                                               std::size_t buffer_bytes) {
  count = std::bit_ceil(count);
  auto entries = Pages::allocate(count * sizeof(io_uring_buf), Pages::Fault::now);
  if (!entries) return tl::make_unexpected(entries.error());
  auto memory = Pages::allocate(count * buffer_bytes, Pages::Fault::now);
  if (!memory) return tl::make_unexpected(memory.error());
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(entries->data());
  registration.ring_entries = count;
  registration.bgid = group;
  std::unique_ptr<ProvidedBuffers> buffers(
      new ProvidedBuffers(count, buffer_bytes, std::move(*entries), std::move(*memory)));
  const int result = io_uring_register_buf_ring(ring.get(), &registration, 0);
  if (result == -ENOMEM) {
    return tl::make_unexpected(
        locked_memory_error("io_uring_register_buf_ring", count * sizeof(io_uring_buf), locked_memory_limit_bytes()));
  }
  if (result < 0) {
    errno = -result;
    return system_error("io_uring_register_buf_ring", std::to_string(count) + " of " + format_size(buffer_bytes),
                        "use receive=posted");
  }
  return buffers;
}

ProvidedBuffers::ProvidedBuffers(unsigned count, std::size_t buffer_bytes, Pages entries, Pages memory)
    : count_(count), buffer_bytes_(buffer_bytes), entries_(std::move(entries)), memory_(std::move(memory)) {
  for (unsigned buffer = 0; buffer < count_; ++buffer) publish(buffer);
}

std::span<std::byte> ProvidedBuffers::filled(unsigned buffer, std::size_t size_bytes) noexcept {
  return {memory_.data() + buffer * buffer_bytes_, size_bytes};
}

Lease ProvidedBuffers::lend(unsigned buffer, std::size_t size_bytes) noexcept {
  ++lent_;
  return {this, buffer, filled(buffer, size_bytes)};
}

Lease ProvidedBuffers::lend_nothing() noexcept {
  ++lent_empty_;
  return {this, no_buffer, {}};
}

void ProvidedBuffers::give_back(std::uint64_t handle) noexcept {
  if (handle == no_buffer) {
    --lent_empty_;
    return;
  }
  --lent_;
  publish(static_cast<unsigned>(handle));
}

void ProvidedBuffers::publish(unsigned buffer) noexcept {
  auto* entries = reinterpret_cast<io_uring_buf*>(entries_.data());
  io_uring_buf& entry = entries[tail_ & (count_ - 1)];
  entry.addr = reinterpret_cast<std::uintptr_t>(memory_.data() + buffer * buffer_bytes_);
  entry.len = static_cast<__u32>(buffer_bytes_);
  entry.bid = static_cast<__u16>(buffer);
  ++tail_;
  // The ring's tail lies where the first entry has its reserved field.
  __atomic_store_n(&entries[0].resv, tail_, __ATOMIC_RELEASE);
}

}  // namespace xover
