// Two protocol machines joined by pipes in order, with real memory behind their actions: what a fabric does, without
// one. A test chooses what travels when, and the rig watches what must hold always: every message finds a posted
// receive, memory is touched while it is registered only, every token ends once, the stream arrives as it was sent.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "transports/sdp/machine.h"

namespace xover::sdp {

// The byte at this position of the stream that an end sends.
std::byte stream_byte(std::uint64_t position);

class RigEnd {
 public:
  explicit RigEnd(const Settings& settings);

  // An op of so many bytes of the stream, in segments of at most `segment_bytes`; returns its token.
  Token send(std::size_t size_bytes, std::size_t segment_bytes = SIZE_MAX);
  bool try_send(std::size_t size_bytes);
  Token offer(std::size_t size_bytes);
  void pump();  // until it has no more to say
  void tick(MonotonicNs now) { machine.tick(now), pump(); }
  bool deliver_one();  // the oldest thing that the peer has put on the way
  void deliver_all();
  void deliver_bytes(const std::vector<std::byte>& bytes);  // as if the peer had sent them
  bool finish_read();                                       // does the oldest read that is posted
  void answer_registrations();                              // those that were put off

  std::uint64_t sent(Kind kind) const { return machine.statistics().sent[index_of(kind)]; }
  std::uint64_t fall_backs(CopyReason reason) const {
    return machine.statistics().fall_backs[static_cast<std::size_t>(reason)];
  }
  const CompleteSend* released(Token token) const;  // null: not yet

  RigEnd* peer = nullptr;
  Machine machine;

  // What the test wants of it.
  bool hold_reads = false;          // reads are done by finish_read() alone
  bool hold_registrations = false;  // they are answered by answer_registrations() alone
  bool hold_sends = false;          // the ends of sends and writes are not told
  int refuse_registration = 0;      // the n-th from now on; -1: all

  // What happened.
  std::vector<std::byte> arrived;         // the stream
  std::vector<CompleteReceive> receives;  // in order
  std::map<Token, CompleteSend> releases;
  std::vector<Message> said;  // in order
  std::vector<Token> sent_moments;
  std::optional<Failure> closed;
  bool aborted = false;
  std::size_t ends_told = 0;  // of sends, with hold_sends off
  std::size_t on_the_way() const { return wire_.size(); }
  std::size_t registrations() const { return places_.size(); }
  std::size_t reads_posted() const { return reads_.size(); }
  std::size_t registered_ever = 0;
  std::uint64_t stream_end = 0;  // of what was given to send()

 private:
  struct WireWrite {
    PostWrite write;
    std::vector<std::byte> bytes;
  };
  using OnTheWay = std::variant<std::vector<std::byte>, WireWrite>;
  struct Place {
    std::byte* data = nullptr;
    std::size_t size_bytes = 0;
    Access access = Access::local;
    std::uint32_t remote_key = 0;
  };

  void execute(const Action& action);
  void append_payload(const Gather& payload);
  void execute_one(const Carry& carry) { append_payload(carry.payload); }
  void execute_one(const PostMessage& post);
  void execute_one(const PostRead& read);
  void execute_one(const PostWrite& write);
  void execute_one(const Register& request);
  void execute_one(const Release& release);
  void execute_one(const Copy& copy);
  void execute_one(const PostReceive& post);
  void execute_one(const CompleteSend& complete);
  void execute_one(const CompleteReceive& complete);
  void execute_one(const Closed& close);
  void execute_one(const Abort& abort);
  void answer(const Register& request);
  const Place* place_of_key(std::uint32_t key) const;
  void receive(const std::vector<std::byte>& message);

  Settings settings_;
  std::vector<std::byte> payload_;  // of the message that is posted next
  std::deque<OnTheWay> wire_;       // from here to the peer
  std::vector<std::vector<std::byte>> slots_;
  std::deque<std::uint16_t> posted_;
  std::vector<std::byte> read_stage_;
  std::deque<PostRead> reads_;
  std::map<Ticket, Place> places_;
  std::deque<Register> unanswered_;
  std::uint32_t next_key_ = 1;
  Token next_token_ = 1;
  std::deque<std::vector<std::byte>> memory_;  // of ops and receives, for as long as the rig lives
  std::deque<std::vector<Segment>> segments_;
  std::map<Token, std::byte*> offered_;
};

struct Rig {
  explicit Rig(const Settings& settings) : Rig(settings, settings) {}
  Rig(const Settings& a_settings, const Settings& b_settings);
  // Everything that can happen without the test, until nothing happens any more. False: it goes on for ever.
  bool settle(int most_rounds = 2000);
  void expect_stream(RigEnd& from, RigEnd& to);  // all that was sent has arrived
  void expect_quiet();

  RigEnd a, b;
};

// Small sizes: copies of 100 bytes, adverts from 200 bytes on, chunks of 1000.
Settings rig_settings(Way way);

}  // namespace xover::sdp
