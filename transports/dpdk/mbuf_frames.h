// Messages built in mbufs: the arena's buffers are mbufs that the session holds a reference to. A frame takes a second
// one; an op has its memory back when the count of each of its mbufs is one again.
#pragma once

#include <memory>
#include <vector>

#include "transports/dpdk/dpdk_sending.h"

namespace xover {

// The arenas of a session. All mbufs of their pools are taken, so nobody else takes one.
class MbufArenas {
 public:
  explicit MbufArenas(std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}
  MbufArenas(const MbufArenas&) = delete;
  MbufArenas& operator=(const MbufArenas&) = delete;
  ~MbufArenas();  // frames that others still hold keep their mbufs, and Port::keep() the pools

  // Buffers for so many bytes in all. Control plane.
  Result<std::vector<Segment>> add(std::size_t size_bytes, PageKind pages, int port);
  const std::shared_ptr<MbufPool>& newest() const noexcept { return pools_.back(); }

  // Memory outside of all arenas is a bug of the caller and asserts.
  rte_mbuf* holder_of(const std::byte* data) noexcept;
  std::size_t missing() const noexcept;  // buffers that somebody else holds too; control plane

 private:
  const std::size_t buffer_bytes_;
  std::vector<std::shared_ptr<MbufPool>> pools_;
  std::size_t last_found_ = 0;  // the pool of the buffer before: most often that of the next
};

class MbufFrames final : public DpdkSending {
 public:
  MbufFrames(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route);

 private:
  // Where collect() is in an op: the mbuf that it waits for.
  struct Awaited {
    rte_mbuf* mbuf = nullptr;
    std::uint32_t segment = 0;
  };
  struct Chain {
    rte_mbuf* first = nullptr;
    rte_mbuf* last = nullptr;
    std::size_t mbufs = 0, payload_bytes = 0;
    rte_mbuf* begin = nullptr;  // the first with payload, and its field
    std::uint32_t begin_segment = 0;
  };

  void build(std::size_t frames) noexcept override;
  bool seems_back(std::uint64_t ops) noexcept override;
  void take_back() noexcept override;
  bool gather(Op& entry, Chain& chain) noexcept;
  bool put_headers_before(Chain& chain) noexcept;
  bool has_returned(std::uint64_t number) noexcept;

  std::vector<Awaited> awaited_;  // by place of the op
};

}  // namespace xover
