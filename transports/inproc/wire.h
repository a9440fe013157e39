// What the two sides of a connection share: for each direction a ring of slots, one slot for each op, and how the
// direction ended. There are no shared indices: each side walks the ring at its own pace and only a slot's state says
// whose turn it is.
//
//   free --sender--> published --receiver--> copying --receiver--> passed --sender--> free
//                      |   partial <--receiver--'  ^
//                      |      |  '-----receiver----'
//                      '------'--sender--> withdrawn --receiver--> passed
//
// While a slot is `copying`, the receiver reads the sender's memory; in no other state does it touch it. The sender
// therefore has its memory back once the slot is `passed` or `withdrawn`. A withdrawn slot still has to be passed by
// the receiver before it is used again, else the receiver would meet a later op in the place of an earlier one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/transport.h"
#include "transports/inproc/wakeup.h"

namespace xover {

enum class SlotState : std::uint8_t { free, published, copying, partial, withdrawn, passed };

struct alignas(64) Slot {
  std::atomic<SlotState> state{SlotState::free};
  std::span<const Segment> segments;  // written by the sender while free
  std::uint64_t copied_bytes = 0;     // written by the receiver while copying, by the sender while free
};

enum class WireEnding : std::uint8_t {
  open,
  in_order,  // behind the last published slot
  reset,     // now; what was not copied yet is lost
};

struct WireDirection {
  explicit WireDirection(std::size_t depth) : slots(depth) {}

  std::vector<Slot> slots;
  std::atomic<WireEnding> ending{WireEnding::open};  // the sender's word
  std::atomic<bool> receiver_gone{false};            // the receiver's word: nothing will be copied any more
};

struct Connection {
  Connection(std::size_t connector_depth, std::size_t acceptor_depth, std::shared_ptr<Wakeup> connector,
             std::shared_ptr<Wakeup> acceptor)
      : to_acceptor(connector_depth),
        to_connector(acceptor_depth),
        connector_wakeup(std::move(connector)),
        acceptor_wakeup(std::move(acceptor)) {}

  WireDirection to_acceptor, to_connector;
  std::shared_ptr<Wakeup> connector_wakeup, acceptor_wakeup;
};

}  // namespace xover
