// Appends numbers to a canonical form of a state, in as few bytes as small numbers need.
//
// Whoever compares states may give names for what is only told apart: then states that differ in nothing but the choice
// of a slot, a ticket or a key have the same form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace xover::sdp {

class Names {
 public:
  virtual std::uint64_t of_slot(std::uint16_t slot) = 0;      // a private receive buffer
  virtual std::uint64_t of_ticket(std::uint16_t ticket) = 0;  // a registration of this end
  virtual std::uint64_t of_key(std::uint32_t key) = 0;        // that the peer advertised

 protected:
  ~Names() = default;
};

class Encoder {
 public:
  explicit Encoder(std::vector<std::byte>& to, Names* names = nullptr) : to_(to), names_(names) {}

  template <typename... Numbers>
  void put(Numbers... numbers) {
    (one(static_cast<std::uint64_t>(numbers)), ...);
  }
  void slot(std::uint16_t slot) { put(names_ != nullptr ? names_->of_slot(slot) : slot); }
  void ticket(std::uint16_t ticket) { put(names_ != nullptr ? names_->of_ticket(ticket) : ticket); }
  void key(std::uint32_t key) { put(names_ != nullptr ? names_->of_key(key) : key); }

 private:
  void one(std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) to_.push_back(static_cast<std::byte>(number | 0x80));
    to_.push_back(static_cast<std::byte>(number));
  }

  std::vector<std::byte>& to_;
  Names* names_;
};

}  // namespace xover::sdp
