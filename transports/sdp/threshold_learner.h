// Finds out, while a connection is used, from which size on zero-copy pays on it: for messages of each power of two it
// keeps what a byte costs on either path, and changes its mind when the other path is clearly cheaper.
//
// The other path is tried in runs, because a single copied message is cheap as long as the peer's buffers are empty,
// and is paid for by those behind it: of 1024 messages of a size class 16 go the other way, and of those the first
// quarter teaches nothing. Costs are taken together in blocks, since messages that wait behind each other may end
// together. A class that has not been seen on both paths follows its neighbours: zero-copy that pays pays for anything
// larger, a copy that pays for anything smaller.
//
// Pure: no clock, no chance. What the same messages cost the same is learned the same.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace xover {

enum class SdpPath : std::uint8_t { copy, zero_copy };

class ThresholdLearner {
 public:
  static constexpr unsigned run_messages = 16, run_period = 1024;
  static constexpr unsigned first_period = 128;  // until there is something to judge by
  static constexpr unsigned run_warm_up = run_messages / 4;
  static constexpr unsigned block_messages = run_messages - run_warm_up;
  static constexpr unsigned blocks_to_judge = 2;  // of each path, before one is preferred for what it cost
  static constexpr double hysteresis = 0.9;       // the other path must cost less than this share
  static constexpr double weight = 1.0 / 4;       // of a new block in the mean
  static constexpr std::size_t classes = 48;      // by the power of two, so the last has any size beyond

  struct Choice {
    SdpPath path = SdpPath::copy;
    bool teaches = false;  // what it costs is to be told by learn()
  };

  struct Counts {
    std::uint64_t explored = 0;  // messages that went the path not preferred
    std::uint64_t switches = 0;  // of a class to its other path
    std::uint64_t copied = 0, zero_copied = 0;
  };

  // fixed: `start_bytes` is the threshold for good, and nothing is tried.
  ThresholdLearner(std::size_t start_bytes, bool fixed);

  // For a message of at least one byte that is about to be sent.
  Choice choose(std::size_t message_bytes) noexcept;
  // The time that such a message took of the connection: from when it was the next until it was done.
  void learn(SdpPath path, std::size_t message_bytes, std::int64_t cost_ns) noexcept;

  // The smallest power of two from which on all messages are sent without a copy; SIZE_MAX: there is none.
  std::size_t threshold_bytes() const noexcept;
  const Counts& counts() const noexcept { return counts_; }

 private:
  struct Cost {
    double ns_per_byte = 0;  // mean of blocks
    std::uint32_t blocks = 0;
    std::uint32_t in_block = 0;  // messages of the one that is not whole
    std::int64_t block_ns = 0;
    std::uint64_t block_bytes = 0;
  };
  struct SizeClass {
    std::array<Cost, 2> costs;  // by path
    SdpPath preferred = SdpPath::copy;
    std::uint32_t chosen = 0;  // since the last run
    std::uint32_t runs = 0;
    std::uint32_t left_of_run = 0;
    bool known = false;  // was judged before

    bool judged() const noexcept { return costs[0].blocks >= blocks_to_judge && costs[1].blocks >= blocks_to_judge; }
  };

  static std::size_t class_of(std::size_t message_bytes) noexcept {
    const auto power = static_cast<std::size_t>(std::bit_width(message_bytes)) - 1;
    return power < classes ? power : classes - 1;
  }
  void reconsider(std::size_t index) noexcept;
  void tell_neighbours(std::size_t index) noexcept;

  const std::size_t start_bytes_;
  const bool fixed_;
  std::array<SizeClass, classes> sizes_;
  Counts counts_;
};

}  // namespace xover
