// Payload copied into mbufs: the op's memory is the caller's again once the port has taken its last frame.
#pragma once

#include "transports/dpdk/dpdk_sending.h"

namespace xover {

class CopyFrames final : public DpdkSending {
 public:
  CopyFrames(DpdkShared& shared, std::uint32_t channel, Ledger& ledger, const SendingRoute& route)
      : DpdkSending(shared, channel, ledger, route) {}

 private:
  void build(std::size_t frames) noexcept override;
  bool seems_back(std::uint64_t) noexcept override { return true; }
  void take_back() noexcept override { returned_ = handed_; }
  void copy(Op& entry, std::byte* to, std::size_t size_bytes) noexcept;
};

}  // namespace xover
