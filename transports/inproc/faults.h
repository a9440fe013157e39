// Faults that a test or a lab asks for by option: they happen to the n-th op of the session.
#pragma once

#include <cstdint>

#include "core/options.h"

namespace xover {

enum class Fault : std::uint8_t {
  none,
  drop_completion,  // the op's `released` is never reported: a broken transport, which a checker must notice
  delay,            // from this op on, `released` comes later by a fixed time
  short_accept,     // this op is turned away once with `busy`, so that its burst is accepted in part
  peer_death,       // the connection dies as if the peer's process had, right behind this op
};

class Faults {
 public:
  explicit Faults(const Options& options);

  // short_accept: whether the next op is the one to be turned away. True once.
  bool refuses_next() noexcept;

  // Counts an accepted op, and says what happens to it.
  struct Fate {
    bool drop_completion = false;
    bool peer_dies = false;
    std::int64_t delay_ns = 0;
  };
  Fate accepted() noexcept;

 private:
  Fault fault_;
  std::uint64_t at_;  // counted from 1
  std::int64_t delay_ns_;
  std::uint64_t accepted_ = 0;
  bool refused_ = false;  // short_accept has happened
};

}  // namespace xover
