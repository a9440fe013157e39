// The ring of buffers that multishot receives fill, shared by the channels of a session. The kernel takes a buffer from
// the ring for each piece received; it is lent out as a lease and goes back into the ring when the lease ends.
// Source: io_uring_register_buf_ring(3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/transport.h"
#include "transports/common/pages.h"
#include "transports/uring/uring_ring.h"

namespace xover {

class ProvidedBuffers final : public LeaseOwner {
 public:
  static constexpr unsigned group = 0;

  // `count` is rounded up to a power of two. The ring must outlive this, and the leases must not.
  static Result<std::unique_ptr<ProvidedBuffers>> open(UringRing& ring, unsigned count, std::size_t buffer_bytes);

  unsigned count() const noexcept { return count_; }
  unsigned lent() const noexcept { return lent_; }              // taken from the ring, as far as the caller has seen
  unsigned lent_empty() const noexcept { return lent_empty_; }  // leases of nothing

  std::span<std::byte> filled(unsigned buffer, std::size_t size_bytes) noexcept;
  Lease lend(unsigned buffer, std::size_t size_bytes) noexcept;
  Lease lend_nothing() noexcept;  // for an empty datagram, which takes no buffer
  void give_back(std::uint64_t handle) noexcept override;

 private:
  static constexpr std::uint64_t no_buffer = UINT64_MAX;
  ProvidedBuffers(unsigned count, std::size_t buffer_bytes, Pages entries, Pages memory);
  void publish(unsigned buffer) noexcept;

  unsigned count_;
  std::size_t buffer_bytes_;
  Pages entries_, memory_;
  std::uint16_t tail_ = 0;
  unsigned lent_ = 0, lent_empty_ = 0;
};

}  // namespace xover
