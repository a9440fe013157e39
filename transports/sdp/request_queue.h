// What a queue pair was asked for and has not answered, in order. A request that is not signalled is answered by the
// next one that is, so of messages only some are signalled: enough that one always is among those outstanding.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transports/common/ring.h"
#include "transports/rdma/fabric.h"
#include "transports/sdp/transfer_account.h"

namespace xover {

class RequestQueue {
 public:
  struct Request {
    Work work = Work::send;
    AccountTime posted_at = 0;
  };

  // `messages` of them are sends at most.
  RequestQueue(std::size_t capacity, std::size_t messages)
      : requests_(capacity), signal_every_(messages / 4 == 0 ? 1 : messages / 4) {}

  std::uint64_t next_id() const noexcept { return first_ + requests_.size(); }
  bool signals_next_message(bool wanted) noexcept {
    if (!wanted && ++unsignalled_ < signal_every_) return false;
    unsignalled_ = 0;
    return true;
  }
  void push(const Request& request) noexcept { requests_.push(request); }
  // Calls back for each request up to this one, which are answered now.
  template <typename Answer>
  void answered(std::uint64_t id, Answer&& answer) noexcept {
    while (!requests_.empty() && first_ <= id) {
      const Request request = requests_.front();
      requests_.pop();
      ++first_;
      answer(request);
    }
  }
  bool empty() const noexcept { return requests_.empty(); }

 private:
  Ring<Request> requests_;
  std::uint64_t first_ = 0;  // id of the oldest
  std::size_t signal_every_;
  std::size_t unsignalled_ = 0;
};

}  // namespace xover
