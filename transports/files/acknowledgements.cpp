// Words written and read, whole or in parts.
#include "transports/files/acknowledgements.h"

#include <endian.h>
#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>

namespace xover {

std::uint64_t Acknowledgements::say() noexcept {
  std::uint64_t words = 0;
  while (!ended_ && (unsaid() || unsent_ != 0)) {
    // As long as nothing of a word has gone, the latest count takes its place.
    if (unsent_ == 0 || unsent_ == word_bytes) {
      saying_ = taken_;
      outgoing_ = std::bit_cast<std::array<std::byte, word_bytes>>(htole64(taken_));
      unsent_ = word_bytes;
    }
    const ssize_t sent =
        send(socket_.get(), outgoing_.data() + word_bytes - unsent_, unsent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    blocked_ = sent < 0 && errno == EAGAIN;
    if (sent < 0) return words;
    unsent_ -= static_cast<std::size_t>(sent);
    if (unsent_ != 0) continue;
    said_ = saying_;
    ++words;
  }
  return words;
}

std::uint64_t Acknowledgements::listen(bool thorough) noexcept {
  const std::uint64_t before = heard_;
  std::uint64_t words = 0;
  std::array<std::byte, 64 * word_bytes> buffer;
  while (!ended_) {
    const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      ended_ = true;
      break;
    }
    words += (incoming_bytes_ + static_cast<std::size_t>(got)) / word_bytes;
    hear(buffer.data(), static_cast<std::size_t>(got));
    if (!thorough && static_cast<std::size_t>(got) < buffer.size()) break;
  }
  heard_ = std::max(heard_, before);
  return words;
}

void Acknowledgements::hear(const std::byte* bytes, std::size_t size_bytes) noexcept {
  for (std::size_t i = 0; i < size_bytes; ++i) {
    incoming_[incoming_bytes_++] = bytes[i];
    if (incoming_bytes_ < word_bytes) continue;
    heard_ = le64toh(std::bit_cast<std::uint64_t>(incoming_));
    incoming_bytes_ = 0;
  }
}

void Acknowledgements::end() noexcept { shutdown(socket_.get(), SHUT_WR); }

}  // namespace xover
