// Sizes of receive buffers, and their way to the transport and back.
#include "harness/workloads/receive_buffers.h"

#include <algorithm>

namespace xover {

namespace {

// Streams are received in pieces of the message's size within these bounds: large enough to spare system calls, small
// enough to be read out of the cache.
constexpr std::size_t least_stream_bytes = 128 << 10;
constexpr std::size_t most_stream_bytes = 256 << 10;
constexpr std::size_t stream_buffers = 2;
constexpr std::size_t most_datagram_buffers = 64;

}  // namespace

Result<ReceiveBuffers> ReceiveBuffers::make(const Limits& limits, std::uint64_t message_bytes) {
  ReceiveBuffers buffers;
  buffers.receive_ = limits.receive;
  if (limits.receive != Receive::offered) return buffers;
  const bool stream = limits.framing == Framing::stream;
  buffers.buffer_bytes_ = stream ? std::clamp<std::size_t>(message_bytes, least_stream_bytes, most_stream_bytes)
                                 : std::max<std::size_t>(limits.max_op_bytes, 1);
  const auto count = static_cast<std::uint32_t>(
      std::min<std::size_t>(limits.max_offered, stream ? stream_buffers : most_datagram_buffers));
  auto pages = Pages::allocate(buffers.buffer_bytes_ * count, Pages::Fault::now);
  if (!pages) return tl::make_unexpected(pages.error());
  buffers.pages_ = std::move(*pages);
  for (std::uint32_t buffer = 0; buffer < count; ++buffer) buffers.idle_.push_back(buffer);
  return buffers;
}

void ReceiveBuffers::offer_to(Channel& channel) noexcept {
  while (!idle_.empty()) {
    const std::uint32_t buffer = idle_.back();
    const RxBuffer offered{buffer, pages_.data() + buffer * buffer_bytes_, buffer_bytes_};
    if (channel.offer({&offered, 1}) == 0) return;
    idle_.pop_back();
  }
}

std::span<const std::byte> ReceiveBuffers::take(const Completion& completion) noexcept {
  switch (receive_) {
    case Receive::offered:
      idle_.push_back(static_cast<std::uint32_t>(completion.token));  // within its capacity: no allocation
      return {pages_.data() + completion.token * buffer_bytes_, completion.bytes};
    case Receive::loaned: return completion.lease.bytes();
    case Receive::discarded:
    case Receive::none: break;
  }
  return {};
}

}  // namespace xover
