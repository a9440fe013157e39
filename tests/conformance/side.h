// One side of a connection, driven by one thread: opens the session, sends, receives, and lets its Accountant see
// everything. Whatever is released or handed back is scribbled over at once, so that a transport which gives memory
// back too early delivers garbage. Every wait ends at the side's deadline with an exception that says what was missing.
#pragma once

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/transport.h"
#include "tests/conformance/accountant.h"
#include "tests/conformance/subject.h"
#include "tests/conformance/two_processes.h"
#include "tests/support/sanitizer.h"

namespace xover::conformance {

// XOVER_EMULATED says that this machine is an emulated one, where a program takes seconds to start.
inline const MonotonicNs side_bound_ns =
    test::under_sanitizer || std::getenv("XOVER_EMULATED") != nullptr ? 40'000'000'000 : 10'000'000'000;

// Ends a side's body; the pair reports it as the test's failure.
struct SideFailed {
  std::string what;
};

// What the two sides of a pair share.
struct Meeting {
  explicit Meeting(int sides) : expected(sides) {}

  const int expected;
  SharedText address;
  std::atomic<int> finished{0};
  std::atomic<bool> failed{false};

  bool all_finished() const { return finished.load() == expected; }
};

struct SideSetup {
  std::size_t channels = 1;
  std::size_t depth = 8;
  OptionText options;      // on top of the subject's
  bool poll_only = false;  // never use the waiter
};

using Bytes = std::span<const std::byte>;
using ReceiveHandler = std::function<void(Bytes)>;
using Message = std::vector<Segment>;

class Side {
 public:
  Side(const Subject& subject, std::string name, LinkRole role, const SideSetup& setup, Meeting& meeting);

  std::string listen();
  void accept_all();
  void connect_all(const std::string& address);

  Session& session() { return *session_; }
  const Limits& limits() const { return limits_; }
  Channel& channel(std::size_t index = 0) { return *channels_[index]; }
  const std::vector<Channel*>& channels() const { return channels_; }
  Accountant& accountant() { return accountant_; }
  MonotonicNs deadline() const { return deadline_; }

  // Sends a prefix of the messages, lending their memory; `from` says how many are already gone.
  Submitted submit(std::span<const Message> messages, std::size_t channel = 0);
  Token newest_token() const;                 // of the ops that are lent; 0: none is
  Submitted fan_out(const Message& message);  // to all channels
  // Sends all of them in bursts, pumping while the channel is busy. Throws when the channel fails.
  void send(std::span<const Message> messages, std::size_t channel = 0, std::size_t burst = 8);
  // Sends until the channel stays busy for a while or the messages are used up. Returns how many were accepted.
  std::size_t send_until_stuck(std::span<const Message> messages, std::size_t channel = 0);

  // Keeps `count` buffers of this size offered; the handler sees what arrives, in order, and outlives the side. Of
  // messages it sees whole ones; one of which a piece was lost it does not see.
  void receive(std::size_t count, std::size_t size_bytes, ReceiveHandler handler, std::size_t channel = 0);
  // Offers buffers once, without a handler. Returns how many were taken.
  std::size_t offer_idle(std::size_t channel = 0);

  std::size_t reap_once();  // offers what is idle, reaps, checks
  std::size_t pump_once();  // the same, and waits a little when nothing came
  void pump_until(const std::string& what, const std::function<bool()>& done);
  void pump_for(MonotonicNs duration_ns);
  [[noreturn]] void fail(const std::string& what);

  // Waits for the other side, ends all channels in order where the path can tell, else by abort, and checks that
  // everything came back and adds up.
  void finish();
  void close_session();  // with whatever is in flight; nothing is checked afterwards

 private:
  struct Receiver {
    std::vector<std::vector<std::byte>> buffers;
    std::vector<Token> idle;
    ReceiveHandler handler;
  };
  // What came on loan: a run of bytes, on message framing a piece of a message.
  struct Loan {
    Lease lease;
    std::uint16_t piece = 0;
    bool last = true;
  };
  // A message of which one piece after the other arrives.
  struct Arriving {
    std::vector<std::byte> bytes;
    std::uint16_t next_piece = 0;
    bool ended = true;  // no piece 0 has come since the last piece
    bool lost = false;  // a piece was missing
  };

  void handle(Completion& completion);
  void retire(Token token);
  void take_received(Completion& completion);
  void take_loan(Loan loan, std::uint32_t channel);
  void take_piece(const Loan& loan, Arriving& arriving, const ReceiveHandler& handler);
  void check_counters();
  void wait_a_little();
  void check_clock(const std::string& what);
  void adopt(Result<Channel*> channel, const char* operation);

  std::string name_;
  SideSetup setup_;
  Meeting& meeting_;
  MonotonicNs deadline_;
  // Lent memory stands before the session, so that it outlives it.
  std::map<Token, Message> lent_;
  std::vector<Message> retired_;  // released ops
  std::map<std::size_t, Receiver> receivers_;
  std::unique_ptr<Session> session_;
  std::map<std::size_t, std::vector<Loan>> unread_;  // by channel: what came on loan before anybody received
  std::map<std::size_t, Arriving> arriving_;         // by channel
  Limits limits_;
  Accountant accountant_;
  std::vector<Channel*> channels_;
  Token next_token_ = 0;
};

}  // namespace xover::conformance
