// One direction of one channel in a test: the script, the receiver's check, and how the sender hears of its progress.
// It lives in the test's body and outlives both sides, which share its progress alone.
#pragma once

#include <atomic>

#include "tests/conformance/pair.h"
#include "tests/conformance/script.h"
#include "tests/conformance/side.h"
#include "tests/conformance/two_processes.h"

namespace xover::conformance {

class Flow {
 public:
  Flow(Script script, const Limits& limits) : script_(std::move(script)), limits_(limits), checker_(script_, limits) {}

  const Script& script() const { return script_; }

  // Sender's thread. Sends all messages. Where messages may be lost, each waits until the one before has arrived, so
  // that none is lost for want of room; send_without_care() does not.
  void send(Side& side, std::span<const Message> messages, std::size_t channel = 0, std::size_t burst = 8);
  void send_one(Side& side, std::span<const Message> messages, std::size_t message, std::size_t channel = 0);
  void send_without_care(Side& side, std::span<const Message> messages, std::size_t channel = 0, std::size_t burst = 8);

  // Receiver's thread.
  void offer(Side& side, std::size_t buffers = 16, std::size_t buffer_bytes = 65536, std::size_t channel = 0);
  bool complete() const { return checker_.complete(); }
  // Until all has arrived; after send_without_care() on an unreliable path, until nothing more comes.
  void receive_all(Side& side);

  std::uint64_t arrived_bytes() const { return progress_->bytes.load(); }
  std::size_t arrived_messages() const { return progress_->messages.load(); }
  bool arrived(std::size_t message) const;  // any thread: this message and those before

 private:
  struct Progress {
    std::atomic<std::uint64_t> bytes{0};  // arrived
    std::atomic<std::size_t> messages{0};
    std::atomic<bool> all_sent{false}, careless{false};
  };

  const Script script_;
  const Limits limits_;
  Checker checker_;
  const Shared<Progress> progress_;
};

}  // namespace xover::conformance
