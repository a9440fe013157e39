// Two sessions of inproc on one thread, for tests that need every step to happen when they say so.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "core/transport.h"

namespace xover::inproc_test {

class Pair {
 public:
  static constexpr std::size_t op_bytes = 100;

  explicit Pair(const OptionText& sender_options, std::size_t depth = 8, std::size_t channels = 1) {
    sender = open(sender_options, depth, channels);
    receiver = open({}, depth, channels);
    const std::string address = receiver->listen().value();
    for (std::size_t i = 0; i < channels; ++i) {
      outs.push_back(sender->connect(address, monotonic_now_ns() + second).value());
      ins.push_back(receiver->accept(monotonic_now_ns() + second).value());
    }
    out = outs.front();
    in = ins.front();
  }

  // Ops of op_bytes with tokens that count up from 1, whether or not they were accepted.
  Submitted submit(std::size_t count) {
    std::vector<SendOp> ops;
    for (std::size_t i = 0; i < count; ++i) ops.push_back({++last_token, segments});
    const Submitted result = out->submit(ops);
    last_token -= count - result.accepted;
    return result;
  }

  // Keeps one buffer of 64 bytes offered on each channel and reaps both sides until nothing moves any more.
  void run() {
    while (reap_receiver() + reap_sender() != 0) continue;
  }

  std::size_t reap_sender() {
    const std::size_t count = sender->reap(completions);
    for (std::size_t i = 0; i < count; ++i) {
      const Completion& completion = completions[i];
      if (completion.moments.has(Moment::sent)) sent.push_back(completion.token);
      if (completion.moments.has(Moment::closed)) sender_close = completion.failure;
      if (!completion.moments.has(Moment::released)) continue;
      released.push_back(completion.token);
      released_bytes += completion.bytes;
      if (completion.failure) ++release_failures[completion.failure.code];
    }
    return count;
  }

  std::size_t reap_receiver() {
    for (std::size_t i = 0; i < ins.size(); ++i) {
      if (!lent[i] && ins[i]->offer(std::array{RxBuffer{i, buffers[i].data(), buffers[i].size()}}) == 1) lent[i] = true;
    }
    const std::size_t count = receiver->reap(completions);
    for (std::size_t i = 0; i < count; ++i) {
      const Completion& completion = completions[i];
      if (completion.moments.has(Moment::closed)) receiver_close = completion.failure;
      if (!completion.moments.has(Moment::received)) continue;
      lent[completion.channel] = false;
      received_bytes += completion.bytes;
    }
    return count;
  }

  std::unique_ptr<Session> sender, receiver;
  std::vector<Channel*> outs, ins;
  Channel* out = nullptr;
  Channel* in = nullptr;

  std::vector<Token> sent, released;
  std::uint64_t released_bytes = 0, received_bytes = 0;
  std::map<ErrorCode, std::size_t> release_failures;
  Failure sender_close, receiver_close;

 private:
  static constexpr MonotonicNs second = 1'000'000'000;

  static std::unique_ptr<Session> open(const OptionText& text, std::size_t depth, std::size_t channels) {
    const Descriptor& row = *find_transport("inproc");
    auto options = Options::resolve(row.id, row.options, text);
    return row.open({.link = {.name = "local"}, .options = options.value(), .max_channels = channels, .depth = depth})
        .value();
  }

  std::array<std::byte, op_bytes> memory{};
  std::vector<Segment> segments{{memory.data(), memory.size()}};
  std::array<std::array<std::byte, 64>, 4> buffers{};
  std::array<bool, 4> lent{};
  std::array<Completion, 4> completions;
  Token last_token = 0;
};

}  // namespace xover::inproc_test
