// A first-in first-out queue with a fixed capacity and the value semantics of what it holds: it can be copied, and two
// queues are equal when they hold the same in the same order. Takes its memory when it is made. Pushing to a full one,
// or looking behind the end, is the owner's bug and asserts.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace xover::sdp {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity), slots_(std::bit_ceil(capacity + 1)) {}

  bool empty() const noexcept { return head_ == tail_; }
  bool full() const noexcept { return size() == capacity_; }
  std::size_t size() const noexcept { return tail_ - head_; }
  std::size_t room() const noexcept { return capacity_ - size(); }

  T& operator[](std::size_t position) noexcept {  // 0: the front
    assert(position < size());
    return slots_[(head_ + position) & (slots_.size() - 1)];
  }
  const T& operator[](std::size_t position) const noexcept {
    assert(position < size());
    return slots_[(head_ + position) & (slots_.size() - 1)];
  }
  T& front() noexcept { return (*this)[0]; }
  const T& front() const noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[size() - 1]; }
  const T& back() const noexcept { return (*this)[size() - 1]; }

  void push(const T& value) noexcept {
    assert(!full());
    slots_[tail_++ & (slots_.size() - 1)] = value;
  }
  void pop() noexcept {
    assert(!empty());
    ++head_;
  }
  void pop_back() noexcept {
    assert(!empty());
    --tail_;
  }
  void clear() noexcept { head_ = tail_; }

  bool operator==(const BoundedQueue& other) const {
    if (size() != other.size()) return false;
    for (std::size_t i = 0; i < size(); ++i) {
      if (!((*this)[i] == other[i])) return false;
    }
    return true;
  }

 private:
  std::size_t capacity_;
  std::size_t head_ = 0, tail_ = 0;  // count up for ever
  std::vector<T> slots_;             // a power of two
};

}  // namespace xover::sdp
