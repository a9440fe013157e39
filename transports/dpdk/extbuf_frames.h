// The application's own memory attached to mbufs, behind an mbuf with the headers. All mbufs of an op count in one
// shared info; whoever frees the last one, on whichever thread, pushes the op's number to the owner's ring.
#pragma once

#include <memory>
#include <vector>

#include "transports/dpdk/dpdk_sending.h"
#include "transports/dpdk/external_memory.h"
#include "transports/dpdk/return_ring.h"

namespace xover {

class ExtbufFrames final : public DpdkSending {
 public:
  ExtbufFrames(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route);
  ~ExtbufFrames() override;

 private:
  struct Table;
  // What mbufs point to, one for each place of an op. Kept by the port, because mbufs may outlive the channel.
  struct alignas(64) Counted {
    rte_mbuf_ext_shared_info info{};
    Table* table = nullptr;
    std::uint32_t place = 0;
  };
  struct Table {
    explicit Table(std::size_t ops);
    ReturnRing returned;
    std::unique_ptr<Counted[]> counted;
  };
  // What only the owner looks at.
  struct Place {
    ExternalMemory::Holds holds;
    bool held = false;  // by the owner, see build()
    bool back = false;  // its memory
  };
  struct Chain {
    rte_mbuf* first = nullptr;
    rte_mbuf* last = nullptr;
    std::size_t mbufs = 0, payload_bytes = 0;
  };

  static void free_callback(void* memory, void* counted);
  void build(std::size_t frames) noexcept override;
  bool seems_back(std::uint64_t ops) noexcept override { return table_->returned.holds(ops); }
  void take_back() noexcept override;
  void give_up(std::uint64_t first, std::uint64_t end) noexcept override;
  void forget(std::uint64_t first, std::uint64_t end) noexcept override;
  bool gather(Op& entry, Chain& chain) noexcept;
  void drop_hold(std::size_t place) noexcept;
  rte_mbuf* attach(Op& entry, std::size_t most_bytes) noexcept;

  const std::shared_ptr<Table> table_;
  std::vector<Place> places_;
};

}  // namespace xover
