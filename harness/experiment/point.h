// One point of an experiment: a value for every axis but the transport. The axis table (axes.h) is the only place that
// knows how a person writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/link.h"
#include "core/transport.h"

namespace xover {

enum class Workload : std::uint8_t { stream, pingpong, paced, file, fanout };

// Messages go one way, as fast as they can: nobody waits for an answer or for a moment.
constexpr bool is_bulk(Workload workload) { return workload == Workload::stream || workload == Workload::fanout; }

enum class Wait : std::uint8_t { block, spin };
// What the receiver does with each byte: nothing, read it, or compare it with what was sent.
enum class Touch : std::uint8_t { none, read, verify };
// file: all files have `size` bytes, or sizes round it as on web servers; the files' pages are cached, or dropped
// before each answer.
enum class Mix : std::uint8_t { fixed, web };
enum class PageCache : std::uint8_t { warm, cold };
enum class Memory : std::uint8_t { arena, foreign };
// Between two hosts, which way the messages go: from here to the host of --peer, or back.
enum class Direction : std::uint8_t { to_peer, from_peer };
// At which of the receiver's queues connections arrive: at whichever the kernel's choice of ports leads to, at all in
// turn, or all at one.
enum class RxQueues : std::uint8_t { any, spread, one };
enum class Placement : std::uint8_t {
  automatic,
  same_core,
  smt_sibling,
  same_l3,
  same_package,
  cross_package,
  near_nic,  // these need a link through a network interface
  rx_cpu,
  rx_sibling,
  rx_same_l3,
};
inline constexpr Placement last_placement = Placement::rx_same_l3;

struct Point {
  Workload workload = Workload::stream;
  std::uint64_t size_bytes = 65536;
  std::uint32_t fields = 1;       // segments that make up a message
  std::uint32_t connections = 1;  // each with its own thread and session on both sides; fanout: one sender for all
  std::uint32_t depth = 1;        // ops, file: requests, in flight on each connection
  Wait wait = Wait::block;
  Touch touch = Touch::read;
  std::uint64_t pool_bytes = 4 << 20;  // memory that each sender cycles through; file: of all files together
  std::uint64_t alignment_bytes = 0;   // fields start at multiples of this, below a page at no more than this;
                                       // 0: natural, the field's size rounded up to a power of two, at most a page
  Memory memory = Memory::arena;
  PageKind pages = PageKind::system;  // that the memory is made of
  std::int64_t late_ns = 0;           // the receiver keeps each message waiting so long
  std::string congestion_control;     // empty: as the system has it
  Placement placement = Placement::automatic;
  std::uint64_t rate_per_second = 1000;  // paced: messages of each connection
  Mix mix = Mix::fixed;
  PageCache cache = PageCache::warm;
  std::string directory = "/var/tmp";  // file: where the files are made; on disk even where /tmp is memory
  Direction direction = Direction::to_peer;
  RxQueues rx_queues = RxQueues::any;
  Link link;  // of variants that name none

  bool operator==(const Point&) const = default;
};

}  // namespace xover
