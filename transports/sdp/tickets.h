// The registrations of a machine, by the tickets that its executor knows them by.
//
//   free --take()--> asked --answered()--> held --drop()--> to release --next_release()--> free
//
// An asked one may be dropped as well: it goes to "to release" when it is answered, since only then there is something
// to release. The lowest free ticket is taken first, so that equal histories have equal tickets.
//
// There are enough for all that can be wanted at once. Dropped ones that are still to be answered or released take
// their places meanwhile; then who wants one waits.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "transports/sdp/actions.h"

namespace xover::sdp {

class Tickets {
 public:
  explicit Tickets(std::size_t count) : states_(count, State::free) {}

  bool may_take() noexcept {
    waited_ |= !any_free();
    return any_free();
  }
  // True once, when somebody was made to wait who need not any more.
  bool ended_wait() noexcept { return std::exchange(waited_, false) && any_free(); }

  Ticket take() noexcept {
    for (std::size_t i = 0; i < states_.size(); ++i) {
      if (states_[i] != State::free) continue;
      states_[i] = State::asked;
      return static_cast<Ticket>(i);
    }
    assert(!"no ticket is free");
    return no_ticket;
  }

  // False: nobody wants the answer any more.
  bool answered(Ticket ticket, bool registered) noexcept {
    assert(ticket < states_.size());
    State& state = states_[ticket];
    assert(state == State::asked || state == State::abandoned);
    const bool wanted = state == State::asked;
    if (!registered) {
      state = State::free;
    } else if (wanted) {
      state = State::held;
    } else {
      state = State::to_release;
      ++due_;
    }
    return wanted;
  }

  void drop(Ticket ticket) noexcept {
    State& state = states_[ticket];
    assert(state == State::asked || state == State::held);
    if (state == State::asked) {
      state = State::abandoned;
    } else {
      state = State::to_release;
      ++due_;
    }
  }

  bool release_due() const noexcept { return due_ != 0; }
  Ticket next_release() noexcept {
    assert(due_ != 0);
    for (std::size_t i = 0;; ++i) {
      if (states_[i] != State::to_release) continue;
      states_[i] = State::free;
      --due_;
      return static_cast<Ticket>(i);
    }
  }

  // Something is asked for, held, or to be given back.
  bool any() const noexcept {
    for (const State state : states_) {
      if (state != State::free) return true;
    }
    return false;
  }

  // Those that somebody holds or has asked for are told by their owners.
  template <typename Encoder>
  void encode(Encoder& encoder) const {
    std::size_t abandoned = 0;
    for (const State state : states_) abandoned += state == State::abandoned ? 1 : 0;
    encoder.put(abandoned, due_);
  }
  bool operator==(const Tickets&) const = default;

 private:
  enum class State : std::uint8_t { free, asked, abandoned, held, to_release };

  bool any_free() const noexcept { return std::find(states_.begin(), states_.end(), State::free) != states_.end(); }

  std::vector<State> states_;
  std::uint16_t due_ = 0;
  bool waited_ = false;
};

}  // namespace xover::sdp
