// The receiving half of a channel, in one of two ways: chains of receives into the caller's buffers (posted), or one
// receive that goes on and on into provided buffers (multishot). It keeps the socket's bytes in order, and says when
// the peer has ended.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/uring/uring_shared.h"

namespace xover {

class UringReceiving {
 public:
  static constexpr std::size_t max_chain = 16;

  UringReceiving(UringShared& shared, std::uint32_t channel, Ledger& ledger);

  std::size_t offer(std::span<const RxBuffer> buffers) noexcept;

  // Puts the next chain, or the multishot receive, into the submission queue if there is none. False: no room there.
  bool fill() noexcept;

  // A failure means that the channel is to die of it.
  Failure posted_entry(std::uint32_t place, int result) noexcept;
  Failure multishot_entry(int result, unsigned flags) noexcept;

  bool under_way() const noexcept { return chain_size_ != chain_done_ || armed_; }
  bool ended() const noexcept { return ended_ && !under_way(); }  // the peer has, and its last bytes were taken
  bool idle() const noexcept { return offered_count_ == 0; }
  void stop() noexcept { stopped_ = true; }  // puts no receive into the queue any more
  void abandon() noexcept {                  // the bound has passed: awaits no entry any more
    chain_size_ = chain_done_ = 0;
    armed_ = false;
  }
  // All entries are back: the buffers are the caller's again.
  void return_buffers(Failure failure) noexcept;

 private:
  struct Outcome {
    int result = 0;
    bool done = false;
  };

  RxBuffer& offered(std::size_t index) noexcept;
  void push_offered(const RxBuffer& buffer) noexcept;
  RxBuffer pop_offered() noexcept;
  bool fill_posted() noexcept;
  bool arm() noexcept;
  Failure apply(int result) noexcept;
  Failure refused(int errno_value) noexcept;
  void complete(Token token, std::size_t bytes, Failure failure, Lease lease) noexcept;

  UringShared& shared_;
  std::uint32_t channel_;
  Ledger& ledger_;
  std::vector<RxBuffer> offered_;  // a ring, of which the first ones are in the chain
  std::size_t first_offered_ = 0, offered_count_ = 0;
  std::array<Outcome, max_chain> chain_{};
  std::size_t chain_size_ = 0, chain_done_ = 0;
  bool armed_ = false;
  bool was_armed_ = false;
  bool starved_ = false;  // all provided buffers were lent
  bool ended_ = false, stopped_ = false;
};

}  // namespace xover
