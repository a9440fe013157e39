// Two SDP machines on a simulated world, and the applications of a scenario, as a model to be searched.
//
// Local steps come first: after each step an end's machine is pumped until it wants nothing, and what it asks for is
// done at once. Nothing is lost by that. What a machine asks for changes its own memory, its own registrations and its
// own queues; the other end sees of it what arrives, and when that is, is a step. Registration and results can be given
// steps of their own (Scenario::registers_later, polls_later).
//
// Orders that need not be looked at (Orders::reduced): the two ends are sequential programs that share two queues of
// messages, the reads and writes between them, and nothing else; the budgets of what may happen belong to one end each.
// A step of one end and a step of the other commute, unless one of them
//   makes the other possible: an arrival, where nothing had been under way; the result of a write that has arrived; a
//     read that waits for an earlier message to arrive;
//   or uses memory that the other gives back.
// The first is looked at state by state (goes_alone() in sdp_steps.cpp): where all steps of an end are independent of
// whatever the peer may do before the first of them, these alone are looked at (a persistent set). What is left out is
// possible later, because from every state that is found an end can be reached, which is checked. The second is checked
// without relying on an order: memory is given back only behind a message from which this end knows that the peer's
// reads of it have ended, and when no request of its own uses it (Execution::check_unused). Each order that is left out
// is thus one that is looked at with independent steps exchanged: each end goes through the same states in both. A
// check compares both ends where nothing is under way (NonDiscards); it is made where the search comes by, and in all
// ends of it, which are the same. explore_test.cpp holds both searches against each other.
//
// Checked at each step, beside what asserts:
//   The stream: a receive is completed with the bytes that follow those before it. Of a cancelled op, a beginning.
//   Memory is read and written only while the application has lent it, and by the other end while it is registered: the
//     world refuses it else, which ends the connection; every end of the connection is a violation.
//   Memory is not given back while the peer's read or write of it is under way, or may be in another order of things.
//   A ticket is registered once, answered once, released once, and what it stood for is lent all the while.
//   Each source advert has ended as one of the ways in which adverts end, exactly once; likewise each sink advert.
//   No Data message with payload leaves while a source advert is outstanding.
//   Four credits for data and adverts; the last one only for a message that gives the peer new ones. No message tells
//   of
//     buffers that are not posted, and none ever finds the peer without a receive.
//   Tokens come back exactly once, with all bytes unless cancelled.
//   When nothing is under way, both ends have counted the same NonDiscards.
// And where nothing can happen any more: everything has arrived, every token is back, nothing is registered, both ends
// have seen the other's end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/explore/scenario.h"
#include "tests/explore/search.h"
#include "transports/rdma/simulated/world.h"
#include "transports/sdp/machine.h"

namespace xover::explore {

enum class StepKind : std::uint8_t {
  submit,
  offer,
  shutdown,
  cancel,
  change_mode,  // by the application
  register_memory,
  refuse_memory,  // which: the place in the queue of what was asked for
  poll,
  time,
  world,  // which: Choice::Kind, end: the queue pair
};

struct Op {
  enum class Fate : std::uint8_t { to_come, lent, released } fate = Fate::to_come;
  bool cancelled = false;
  std::uint32_t went = 0;  // released: bytes
};

struct Offered {
  bool lent = false;
  std::vector<std::byte> bytes;  // while it is lent
};

struct Registration {
  enum class Fate : std::uint8_t { none, asked, held } fate = Fate::none;
  sdp::Register what;
  std::uint32_t key = 0;
  std::uint32_t last_read = 0;  // the number of the peer's last read of it
};

struct EndState {
  explicit EndState(const sdp::Settings& settings) : machine(settings) {}

  sdp::Machine machine;
  MonotonicNs now = 1;
  bool shut_down = false, closed = false;
  std::vector<Op> ops;
  std::vector<Offered> offered;
  std::size_t next_offer = 0;
  std::vector<Registration> registrations;  // by ticket
  std::vector<sdp::Ticket> asked;           // in order, not answered
  std::vector<std::vector<std::byte>> slots;
  std::vector<bool> slot_held;  // by the machine: received, and not posted again
  std::vector<std::byte> read_stage;
  std::uint32_t slots_key = 0, read_stage_key = 0;

  // As receiver: the peer's op and offset of the next byte, and how much of each op came.
  std::size_t next_op = 0;
  std::vector<std::uint32_t> came;

  // What was said on the line, seen from outside.
  std::uint32_t sent = 0, received = 0;                // sequence numbers of the last messages
  std::uint32_t limit = 0;                             // that the peer granted
  std::uint32_t told_limit = 0;                        // that the peer was granted
  std::uint32_t source_adverts = 0, sink_adverts = 0;  // sent so far

  // Reads, counted as they end at who reads, and how many of the peer's this end knows by messages sent behind them.
  std::uint32_t reads_ended = 0, known_reads = 0;
  std::vector<std::uint32_t> news_of_reads;  // of messages that arrived and are not polled

  std::uint8_t cancels = 0, mode_changes = 0, hurries = 0, refusals = 0;  // left
};

struct ModelState {
  World world;
  std::array<EndState, 2> ends;
};

enum class Orders : std::uint8_t { all, reduced };

class SdpModel {
 public:
  using State = ModelState;

  explicit SdpModel(Scenario scenario, Orders orders = Orders::all);

  State initial() const;
  void append_steps(const State& state, std::vector<Step>& steps) const;
  std::string take(State& state, Step step) const { return take(state, step, nullptr); }
  std::string end_problem(const State& state) const;
  void serialise(const State& state, std::vector<std::byte>& out) const;

  // The steps and what they made the ends do, a line each.
  std::string describe(const std::vector<Step>& trace) const;
  const Scenario& scenario() const { return scenario_; }

 private:
  friend class Execution;
  std::string take(State& state, Step step, std::vector<std::string>* story) const;
  bool append_prompt_step(const State& state, std::vector<Step>& steps) const;
  void append_steps_of(const State& state, std::size_t end, std::vector<Step>& steps) const;
  void append_optional_steps_of(const State& state, std::size_t end, bool stuck, std::vector<Step>& steps) const;

  Scenario scenario_;
  Orders orders_;
  std::array<std::vector<std::vector<Segment>>, 2>
      segments_;  // of each op; lent to the machines, the same in all states
};

}  // namespace xover::explore
