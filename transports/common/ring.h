// A first-in first-out queue in memory that is allocated once. Pushing to a full ring or looking into an empty one is a
// bug of the caller and asserts: whoever owns a ring knows the bound of what it holds.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>

namespace xover {

template <typename T>
class Ring {
 public:
  explicit Ring(std::size_t capacity)
      : capacity_(capacity), mask_(std::bit_ceil(capacity == 0 ? 1 : capacity) - 1), slots_(new T[mask_ + 1]) {}

  bool empty() const noexcept { return head_ == tail_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  std::size_t room() const noexcept { return capacity_ - size(); }

  void push(T&& value) noexcept {
    assert(room() > 0);
    slots_[tail_++ & mask_] = std::move(value);
  }
  void push(const T& value) noexcept { push(T(value)); }
  T& front() noexcept {
    assert(!empty());
    return slots_[head_ & mask_];
  }
  const T& at(std::size_t position) const noexcept {  // 0: the front
    assert(position < size());
    return slots_[(head_ + position) & mask_];
  }
  void pop() noexcept {
    assert(!empty());
    ++head_;
  }

 private:
  std::size_t capacity_, mask_;
  std::size_t head_ = 0, tail_ = 0;  // count up for ever; the mask makes positions of them
  std::unique_ptr<T[]> slots_;
};

}  // namespace xover
