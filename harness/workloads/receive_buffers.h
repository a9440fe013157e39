// The memory that a connection receives into, where its transport wants some: offered again as soon as it comes back.
// Transports that loan give their own memory, those that discard show none: all three look the same from here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/common/pages.h"

namespace xover {

class ReceiveBuffers {
 public:
  // For messages of about this size. Faulted in. Holds nothing where nothing is to be offered.
  static Result<ReceiveBuffers> make(const Limits& limits, std::uint64_t message_bytes);

  // Lends all idle buffers. Data plane.
  void offer_to(Channel& channel) noexcept;
  // What a `received` brought; empty when its bytes were discarded. An offered buffer is idle again: the bytes are good
  // until the next offer_to(), those of a lease until the completion goes. Data plane.
  std::span<const std::byte> take(const Completion& completion) noexcept;

 private:
  Receive receive_ = Receive::none;
  Pages pages_;
  std::size_t buffer_bytes_ = 0;
  std::vector<std::uint32_t> idle_;
};

}  // namespace xover
