// What comes back to its owner from whichever thread lets go of it last: numbers, pushed by any thread and popped by
// the owner, without a lock. Never more numbers are out than the ring has places, so a push always finds room.
//
// A push takes the next place by one atomic addition and writes its number there with the lap, which tells the owner
// that it is new. So the owner never writes to a place, and takes none out of the cache of a core that pushes.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace xover {

class ReturnRing {
 public:
  static constexpr std::uint32_t none = UINT32_MAX;

  explicit ReturnRing(std::size_t numbers)
      : laps_shift_(static_cast<unsigned>(std::bit_width(std::bit_ceil(numbers == 0 ? 1 : numbers)) - 1)),
        mask_((std::size_t{1} << laps_shift_) - 1),
        places_(new std::atomic<std::uint64_t>[mask_ + 1]()) {}

  // Any thread.
  void push(std::uint32_t number) noexcept {
    const std::uint64_t place = pushed_.fetch_add(1, std::memory_order_relaxed);
    places_[place & mask_].store(lap_of(place) << 32 | number, std::memory_order_release);
  }

  // The owner; `none`: nothing came.
  std::uint32_t pop() noexcept {
    const std::uint64_t entry = places_[popped_ & mask_].load(std::memory_order_acquire);
    if (entry >> 32 != lap_of(popped_)) return none;
    ++popped_;
    return static_cast<std::uint32_t>(entry);
  }
  // The owner: whether at least so many, one or more, can be popped. Looks at the last of them alone.
  bool holds(std::size_t numbers) const noexcept {
    const std::uint64_t place = popped_ + numbers - 1;
    return places_[place & mask_].load(std::memory_order_relaxed) >> 32 == lap_of(place);
  }

 private:
  std::uint64_t lap_of(std::uint64_t place) const noexcept { return ((place >> laps_shift_) + 1) & UINT32_MAX; }

  const unsigned laps_shift_;
  const std::size_t mask_;
  const std::unique_ptr<std::atomic<std::uint64_t>[]> places_;  // lap 0: never used
  alignas(64) std::atomic<std::uint64_t> pushed_{0};
  alignas(64) std::uint64_t popped_ = 0;
};

}  // namespace xover
