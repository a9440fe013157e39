// Words written and read, whole or in parts.
#include "transports/files/acknowledgements.h"

#include <endian.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace xover {

void Acknowledgements::compose() noexcept {
  saying_ = asked_ != asked_and_said_ ? asked_ | spare_flag : taken_;
  outgoing_ = std::bit_cast<std::array<std::byte, word_bytes>>(htole64(saying_));
  unsent_ = word_bytes;
}

std::uint64_t Acknowledgements::say() noexcept {
  std::uint64_t counts = 0;
  while (!ended_ && (has_word() || unsent_ != 0)) {
    // As long as nothing of a word has gone, the latest takes its place.
    if (has_word() && (unsent_ == 0 || unsent_ == word_bytes)) compose();
    const ssize_t sent =
        send(socket_.get(), outgoing_.data() + word_bytes - unsent_, unsent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    blocked_ = sent < 0 && errno == EAGAIN;
    if (sent < 0) return counts;
    unsent_ -= static_cast<std::size_t>(sent);
    if (unsent_ != 0) continue;
    if ((saying_ & spare_flag) != 0) {
      asked_and_said_ = saying_ & ~spare_flag;
    } else {
      said_ = saying_;
      ++counts;
    }
  }
  return counts;
}

std::uint64_t Acknowledgements::listen(bool thorough) noexcept {
  const std::uint64_t before = heard_;
  std::uint64_t counts = 0;
  std::array<std::byte, 64 * word_bytes> buffer;
  while (!ended_) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      ended_ = true;
      break;
    }
    counts += hear(buffer.data(), static_cast<std::size_t>(got));
    if (!thorough && static_cast<std::size_t>(got) < buffer.size()) break;
  }
  heard_ = std::max(heard_, before);
  return counts;
}

std::uint64_t Acknowledgements::hear(const std::byte* bytes, std::size_t size_bytes) noexcept {
  std::uint64_t counts = 0;
  for (std::size_t i = 0; i < size_bytes; ++i) {
    incoming_[incoming_bytes_++] = bytes[i];
    if (incoming_bytes_ < word_bytes) continue;
    incoming_bytes_ = 0;
    const std::uint64_t word = le64toh(std::bit_cast<std::uint64_t>(incoming_));
    if ((word & spare_flag) != 0) {
      spared_until_ = word & ~spare_flag;
    } else {
      heard_ = word;
      ++counts;
    }
  }
  return counts;
}

void Acknowledgements::end() noexcept { shutdown(socket_.get(), SHUT_WR); }

}  // namespace xover
