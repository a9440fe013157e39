// Holds one side of a connection to the law of completions: every accepted token gets exactly one `released`, every
// offered buffer exactly one `received`, every channel at most one `closed`; and the ledger agrees with their sums. It
// collects what is wrong instead of failing a test, so that tests can check that it notices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/transport.h"

namespace xover::conformance {

class Accountant {
 public:
  Accountant(std::string side, const Limits& limits) : side_(std::move(side)), limits_(limits) {}

  // What the test did.
  void accepted(std::uint32_t channel, Token token, std::uint64_t bytes);
  void fanned_out(const std::vector<std::uint32_t>& channels, Token token, std::uint64_t bytes);
  void offered(std::uint32_t channel, Token token, std::size_t size_bytes);

  // What the transport answered.
  void completed(const Completion& completion);

  bool all_released() const { return ops_.empty(); }
  bool all_returned() const { return buffers_.empty(); }
  std::size_t offered_count() const { return buffers_.size(); }  // lent now
  std::size_t in_flight() const { return ops_.size(); }
  bool closed(std::uint32_t channel) const;
  Failure close_failure(std::uint32_t channel) const;  // code none: in order, or not closed
  std::uint64_t released_bytes(std::uint32_t channel) const;
  std::size_t released_count() const { return released_count_; }
  std::size_t failed_releases(ErrorCode code) const;

  // To be called when everything should have come back.
  void expect_nothing_lent();
  // The ledger's law, and its sums against the completions. Only once everything has been reaped.
  void check_ledger(const Channel& channel);

  void complain(std::string text);
  void forgive() { problems_.clear(); }  // for tests that have provoked them
  const std::vector<std::string>& problems() const { return problems_; }
  std::string summary() const;  // what is still lent, for messages about time running out

 private:
  struct Op {
    std::uint64_t bytes = 0;
    bool sent = false;
    std::vector<std::uint32_t> channels;  // more than one: fanned out; the first reports
  };
  struct Buffer {
    std::uint32_t channel = 0;
    std::size_t size_bytes = 0;
  };
  struct Account {
    std::size_t in_flight = 0;
    std::uint64_t released_bytes = 0, received_bytes = 0, zero_copied_bytes = 0;
    bool closed = false;
    Failure close_failure;
  };

  void take_sent(const Completion& completion);
  void take_released(const Completion& completion);
  void take_received(const Completion& completion);
  void take_closed(const Completion& completion);

  std::string side_;
  Limits limits_;
  std::map<Token, Op> ops_;
  std::map<Token, Buffer> buffers_;
  std::map<std::uint32_t, Account> accounts_;
  std::map<ErrorCode, std::size_t> failed_;
  std::size_t released_count_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace xover::conformance
