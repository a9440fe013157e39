// Which advert a message or a read belongs to, for the account of a transfer: adverts are answered in the order in
// which they were sent, and each direction has its own.
//
// For the account alone: what it cannot match, as behind a cancel, it forgets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transports/common/ring.h"
#include "transports/sdp/transfer_account.h"

namespace xover {

class AdvertTimes {
 public:
  AdvertTimes(TransferAccount& account, std::size_t max_own, std::size_t max_peer)
      : account_(account), own_(max_own), peers_(max_peer) {}

  // This end's advert was posted; `bytes` are those that the peer is to move.
  void posted(std::uint64_t bytes, AccountTime now) noexcept {
    if (own_.room() == 0) own_.pop();
    own_.push({bytes, now});
  }
  // The peer has read so many bytes of the oldest ones.
  void read_by_peer(std::uint64_t bytes, AccountTime now) noexcept {
    while (!own_.empty() && bytes >= own_.front().key) {
      bytes -= own_.front().key;
      end_oldest(now);
    }
    if (!own_.empty()) own_.front().key -= bytes;
  }
  void written_by_peer(AccountTime now) noexcept {
    if (!own_.empty()) end_oldest(now);
  }
  void taken_back() noexcept {
    while (!own_.empty()) own_.pop();
  }

  // The peer's advert of memory from this address on.
  void arrived(std::uint64_t address, AccountTime now) noexcept {
    if (peers_.room() == 0) peers_.pop();
    peers_.push({address, now});
  }
  // This end reads or writes there; the first time ends the wait of the advert.
  void begun(std::uint64_t address, AccountTime now) noexcept {
    std::size_t position = 0;
    while (position < peers_.size() && peers_.at(position).key != address) ++position;
    if (position == peers_.size()) return;
    account_.add(TransferPhase::advert_wait, now - peers_.at(position).at);
    for (std::size_t i = 0; i <= position; ++i) peers_.pop();
  }

 private:
  struct Advert {
    std::uint64_t key = 0;
    AccountTime at = 0;
  };

  void end_oldest(AccountTime now) noexcept {
    account_.add(TransferPhase::advert_round_trip, now - own_.front().at);
    account_.count_transfer();
    own_.pop();
  }

  TransferAccount& account_;
  Ring<Advert> own_, peers_;
};

}  // namespace xover
