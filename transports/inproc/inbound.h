// The receiving half of a channel: copies what the peer has published into the buffers that the caller has offered, in
// order. Owned by the receiver's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/transport.h"
#include "transports/inproc/wire.h"

namespace xover {

class Inbound {
 public:
  Inbound(std::uint32_t channel, WireDirection& direction, Ledger& ledger, std::size_t max_offered);

  std::size_t offer(std::span<const RxBuffer> buffers) noexcept;

  // Copies as much as fits the offered buffers. True when slots were passed, which the sender wants to know.
  bool fill() noexcept;

  // Ends the direction from this side: nothing is copied any more, what was offered comes back with this failure.
  void stop(const Failure& why) noexcept;

  // A `closed` with a failure waits until this says so.
  void allow_failed_close(bool allowed) noexcept { failed_close_allowed_ = allowed; }
  bool next_completion(Completion& out) noexcept;  // false: nothing to report
  bool has_completion() const noexcept;

 private:
  RxBuffer& buffer(std::uint64_t number) noexcept { return buffers_[number % buffers_.size()]; }
  Slot& slot() const noexcept { return direction_.slots[slot_ % direction_.slots.size()]; }

  bool copy_from(Slot& source) noexcept;
  std::size_t copy_run(const Segment& from, std::size_t limit_bytes) noexcept;
  bool peer_ended() const noexcept;
  void look_for_the_end() noexcept;
  void report_received(Completion& out, std::uint64_t bytes) noexcept;

  std::uint32_t channel_;
  WireDirection& direction_;
  Ledger& ledger_;

  // Buffers are numbered from 0 on; [returned_, filling_) are full, filling_ holds filled_bytes_, the rest is empty.
  std::vector<RxBuffer> buffers_;
  std::uint64_t returned_ = 0, filling_ = 0, offered_ = 0;
  std::size_t filled_bytes_ = 0;

  // The slot to copy from, and how far it was copied.
  std::uint64_t slot_ = 0;
  std::size_t segment_ = 0, segment_offset_ = 0;

  bool ended_ = false, closed_reported_ = false, failed_close_allowed_ = true;
  Failure end_failure_;
};

}  // namespace xover
